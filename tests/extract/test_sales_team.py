"""With Team Selling, who owns an invoice is read from its sales team (D6)."""

import logging
from datetime import timedelta

import pytest

from include.extract.entities import CUSTOMERS, INVOICES
from include.extract.errors import NoSalesTeam, VanishedColumn
from include.extract.extract import columns_of, extract, extract_by_id
from include.extract.landing import LandingArea
from include.extract.plan import plan_entity
from include.extract.sales_teams import warn_of_team_selling
from include.extract.suiteql import SALES_TEAMS, WHENEVER, Window
from include.netsuite.errors import NetSuiteDown
from tests.extract.conftest import client_of
from tests.sandbox_process import SandboxProcess

INVOICES_THERE = 1200
WITH_TEAM = "owner_fields: [salesrep, custbody_collector]\nteam_selling: {choice: primary}"


@pytest.fixture(scope="module")
def sandbox():
    with SandboxProcess(invoices=INVOICES_THERE, team_selling=True) as process:
        process.first_settings = process.control("GET", "/settings")
        yield process


@pytest.fixture(autouse=True)
def first_settings(sandbox):
    yield
    sandbox.control("POST", "/settings", sandbox.first_settings)


@pytest.fixture
def account(account_of):
    return account_of(WITH_TEAM)


@pytest.fixture(params=[True, False], ids=["LISTAGG", "no LISTAGG"])
def either(request, sandbox):
    """A NetSuite that accepts the first spelling of the sales team, and one that refuses it."""
    sandbox.control("POST", "/settings", {"allow_listagg": request.param})
    return sandbox


@pytest.fixture
def landed(tmp_path):
    numbers = iter(range(100))
    return lambda: LandingArea(str(tmp_path)).folder("acme", f"run {next(numbers)}", INVOICES.name)


def rows_of(landed):
    return {row["id"]: row for part in landed.read() for row in part.to_pylist()}


def read(client, account, folder, since=None):
    window = Window(since, client.server_clock() + timedelta(minutes=1))
    extract(client, account, INVOICES, window, folder, on_page=lambda rows: None)
    return rows_of(folder)


def test_the_team_lands_as_one_text_column_and_the_sales_rep_is_not_asked_for(either, client, account, landed):
    either.control("POST", "/settings", {"hidden_columns": ["transaction.employee"]})
    rows = read(client, account, landed())
    assert len(rows) == INVOICES_THERE
    assert set(rows["101"]) == set(columns_of(account, INVOICES))
    assert "salesrep" not in rows["101"]
    assert rows["101"]["sales_team"] == "11:T:.6 17:F:.4"
    assert rows["101"]["custbody_collector"] == "17"


def test_no_primary_no_team_and_no_share_are_read_as_they_are(either, client, account, landed):
    rows = read(client, account, landed())
    assert rows["103"]["sales_team"] == "11:F:.5 17:F:.3 18:F:.2"
    assert rows["102"]["sales_team"] is None
    assert rows["108"]["sales_team"] == "11:F: 12:T:1"


def test_both_spellings_read_the_same(sandbox, client, account, landed):
    joined = read(client, account, landed())
    sandbox.control("POST", "/settings", {"allow_listagg": True})
    assert read(client, account, landed()) == joined
    sizes = {len(row["sales_team"].split()) if row["sales_team"] else 0 for row in joined.values()}
    assert sizes == {0, 1, 2, 3}
    primaries = {row["sales_team"].count(":T:") for row in joined.values() if row["sales_team"]}
    assert primaries == {0, 1, 2}


def test_the_first_spelling_is_asked_for_where_netsuite_accepts_it(either, client, account):
    (plan,) = plan_entity(client, account, INVOICES, WHENEVER)
    accepted = either.control("GET", "/settings")["allow_listagg"]
    assert ("LISTAGG" in plan.query.sql(WHENEVER)) == accepted
    assert ("LEFT JOIN" in plan.query.sql(WHENEVER)) != accepted
    assert SALES_TEAMS in plan.spellings


def test_it_costs_one_question_more_and_one_for_each_spelling_that_is_refused(either, account, account_of):
    asked = {}
    for name, text in (("without", "owner_fields: [custbody_collector]"), ("with", WITH_TEAM)):
        client = client_of(either)
        plan_entity(client, account_of(text), INVOICES, WHENEVER)
        asked[name] = client.stats.requests
    refused = 0 if either.control("GET", "/settings")["allow_listagg"] else 1
    assert asked["with"] - asked["without"] == 1 + refused


def test_no_other_entity_is_asked_for_a_team(client, account):
    (plan,) = plan_entity(client, account, CUSTOMERS, WHENEVER)
    assert SALES_TEAMS not in plan.spellings
    assert columns_of(account, CUSTOMERS) == tuple(column.name for column in CUSTOMERS.columns)


def test_a_changed_team_is_a_changed_invoice(either, client, account, landed):
    """Editing the team is saving the transaction: its modified instant moves."""
    before = client.server_clock()
    either.control("POST", "/rows/transactionsalesteam", {"sandbox_key": 10403, "transaction": 104, "employee": 26})
    try:
        assert read(client, account, landed(), since=before)["104"]["sales_team"] == "26:: 31:T:1"
    finally:
        either.control("DELETE", "/rows/transactionsalesteam/10403")


def test_records_are_read_by_id_with_their_teams(either, client, account, landed):
    folder = landed()
    extract_by_id(client, account, INVOICES, [101, 102, 113, 10**9], folder, on_page=lambda rows: None)
    teams = {id_: row["sales_team"] for id_, row in rows_of(folder).items()}
    assert teams == {"101": "11:T:.6 17:F:.4", "102": None, "113": "17:T:.5 18:T:.5"}


