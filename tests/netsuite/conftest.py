from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from include.netsuite.retries import RetryBudget


def pem_of(key: object) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="session")
def ec_pem() -> str:
    return pem_of(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def quick() -> RetryBudget:
    """A retry budget that a test can sit through."""
    return RetryBudget(attempts=4, seconds=5.0, first_wait=0.01, longest_wait=0.02)
