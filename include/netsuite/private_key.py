"""The private key of OAuth 2.0 sign-in: repaired after its way through a form, checked, and its algorithm chosen."""

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from include.netsuite.errors import WrongConnection

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

log = logging.getLogger(__name__)

Algorithm = Literal["PS256", "ES256", "ES384", "ES512"]
_BLOCK = re.compile(r"-----BEGIN (?P<label>[A-Z ]*PRIVATE KEY)-----(?P<body>.*?)-----END (?P=label)-----", re.DOTALL)
_ALGORITHM_OF_CURVE: dict[str, Algorithm] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_SMALLEST_RSA_BITS = 2048
_ADVISED_RSA_BITS = 3072
_WHAT_IS_ALLOWED = "Enter an unencrypted private key as PEM: RSA of 3072 or 4096 bits, or EC P-256, P-384 or P-521."


@dataclass(frozen=True)
class PrivateKey:
    """A key that NetSuite can take: well-formed PEM, and the JWT algorithm that goes with its kind."""

    pem: str
    key: "RSAPrivateKey | EllipticCurvePrivateKey"
    algorithm: Algorithm

    def __repr__(self) -> str:
        """Show the algorithm and never the key."""
        return f"PrivateKey({self.algorithm})"


def load_private_key(text: str) -> PrivateKey:
    """Read a PEM as people paste it: with literal backslash-n, without line breaks, or beside other PEM blocks.

    RSA becomes PS256, EC P-256, P-384 and P-521 become ES256, ES384 and ES512: NetSuite takes no RS256
    (ORA:section_162790605110). Raises WrongConnection, which never shows the key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = _repaired(text)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # `from None`: the library's own message could quote the key.
        raise _refused("cannot be read as a private key: it is damaged, cut off, or of an unknown kind") from None
    return _checked(pem, key)


def _repaired(text: str) -> str:
    block = _BLOCK.search(text.replace("\\r", "").replace("\\n", "\n"))
    if block is None:
        raise _refused(_why_no_key(text))
    label, body = block["label"], "".join(block["body"].split())
    if "ENCRYPTED" in label or "ENCRYPTED" in body:
        raise _refused("is encrypted with a passphrase (remove it: openssl pkey -in key.pem -out plain.pem)")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _why_no_key(text: str) -> str:
    if "BEGIN CERTIFICATE" in text or "PUBLIC KEY" in text:
        return "holds the certificate or public key; the private key that belongs to it is needed"
    if "PRIVATE KEY" in text:
        return "holds a private key that is cut off: its BEGIN and END lines do not match"
    return "holds no PEM private key (its first line is missing)"


def _checked(pem: str, key: object) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, EllipticCurvePrivateKey):
        if key.curve.name not in _ALGORITHM_OF_CURVE:
            raise _refused(f"is an EC key on curve {key.curve.name}, which NetSuite does not take")
        return PrivateKey(pem, key, _ALGORITHM_OF_CURVE[key.curve.name])
    if isinstance(key, RSAPrivateKey):
        if key.key_size < _SMALLEST_RSA_BITS:
            raise _refused(f"is an RSA key of only {key.key_size} bits")
        if key.key_size < _ADVISED_RSA_BITS:
            # Oracle's documentation refuses 2048 bits, a vendor's guide uses them: let NetSuite decide.
            log.warning("The private key has %s bits; NetSuite documents 3072 or 4096 for RSA", key.key_size)
        return PrivateKey(pem, key, "PS256")
    raise _refused(f"is of a kind that NetSuite does not take ({type(key).__name__})")


def _refused(why: str) -> WrongConnection:
    return WrongConnection(f"Connection field 'password' {why}. {_WHAT_IS_ALLOWED}")
