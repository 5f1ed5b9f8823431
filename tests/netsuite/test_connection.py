"""The fields of an Airflow connection become a checked NetSuiteConnection, or a message that names the field."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.netsuite.connection import NetSuiteConnection
from include.netsuite.errors import UnknownColumn, WrongConnection
from tests.netsuite.connections import oauth2, tba


def test_the_base_url_is_derived_from_the_account_id_when_host_is_empty(ec_pem: str) -> None:
    assert oauth2(ec_pem, account="1234567").base_url == "https://1234567.suitetalk.api.netsuite.com"
    assert tba(account="1234567_SB1").base_url == "https://1234567-sb1.suitetalk.api.netsuite.com"


@pytest.mark.parametrize("written", ["1234567_SB1", "1234567_sb1", "1234567-sb1", " 1234567_SB1 "])
def test_the_account_is_kept_as_the_realm_needs_it_however_it_was_written(written: str) -> None:
    assert tba(account=written).account == "1234567_SB1"


def test_an_account_id_that_came_as_a_number_is_taken() -> None:
    assert tba(account=1234567).account == "1234567"


@pytest.mark.parametrize(
    "account",
    [
        "evil.example.com/",
        "123/../456",
        "1234567@evil",
        "1234567_SB1_X",
        "12345 67",
        "1234567\n.evil",
        "١٢٣٤٥٦٧",
        "#",
        "12",
    ],
)
def test_an_account_id_that_could_lead_to_another_host_is_refused(account: str) -> None:
    with pytest.raises(WrongConnection, match="'account'"):
        tba(account=account)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_account_id_ever_leads_outside_netsuites_domain(account: str) -> None:
    try:
        base_url = tba(account=account).base_url
    except WrongConnection:
        return
    label, _, domain = base_url.removeprefix("https://").partition(".")
    assert domain == "suitetalk.api.netsuite.com"
    assert label.replace("-", "").isalnum()
    assert label.isascii()


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("netsuite.example.com", "https://netsuite.example.com"),
        ("https://netsuite.example.com/", "https://netsuite.example.com"),
        ("https://NetSuite.example.com:8443", "https://netsuite.example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://netsuite:8080", "http://netsuite:8080"),
        ("http://10.1.2.3", "http://10.1.2.3"),
        ("https://1234567-sb1.suitetalk.api.netsuite.com", "https://1234567-sb1.suitetalk.api.netsuite.com"),
    ],
)
def test_host_may_be_written_in_the_ways_people_write_it(host: str, base_url: str) -> None:
    assert tba(host).base_url == base_url


@pytest.mark.parametrize(
    "host",
    [
        "http://netsuite.example.com",
        "http://8.8.8.8",
        "ftp://netsuite.example.com",
        "https://",
        "https://user:secret@netsuite.example.com",
        "https://netsuite.example.com/services/rest",
        "https://netsuite.example.com?x=1",
        "https://netsuite.example.com:99999",
    ],
)
def test_a_host_that_cannot_be_used_is_refused_by_name(host: str) -> None:
    with pytest.raises(WrongConnection, match="'host'") as refused:
        tba(host)
    assert "secret" not in refused.value.message


def test_the_host_of_another_account_is_refused() -> None:
    with pytest.raises(WrongConnection, match="another account"):
        tba("https://7654321.suitetalk.api.netsuite.com")


@pytest.mark.parametrize("missing", ["token_id", "token_secret"])
def test_tba_names_the_field_that_is_missing(missing: str) -> None:
    with pytest.raises(WrongConnection, match=missing):
        tba(**{missing: ""})


def test_oauth2_names_the_field_that_is_missing_and_the_other_way_of_signing_in(ec_pem: str) -> None:
    with pytest.raises(WrongConnection, match=r"'certificate_id'.*set 'auth' to 'tba'"):
        oauth2(ec_pem, certificate_id=None)


def test_a_private_key_where_a_consumer_secret_belongs_is_a_contradiction(ec_pem: str) -> None:
    with pytest.raises(WrongConnection, match="'auth' is 'tba'"):
        NetSuiteConnection.from_airflow_fields(
            "", "key", ec_pem, {"account": "1234567", "auth": "tba", "token_id": "t", "token_secret": "s"}
        )


def test_an_unknown_way_of_signing_in_names_the_allowed_ones() -> None:
    with pytest.raises(WrongConnection, match=r"'oauth2' .* or 'tba'"):
        tba(auth="basic")


def test_numbers_may_come_as_text_and_empty_means_the_default() -> None:
    connection = tba(concurrency="7", timeout="")
    assert (connection.concurrency, connection.timeout) == (7, 120)


@pytest.mark.parametrize("field", [{"concurrency": "0"}, {"concurrency": "many"}, {"timeout": "-1"}])
def test_a_number_out_of_range_names_its_field(field: dict[str, str]) -> None:
    with pytest.raises(WrongConnection, match=next(iter(field))):
        tba(**field)


def test_no_secret_shows_in_the_connections_text(ec_pem: str) -> None:
    shown = repr(tba()) + str(tba()) + repr(oauth2(ec_pem))
    assert "consumer-secret" not in shown
    assert "token-secret" not in shown
    assert ec_pem.splitlines()[1] not in shown


def test_errors_survive_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UnknownColumn("no such column", column="salesrep", status=400)))
    assert (error.message, error.column, error.status) == ("no such column", "salesrep", 400)


def test_a_fingerprint_tells_credentials_apart_and_holds_none_of_them(ec_pem: str) -> None:
    """What is no part of signing in changes nothing."""
    fingerprint = tba(token_secret="s" * 64).fingerprint
    assert tba(token_secret="s" * 64, concurrency=9).fingerprint == fingerprint
    others = {tba(token_secret="t" * 64), tba(account="7654321", token_secret="s" * 64), oauth2(ec_pem)}
    assert len({fingerprint, *(other.fingerprint for other in others)}) == 4
    assert not any(part in fingerprint for part in ("sss", "ttt"))
