"""Five refused sign-ins lock a NetSuite user for half an hour: no run, retry or schedule ever brings them about."""

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.end_to_end.steps import Steps

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"


@pytest.fixture
def netsuite(sandbox):
    sandbox.control("DELETE", "/requests")
    sandbox.control("DELETE", "/tokens")
    return sandbox


def wrong(netsuite, auth="tba", number=0):
    """The account's connection with a secret that is wrong; each number gives another one."""
    fields = netsuite.connection(auth)
    if auth == "tba":
        fields["extra"]["token_secret"] = f"{number:064}"
    else:
        fields["extra"]["certificate_id"] = f"wrong-{number}"
    return fields


def refusals(netsuite) -> int:
    """The sign-ins that NetSuite has refused, whichever way; none because the user was locked."""
    asked = netsuite.control("GET", "/requests")
    assert "temporary_locked" not in asked["login_audit_trail"]
    tokens = [
        answer["count"] for answer in asked["answers"] if answer["path"] == TOKEN_PATH and answer["status"] >= 400
    ]
    return len(asked["login_audit_trail"]) + sum(tokens)


def failing_fence(number: int, run_type: str) -> str:
    """The message of a run that fails at its fence, so that Airflow does not try it again."""
    with pytest.raises(AirflowFailException) as error:
        Steps(f"{run_type}__{number}", run_type=run_type).run("fence")
    return str(error.value)


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
def test_a_whole_run_with_wrong_credentials_is_refused_once(acme, netsuite, auth):
    acme.connect(wrong(netsuite, auth))
    result = acme.sync()
    assert result["state"] == "failed"
    assert list(result["failures"]) == ["fence"]
    assert refusals(netsuite) == 1


def test_scheduled_runs_stop_asking_and_a_person_can_try_again_until_just_before_the_lock(acme, netsuite):
    """However often the schedule comes round: three refusals, and one more that a person asked for."""
    acme.connect(wrong(netsuite))
    said = [failing_fence(number, "scheduled") for number in range(6)]
    assert refusals(netsuite) == 3
    assert all("NetSuite refused the sign-in" in message for message in said[:3])
    assert all("3 times in a row" in message and "by hand" in message for message in said[3:])
    by_hand = [failing_fence(number, "manual") for number in range(3)]
    assert refusals(netsuite) == 4
    assert "NetSuite refused the sign-in" in by_hand[0]
    assert all("4 times in a row" in message and "wait until" in message for message in by_hand[1:])
    acme.connect(netsuite.connection("tba"))
    Steps("scheduled__corrected", run_type="scheduled").run("fence")


def test_a_fence_that_is_cleared_over_and_over_counts_on(acme, netsuite):
    acme.connect(wrong(netsuite))
    for _ in range(6):
        failing_fence(1, "scheduled")
    assert refusals(netsuite) == 3


def test_other_credentials_and_a_sign_in_that_was_taken_begin_the_count_anew(acme, netsuite):
    acme.connect(wrong(netsuite))
    for number in range(2):
        failing_fence(number, "scheduled")
    acme.connect(wrong(netsuite, number=1))
    for number in range(2, 4):
        assert "NetSuite refused the sign-in" in failing_fence(number, "scheduled")
        netsuite.control("DELETE", "/tokens")
    acme.connect(netsuite.connection("tba"))
    Steps("scheduled__taken", run_type="scheduled").run("fence")
    acme.connect(wrong(netsuite))
    for number in range(4, 6):
        assert "NetSuite refused the sign-in" in failing_fence(number, "scheduled")


def test_credentials_that_are_withdrawn_while_a_run_reads_are_refused_less_than_five_times(acme, netsuite):
    """Each task of a run signs in by itself; what one met, the others know."""
    acme.connect(netsuite.connection("tba"))
    steps = Steps("scheduled__1", run_type="scheduled").run_until("invoices.extract")
    acme.connect(wrong(netsuite))
    for entity in ("invoices", "employees", "customers", "terms", "deletions"):
        with pytest.raises(AirflowFailException):
            steps.run(f"{entity}.extract")
    assert refusals(netsuite) == 3
    assert "3 times in a row" in failing_fence(2, "scheduled")
    assert refusals(netsuite) == 3


def test_the_ledger_holds_no_secret_of_what_was_refused(acme, netsuite):
    fields = wrong(netsuite)
    acme.connect(fields)
    failing_fence(1, "scheduled")
    (run,) = acme.rows("SELECT counts::text AS counts, error FROM ops.sync_runs")
    assert "refused_credentials" in run["counts"]
    for secret in (fields["password"], fields["extra"]["token_secret"], fields["extra"]["token_id"]):
        assert secret not in run["counts"] + run["error"]


@pytest.mark.parametrize("auth", ["oauth2", "tba"])
@pytest.mark.parametrize(("seconds", "words"), [(-900, "15 minutes ahead of"), (900, "15 minutes behind")])
def test_a_clock_that_is_off_is_named(acme, netsuite, auth, seconds, words):
    """NetSuite says only that the login is invalid; its answer's date says why."""
    acme.connect(netsuite.connection(auth))
    try:
        netsuite.control("POST", "/settings", {"clock_offset_seconds": seconds})
        message = failing_fence(1, "scheduled")
        assert refusals(netsuite) == 1
    finally:
        netsuite.control("POST", "/settings", {"clock_offset_seconds": 0})
    assert f"This machine's clock is {words} NetSuite's" in message
    assert "NTP" in message
    Steps("scheduled__right", run_type="scheduled").run("fence")


def test_a_clock_that_is_right_is_not_suspected(acme, netsuite):
    acme.connect(wrong(netsuite))
    assert "minutes" not in failing_fence(1, "scheduled").partition("after five refusals")[0].replace(
        "five minutes", ""
    )
