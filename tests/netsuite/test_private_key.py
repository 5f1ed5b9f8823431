"""A private key is repaired after its way through a form, checked, and gives the JWT algorithm."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from include.netsuite.errors import WrongConnection
from include.netsuite.private_key import load_private_key
from tests.netsuite.conftest import pem_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: pem,
        lambda pem: pem.replace("\n", "\\n"),
        lambda pem: pem.replace("\n", "\\r\\n"),
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", ""),
        lambda pem: pem.replace("\n", " "),
        lambda pem: f'  "{pem}"  ',
        lambda pem: f"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{pem}",
    ],
)
def test_a_key_is_read_as_people_paste_it(ec_pem: str, damage: Callable[[str], str]) -> None:
    assert load_private_key(damage(ec_pem)).pem == ec_pem


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(ec.SECP256R1(), "ES256"), (ec.SECP384R1(), "ES384"), (ec.SECP521R1(), "ES512")]
)
def test_the_algorithm_follows_the_curve(curve: ec.EllipticCurve, algorithm: str) -> None:
    assert load_private_key(pem_of(ec.generate_private_key(curve))).algorithm == algorithm


def test_an_ec_key_in_its_traditional_form_is_read() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    assert load_private_key(pem).algorithm == "ES256"


def test_an_rsa_key_signs_by_ps256_and_a_small_one_is_only_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert load_private_key(pem_of(rsa.generate_private_key(65537, 2048))).algorithm == "PS256"
    assert "3072" in caplog.text


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda key: "", "no PEM private key"),
        (lambda key: "hunter2hunter2", "no PEM private key"),
        (lambda key: key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), "public"),
        (lambda key: pem_of(key)[:60], "cut off"),
        (lambda key: pem_of(key).replace("M", "", 1), "damaged"),
        (
            lambda key: key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")
            ).decode(),
            "encrypted",
        ),
        (lambda key: pem_of(ec.generate_private_key(ec.SECP256K1())), "secp256k1"),
        (lambda key: pem_of(ed25519.Ed25519PrivateKey.generate()), "does not take"),
        (lambda key: pem_of(rsa.generate_private_key(65537, 1024)), "1024 bits"),
    ],
)
def test_what_netsuite_cannot_take_is_refused_without_showing_it(
    make: Callable[[ec.EllipticCurvePrivateKey], str], reason: str
) -> None:
    text = make(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(WrongConnection, match=reason) as refused:
        load_private_key(text)
    assert "hunter2" not in refused.value.message
    assert not any(line in refused.value.message for line in text.splitlines()[1:-1] if line)
