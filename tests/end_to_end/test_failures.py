"""Whatever is wrong with an account ends its run at once, with a message that says what to do, and nothing published
changes."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from tests.sandbox_process import SandboxProcess

ANOTHER_KEY = (
    ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
)


@pytest.fixture
def published_before(acme):
    """What an earlier run published."""
    with acme.warehouse.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO workflow.users (account, email, netsuite_employee_id) VALUES ('acme', 'ann@corp.test', 7);
                INSERT INTO publish.recipients
                    (account, invoice_id, owner_field, employee_id, user_id, email, status, run_id)
                SELECT account, 1, 'salesrep', 7, user_id, email, 'ok', 'earlier' FROM workflow.users;
                INSERT INTO publish.customer_credit (account, customer_id, customer_name, refreshed_at)
                VALUES ('acme', 1, 'Old & Sons', now());
                """
            )
        )
    return acme.published()


def failure(acme, published_before, *, task="fence", secrets=()):
    """The message of the one task that failed."""
    started = datetime.now(UTC)
    result = acme.sync()
    assert datetime.now(UTC) - started < timedelta(seconds=60)
    assert result["state"] == "failed"
    assert list(result["failures"]) == [task]
    message = result["failures"][task]
    assert acme.published() == published_before
    (run,) = acme.rows("SELECT state, error, counts::text AS counts FROM ops.sync_runs")
    assert run["state"] == "failed"
    assert message in run["error"]
    for secret in secrets:
        assert secret not in message + run["error"] + run["counts"]
    return message


def test_a_wrong_key(acme, sandbox, published_before):
    acme.connect(sandbox.connection() | {"password": ANOTHER_KEY})
    message = failure(acme, published_before, secrets=ANOTHER_KEY.splitlines()[1:3])
    assert "key" in message
    assert "certificate" in message


def test_a_password_that_is_no_key(acme, sandbox, published_before):
    acme.connect(sandbox.connection() | {"password": "pa$$word-of-mine"})
    message = failure(acme, published_before, secrets=["pa$$word-of-mine"])
    assert "'password'" in message
    assert "PEM" in message


def test_a_wrong_certificate_id(acme, sandbox, published_before):
    fields = sandbox.connection()
    fields["extra"]["certificate_id"] = "not-mine"
    acme.connect(fields)
    assert "certificate id" in failure(acme, published_before)


def test_a_wrong_token_secret(acme, sandbox, published_before):
    fields = sandbox.connection("tba")
    fields["extra"]["token_secret"] = "0" * 64
    acme.connect(fields)
    message = failure(acme, published_before, secrets=["0" * 64])
    assert "token" in message


@pytest.mark.parametrize("account", ["evil.example.com/", "12 34", ""])
def test_an_account_id_that_is_none(acme, sandbox, published_before, account):
    fields = sandbox.connection()
    fields["extra"]["account"] = account
    acme.connect(fields)
    message = failure(acme, published_before)
    assert "'account'" in message
    assert "1234567_SB1" in message


def test_an_unreachable_host(acme, sandbox, published_before):
    acme.connect(sandbox.connection() | {"host": "http://127.0.0.1:9"})
    message = failure(acme, published_before)
    assert "127.0.0.1:9" in message
    assert "base URL" in message


def test_a_host_that_never_answers(acme, sandbox, published_before):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fields = sandbox.connection() | {"host": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        fields["extra"]["timeout"] = 0.5
        acme.connect(fields)
        message = failure(acme, published_before)
    assert "did not answer within 0.5 s" in message
    assert "'timeout'" in message


def test_an_unknown_owner_field(acme, published_before):
    acme.write_account(owner_fields=["salesrep", "custbody_colector"])
    message = failure(acme, published_before)
    assert "'custbody_colector'" in message
    assert "acme.yml" in message


def test_a_missing_permission(acme, published_before):
    with SandboxProcess(invoices=50, hide=["customer"]) as restricted:
        acme.connect(restricted.connection())
        message = failure(acme, published_before)
    assert "'customer'" in message
    assert "permission Lists > Customers" in message


@pytest.mark.parametrize("record", ["entity", "deletedrecord"])
def test_a_missing_permission_for_looking_up_owners(acme, published_before, record):
    with SandboxProcess(invoices=50, hide=[record]) as restricted:
        acme.connect(restricted.connection())
        message = failure(acme, published_before)
    assert repr(record) in message
    assert "permission" in message


def test_a_connection_that_is_not_there(acme, published_before):
    acme.write_account(connection="netsuite_nowhere")
    message = failure(acme, published_before)
    assert "'netsuite_nowhere'" in message
    assert "acme.yml" in message


def test_a_wrong_account_file_shows_its_error_and_the_other_account_runs(acme):
    (acme.accounts / "broken.yml").write_text("connection: netsuite_broken\nowner_fields: [salesrep]\nowner: x\n")
    broken = acme.sync("broken")
    assert broken["state"] == "failed"
    assert "key 'owner' is not known" in broken["failures"]["account_file"]
    assert acme.sync("acme")["state"] == "success"


def test_a_batch_with_too_many_bad_rows_stops_and_nothing_of_it_is_loaded(acme, published_before):
    """P2: a bad batch stops there."""
    acme.write_account(validation={"max_bad_share": 0, "bad_rows_tolerated": 0})
    result = acme.sync()
    assert result["state"] == "failed"
    assert set(result["failures"]) == {"invoices.validate", "customers.validate"}
    assert "of 300 rows are bad" in result["failures"]["invoices.validate"]
    assert acme.value("SELECT count(*) FROM raw.invoices") == 0
    assert acme.value("SELECT count(*) FROM ops.watermarks WHERE entity = 'invoices'") == 0
    assert acme.published() == published_before
