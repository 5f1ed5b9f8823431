"""Two forms of an e-mail address: the one that is mailed, and the key by which people are matched (D5).

What is valid, and what is not:

- Around the address, white space and invisible characters (``TRIMMED``) are dropped; inside, none is allowed. A line
  break or another control character inside is therefore never valid, so no address can smuggle in a mail header.
- Not valid: a display name (``Ann <ann@corp.test>``), several addresses in one field, two ``@``, a quoted local part,
  an IP address for a domain, a domain without a dot or with one at its end, more than 64 characters before the ``@``
  or 254 bytes in all. We never guess which part of such a text was meant.
- Valid: international addresses (SMTPUTF8, IDN), and domains reserved for tests and intranets (``.test``, ``.local``).
"""

from __future__ import annotations

import re
from unicodedata import normalize

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

# Unicode's white space, and what is invisible: zero-width and directional characters, byte order mark.
TRIMMED = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
LONGEST = 254

# email-validator refuses these domains whatever it is told, short of changing its global list for every other user of
# the library in the process; so it is shown a stand-in of the same length for the domain's last label.
_SPECIAL_USE = re.compile(rf"(?<=\.)({'|'.join(SPECIAL_USE_DOMAIN_NAMES)})\Z", re.IGNORECASE | re.ASCII)


def delivery_address(email: str | None) -> str | None:
    """The address that is mailed: trimmed, otherwise exactly as given; None when it is missing or not valid."""
    address = _trimmed(email)
    return None if _key_of(address) is None else address


def email_key(email: str | None) -> str | None:
    """The match key: trimmed, case-folded, NFC, domain in punycode; None exactly when delivery_address is None.

    The key of a key is itself. The domain is never folded by more than IDNA allows: ``straße.de`` and ``strasse.de``
    are two domains, with two keys.
    """
    return _key_of(_trimmed(email))


def _trimmed(email: str | None) -> str:
    return (email or "").strip(TRIMMED)


def _key_of(address: str) -> str | None:
    key = _folded(address)
    # Outside ASCII, folding can lengthen an address beyond what is valid.
    return key if key is None or address.isascii() or _folded(key) == key else None


def _folded(address: str) -> str | None:
    if len(address) > LONGEST:
        return None
    special_use = _SPECIAL_USE.search(address)
    shown = address[: special_use.start()] + "x" * len(special_use[0]) if special_use else address
    try:
        domain = validate_email(shown, check_deliverability=False, strict=True).ascii_domain
    except EmailNotValidError:
        return None
    if special_use:
        domain = domain[: -len(special_use[0])] + special_use[0].lower()
    return f"{_case_folded(address.rpartition('@')[0])}@{domain}"


def _case_folded(text: str) -> str:
    """Canonical caseless form (Unicode 3.13, D145), in NFC."""
    return normalize("NFC", normalize("NFD", text).casefold())
