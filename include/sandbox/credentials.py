"""The keys of the sandbox's one integration, and the Airflow connections made from them."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import BaseModel, ConfigDict

from include.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from pathlib import Path

KeyType = Literal["ec", "rsa"]
_RSA_BITS = 3072  # the least that NetSuite takes (ORA:subsect_162755332391)


class Credentials(BaseModel):
    """What signs in: an OAuth 2.0 client with its certificate, and a TBA consumer with its token."""

    model_config = ConfigDict(frozen=True)

    account: str
    client_id: str
    certificate_id: str
    private_key: str
    consumer_key: str
    consumer_secret: str
    token_id: str
    token_secret: str

    def __repr__(self) -> str:
        return f"Credentials(account={self.account!r})"

    @property
    def public_key(self) -> Any:
        """The key that verifies a JWT assertion; in NetSuite it is the uploaded certificate's."""
        return serialization.load_pem_private_key(self.private_key.encode(), password=None).public_key()

    def connections(self, base_url: str, concurrency: int) -> dict[str, dict[str, Any]]:
        """Return two Airflow connections of type `netsuite`, one per way to sign in."""
        shared = {"account": self.account, "concurrency": concurrency, "timeout": 60}
        return {
            "oauth2": {
                "conn_type": "netsuite",
                "host": base_url,
                "login": self.client_id,
                "password": self.private_key,
                "extra": {**shared, "auth": "oauth2", "certificate_id": self.certificate_id},
            },
            "tba": {
                "conn_type": "netsuite",
                "host": base_url,
                "login": self.consumer_key,
                "password": self.consumer_secret,
                "extra": {**shared, "auth": "tba", "token_id": self.token_id, "token_secret": self.token_secret},
            },
        }


def generate(account: str, key_type: KeyType) -> Credentials:
    """Make new random credentials: EC P-256 for ES256, or RSA 3072 for PS256 (slower)."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if key_type == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return Credentials(
        account=account,
        client_id=secrets.token_hex(32),
        certificate_id=secrets.token_urlsafe(32),
        private_key=pem,
        consumer_key=secrets.token_hex(32),
        consumer_secret=secrets.token_hex(32),
        token_id=secrets.token_hex(32),
        token_secret=secrets.token_hex(32),
    )


def kept(path: Path, account: str, key_type: KeyType) -> Credentials:
    """Return the credentials kept in a file, or make and keep new ones. Raises SandboxError: another account's."""
    if not path.exists():
        made = generate(account, key_type)
        write_private(path, made.model_dump())
        return made
    found = Credentials.model_validate_json(path.read_text(encoding="utf-8"))
    if found.account != account:
        raise SandboxError(f"{path} holds the keys of account {found.account}, not {account}: use another --state-dir")
    return found


def write_private(path: Path, content: Any) -> None:
    """Write JSON that only this user can read, whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(content, indent=2), encoding="utf-8")
    unfinished.replace(path)
