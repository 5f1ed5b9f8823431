"""The account file is checked key by key; its errors name file, key and what is allowed (O1)."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from include.accounts.files import WrongAccountFile, account_files, load_account, read_account_file
from include.accounts.model import TeamSelling
from include.accounts.pools import pools
from include.extract.entities import DELETIONS, ENTITIES

GOOD = "connection: netsuite\nowner_fields: [salesrep, custbody_collector]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path))
    return tmp_path


def write(folder: Path, text: str, name: str = "acme.yml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_smallest_file_names_connection_and_owner_fields(folder):
    account = read_account_file(write(folder, GOOD))
    assert account.name == "acme"
    assert account.owner_fields == ("salesrep", "custbody_collector")
    assert account.user_mode == "import"
    assert account.schedule is None


def test_the_demo_file_of_the_project_is_right(monkeypatch):
    monkeypatch.delenv("NETSUITE_ACCOUNTS_DIR", raising=False)
    assert load_account("demo").connection == "netsuite_demo"


def test_fields_of_an_entity_are_owner_fields_and_custom_fields_each_once(folder):
    account = read_account_file(
        write(
            folder,
            GOOD + "custom_fields:\n  invoices: [custbody_collector, custbody_po]\n  customers: [custentity_x]\n",
        )
    )
    assert account.fields_of("invoices") == ("salesrep", "custbody_collector", "custbody_po")
    assert account.fields_of("customers") == ("custentity_x",)
    assert account.fields_of("terms") == ()


def test_with_team_selling_the_sales_team_is_read_in_the_place_of_the_sales_rep(folder):
    """D6: who is meant by `salesrep` is for the account file to say."""
    text = GOOD + "team_selling: {choice: contribution, least_contribution: 0.25}\n"
    account = read_account_file(write(folder, text))
    assert account.team_selling == TeamSelling(choice="contribution", least_contribution=Decimal("0.25"))
    assert account.owner_fields == ("salesrep", "custbody_collector")
    assert account.header_owner_fields == account.fields_of("invoices") == ("custbody_collector",)
    assert account.sales_team_of("invoices") == ("sales_team",)
    assert account.sales_team_of("customers") == ()


def test_without_the_key_there_is_no_sales_team(folder):
    account = read_account_file(write(folder, GOOD))
    assert account.team_selling is None
    assert account.header_owner_fields == account.owner_fields
    assert account.sales_team_of("invoices") == ()


def test_overlap_and_margin_are_those_of_the_project_where_the_file_names_none(folder):
    account = read_account_file(write(folder, GOOD))
    assert account.entities == ENTITIES
    assert account.late_commit_margin == timedelta(0)


def test_an_account_has_overlaps_and_a_margin_of_its_own(folder):
    text = GOOD + "overlap_minutes: {invoices: 180}\nlate_commit_margin_seconds: 30\n"
    account = read_account_file(write(folder, text))
    overlaps = {entity.name: entity.overlap for entity in account.entities}
    assert overlaps["invoices"] == timedelta(hours=3)
    assert overlaps["deletions"] == DELETIONS.overlap
    assert account.late_commit_margin == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("owner_fields: [salesrep]\n", ["key 'connection' is missing"]),
        ("connection: n\n", ["key 'owner_fields' is missing"]),
        ("connection: n\nowner_fields: []\n", ["key 'owner_fields'", "at least 1 item"]),
        ("connection: n\nowner_fields: salesrep\n", ["key 'owner_fields'", "'salesrep'"]),
        ("connection: n\nowner_fields: [Salesrep]\n", ["key 'owner_fields.0'", "'Salesrep'", "small letters"]),
        ("connection: n\nowner_fields: [salesrep, salesrep]\n", ["owner_fields", "'salesrep'", "more than once"]),
        ("connection: n\nowner_fields: [memo]\n", ["owner_fields", "'memo'", "already"]),
        (GOOD + "schedule: hourly\n", ["key 'schedule'", "'hourly'", "@hourly"]),
        (GOOD + "schedule: '61 * * * *'\n", ["key 'schedule'", "cron"]),
        (GOOD + "timezone: Mars/Olympus\n", ["key 'timezone'", "America/New_York"]),
        (GOOD + "user_mode: sync\n", ["key 'user_mode'", "'import' or 'match_only'", "'sync'"]),
        (GOOD + "concurrency: 0\n", ["key 'concurrency'", "greater than or equal to 1", "0"]),
        (GOOD + "owner_feilds: [x]\n", ["key 'owner_feilds' is not known", "owner_fields"]),
        (GOOD + "custom_fields: {invoice: [x]}\n", ["key 'custom_fields'", "'invoice'", "invoices"]),
        (GOOD + "validation: {max_bad_share: 2}\n", ["key 'validation.max_bad_share'", "less than or equal to 1"]),
        (GOOD + "overlap_minutes: {employees: 5}\n", ["key 'overlap_minutes'", "'employees'", "invoices, deletions"]),
        (GOOD + "overlap_minutes: {invoices: 0}\n", ["key 'overlap_minutes.invoices'", "greater than or equal to 1"]),
        (GOOD + "accept_missing: {deletions: [id]}\n", ["'accept_missing'", "'deletions'", "customers, terms"]),
        (GOOD + "accept_missing: {customers: [balance]}\n", ["'balance' of customers", "terms_id", "unbilled_orders"]),
        (GOOD + "late_commit_margin_seconds: -1\n", ["late_commit_margin_seconds", "greater than or equal to 0"]),
        (
            GOOD + "team_selling: {choice: first}\n",
            ["'team_selling.choice'", "'primary', 'all' or 'contribution'", "first"],
        ),
        (GOOD + "team_selling: {}\n", ["key 'team_selling.choice' is missing"]),
        (GOOD + "team_selling: {choice: all, least: 1}\n", ["'team_selling.least' is not known", "least_contribution"]),
        (GOOD + "team_selling: {choice: contribution}\n", ["key 'team_selling'", "needs 'least_contribution'", "0.25"]),
        (
            GOOD + "team_selling: {choice: primary, least_contribution: 0.5}\n",
            ["key 'team_selling'", "'least_contribution' says nothing with choice primary"],
        ),
        (
            GOOD + "team_selling: {choice: contribution, least_contribution: 25}\n",
            ["key 'team_selling.least_contribution'", "less than or equal to 1"],
        ),
        (
            GOOD + "team_selling: {choice: contribution, least_contribution: 0}\n",
            ["key 'team_selling.least_contribution'", "greater than 0"],
        ),
        (
            "connection: n\nowner_fields: [custbody_x]\nteam_selling: {choice: all}\n",
            ["team_selling", "'salesrep'", "owner_fields do not name"],
        ),
        (
            GOOD + "team_selling: {choice: all}\ncustom_fields: {invoices: [sales_team]}\n",
            ["custom_fields.invoices", "'sales_team' is read as a column of invoices already"],
        ),
        (GOOD + "connection: other\n", ["'connection'", "twice"]),
        ("- a\n- b\n", ["keys and values"]),
        ("", ["keys and values"]),
        ("connection: [\n", ["can't be read as YAML"]),
        (GOOD + "name: other\n", ["key 'name' is not allowed"]),
    ],
)
def test_an_error_names_file_key_and_what_is_allowed(folder, text, said):
    path = write(folder, text)
    with pytest.raises(WrongAccountFile) as caught:
        read_account_file(path)
    for part in (str(path), *said):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ["Acme.yml", "my account.yml", "acme.yaml", "_x.yml"])
def test_a_file_name_that_is_no_account_name_is_an_error(folder, name):
    with pytest.raises(WrongAccountFile, match="the file's name is the account's name"):
        read_account_file(write(folder, GOOD, name))


def test_an_unknown_account_names_those_there_are(folder):
    write(folder, GOOD, "beta.yml")
    with pytest.raises(WrongAccountFile, match=r"accounts there: beta"):
        load_account("acme")


def test_a_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("NETSUITE_ACCOUNTS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(WrongAccountFile, match=r"NETSUITE_ACCOUNTS_DIR names .*nowhere"):
        account_files()


def test_one_wrong_file_takes_no_pool_from_the_others(folder):
    write(folder, GOOD + "concurrency: 7\n", "good.yml")
    write(folder, "nonsense", "bad.yml")
    assert {name: pool["slots"] for name, pool in pools().items()} == {"netsuite__good": 7}


def test_an_account_without_alerts_has_none(folder):
    assert read_account_file(write(folder, GOOD)).alerts is None


def test_alerts_name_who_is_mailed_and_need_nothing_else(folder):
    alerts = read_account_file(write(folder, GOOD + "alerts: {email_to: [data@corp.test]}\n")).alerts
    assert alerts is not None
    assert alerts.email_to == ("data@corp.test",)
    assert alerts.smtp_connection == "smtp_default"
    assert alerts.fresh_within is None
    assert not alerts.on_retry


def test_how_old_what_is_published_may_become_is_given_in_minutes(folder):
    text = GOOD + "schedule: '@daily'\nalerts: {email_to: [data@corp.test], fresh_within_minutes: 1560}\n"
    alerts = read_account_file(write(folder, text)).alerts
    assert alerts is not None
    assert alerts.fresh_within == timedelta(hours=26)


@pytest.mark.parametrize(
    ("alerts", "parts"),
    [
        ("{}", ["alerts.email_to", "missing"]),
        ("{email_to: []}", ["alerts.email_to", "at least 1"]),
        ("{email_to: data@corp.test}", ["alerts.email_to"]),
        ("{email_to: [corp.test]}", ["alerts.email_to", "'corp.test' is no address", "data@example.com"]),
        ("{email_to: ['Ann <a@b.test>']}", ["alerts.email_to", "is no address"]),
        ('{email_to: ["a@b.test\\nBcc: c@d.test"]}', ["alerts.email_to", "is no address"]),
        ("{email_to: [a@b.test], fresh_within_minutes: 0}", ["alerts.fresh_within_minutes", "1"]),
        ("{email_to: [a@b.test], fresh_within_minutes: 60}", ["alerts.fresh_within_minutes", "'schedule'"]),
        ("{email_to: [a@b.test], on_retries: true}", ["alerts.on_retries", "email_to, fresh_within_minutes, on_retry"]),
    ],
)
def test_a_mistake_in_the_alerts_names_the_key_and_what_is_allowed(folder, alerts, parts):
    with pytest.raises(WrongAccountFile) as error:
        read_account_file(write(folder, GOOD + f"alerts: {alerts}\n"))
    for part in parts:
        assert part in str(error.value)