def test_a_team_too_large_for_the_second_spelling_is_not_cut_short_unseen(either, client, account, landed):
    """What lands then can't be read as a team, and validation says so (tests/validate)."""
    members = [
        {"sandbox_key": 10500 + n, "transaction": 105, "employee": 1000 + n, "isprimary": "F"} for n in range(11)
    ]
    either.control("POST", "/rows/transactionsalesteam", members)
    folder = landed()
    extract_by_id(client, account, INVOICES, [105], folder, on_page=lambda rows: None)
    for member in members:
        either.control("DELETE", f"/rows/transactionsalesteam/{member['sandbox_key']}")
    team = rows_of(folder)["105"]["sales_team"]
    if either.control("GET", "/settings")["allow_listagg"]:
        assert len(team.split()) == 11
    else:
        assert team.endswith("1009:F: and more")


MISSING = {
    "feature off": ({"team_selling": False}, "Invalid search type: transactionsalesteam"),
    "no permission": ({"hidden_tables": [SALES_TEAMS]}, "Record 'transactionsalesteam' was not found"),
    "other columns": ({"hidden_columns": [f"{SALES_TEAMS}.contribution"]}, "Unknown identifier 'contribution'"),
}


@pytest.fixture(params=MISSING)
def said(request, sandbox):
    """A NetSuite that does not show the sales teams, and what it says."""
    settings, said = MISSING[request.param]
    sandbox.control("POST", "/settings", {"allow_listagg": True, **settings})
    return said


def test_a_team_that_can_not_be_read_is_an_error_that_says_what_to_see_to(client, account, said):
    with pytest.raises(NoSalesTeam) as caught:
        plan_entity(client, account, INVOICES, WHENEVER)
    for part in (
        f"team_selling in {account.path}",
        "account acme",
        "Setup > Company > Enable Features > CRM > Team Selling",
        "'netsuite_acme'",
        "'transactionsalesteam'",
        "Transactions > Invoice",
        said,
    ):
        assert part in str(caught.value)


def test_a_team_that_could_be_read_at_the_last_load_is_not_emptied_in_silence(client, account, said):
    """B4, as for every other column that an account had."""
    with pytest.raises(VanishedColumn, match=r"no longer shows the sales teams.*Nothing was emptied") as caught:
        plan_entity(client, account, INVOICES, WHENEVER, had=[SALES_TEAMS])
    assert f"take team_selling out of {account.path}" in str(caught.value)
    assert said in str(caught.value)


def test_an_account_file_without_the_key_gives_the_team_up(client, account_of, said):
    (plan,) = plan_entity(client, account_of("owner_fields: [salesrep]"), INVOICES, WHENEVER, had=[SALES_TEAMS])
    assert SALES_TEAMS not in plan.spellings
    assert "salesrep" in plan.query.columns


def test_a_netsuite_that_is_down_is_not_taken_for_one_without_teams(sandbox, account, monkeypatch):
    """It may be up again when the task is tried again."""
    client, asked = client_of(sandbox), []
    probe = client.probe

    def down(sql, params):
        if SALES_TEAMS in sql:
            asked.append(sql)
            raise NetSuiteDown("HTTP 503")
        probe(sql, params)

    monkeypatch.setattr(client, "probe", down)
    with pytest.raises(NetSuiteDown):
        plan_entity(client, account, INVOICES, WHENEVER, had=[SALES_TEAMS])
    assert len(asked) == 2


class TestWarnings:
    def warnings(self, sandbox, account, caplog):
        """What is warned of, and how many requests that took."""
        client = client_of(sandbox)
        client.server_clock()  # signed in
        before = client.stats.requests
        with caplog.at_level(logging.WARNING, logger="include.extract"):
            warn_of_team_selling(client, account)
        return [record.getMessage() for record in caplog.records], client.stats.requests - before

    def test_sales_teams_that_nobody_reads_are_warned_of_with_the_key_to_write(self, sandbox, account_of, caplog):
        account = account_of("owner_fields: [salesrep, custbody_collector]")
        (warning,), requests = self.warnings(sandbox, account, caplog)
        for part in ("team_selling: {choice: primary}", str(account.path), "salesrep may be empty"):
            assert part in warning
        assert requests == 1

    @pytest.mark.parametrize(
        "settings",
        [{"team_selling": False}, {"hidden_tables": [SALES_TEAMS]}, {"empty_tables": [SALES_TEAMS]}],
        ids=["feature off", "not permitted", "none"],
    )
    def test_an_account_without_sales_teams_is_left_alone(self, sandbox, account_of, caplog, settings):
        sandbox.control("POST", "/settings", settings)
        account = account_of("owner_fields: [salesrep]")
        assert self.warnings(sandbox, account, caplog) == ([], 1)

    def test_nothing_is_asked_where_the_sales_rep_is_no_owner(self, sandbox, account_of, caplog):
        assert self.warnings(sandbox, account_of("owner_fields: [custbody_collector]"), caplog) == ([], 0)

    def test_an_account_whose_teams_are_read_hears_nothing(self, sandbox, account, caplog):
        assert self.warnings(sandbox, account, caplog) == ([], 1)

    def test_teams_of_which_the_role_sees_no_row_are_warned_of(self, sandbox, account, caplog):
        """NetSuite hides rows without an error (netsuite.md 2.6)."""
        sandbox.control("POST", "/settings", {"empty_tables": [SALES_TEAMS]})
        (warning,), requests = self.warnings(sandbox, account, caplog)
        assert "shows no member of any sales team" in warning
        assert requests == 1
