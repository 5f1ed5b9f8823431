"""The rows: the same for a seed, of any size, with what real accounts hold."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from include.sandbox import special_rows as special
from include.sandbox.database import Database
from include.sandbox.generate import DataPlan, fill

DATA_DAY = date(2026, 6, 30)


def filled(folder, **plan):
    database = Database(folder / f"{abs(hash(tuple(plan.items())))}.sqlite")
    database.create()
    fill(database, DataPlan(**{"invoices": 400, "seed": 7, "bad_rows": 0, "data_day": DATA_DAY, **plan}))
    return database


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    made = filled(tmp_path_factory.mktemp("data"))
    yield made
    made.close()


def ask(database, sql, *binds):
    return database.connection().execute(sql, binds).fetchall()


def everything(database):
    tables = ("transaction", "employee", "customer", "vendor", "contact", "entity", "deletedrecord")
    return {table: ask(database, f'SELECT * FROM "{table}" ORDER BY 1, 3') for table in tables}


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path):
    first = everything(filled(tmp_path, seed=3))
    (tmp_path / "again").mkdir()
    assert everything(filled(tmp_path / "again", seed=3)) == first
    assert everything(filled(tmp_path, seed=4)) != first


@pytest.mark.parametrize(("invoices", "bad_rows"), [(22, 0), (26, 4), (1000, 7)])
def test_there_are_as_many_invoices_as_asked_for(tmp_path, invoices, bad_rows):
    made = filled(tmp_path, invoices=invoices, bad_rows=bad_rows)
    assert ask(made, "SELECT count(*) FROM \"transaction\" WHERE type = 'CustInvc'") == [(invoices,)]


def test_sales_teams_have_up_to_three_members_and_change_no_other_row(tmp_path, database):
    with_teams = filled(tmp_path, team_selling=True)
    assert everything(with_teams) == everything(database)
    teams = """SELECT count(*), sum(isprimary = 'T'), round(sum(contribution), 4) FROM transactionsalesteam
        WHERE "transaction" >= 10001 GROUP BY "transaction" """
    found = ask(with_teams, teams)
    assert 250 < len(found) < 378
    assert {members for members, _, _ in found} == {1, 2, 3}
    assert {primaries for _, primaries, _ in found} == {0, 1}
    assert {shares for _, _, shares in found} == {1}
    assert ask(database, "SELECT count(*) FROM transactionsalesteam") == [(0,)]


def test_fewer_invoices_than_special_ones_are_refused():
    with pytest.raises(ValueError, match="at least 22"):
        DataPlan(21, 7, 0, DATA_DAY)


def test_every_special_employee_is_the_owner_of_an_invoice_or_kept_off_them_all(database):
    on_invoices = {row[0] for row in ask(database, "SELECT employee FROM \"transaction\" WHERE type = 'CustInvc'")}
    for field in ("custbody_collector", "custbody_account_manager", "custbody_regional_manager"):
        on_invoices |= {row[0] for row in ask(database, f"SELECT {field} FROM \"transaction\" WHERE type = 'CustInvc'")}
    kept_off = {special.NO_INVOICE_ONLY_ORDERS, special.NO_TRANSACTION, special.ONLY_A_CUSTOMERS_REP}
    assert {one.id for one in special.EMPLOYEES} - kept_off <= on_invoices
    assert not kept_off & on_invoices


def test_owners_that_are_no_employee_are_deleted_vendors_contacts_or_nothing_at_all(database):
    """O7, O11, D9: each has its own trace."""
    strangers = (special.DELETED_EMPLOYEE, special.A_VENDOR, special.A_CONTACT, special.NEVER_EXISTED)
    assert ask(database, "SELECT count(*) FROM employee WHERE id IN (?, ?, ?, ?)", *strangers) == [(0,)]
    assert ask(database, "SELECT type FROM deletedrecord WHERE recordid = ?", strangers[0]) == [("Employee",)]
    assert ask(database, "SELECT type FROM entity WHERE id = ?", strangers[1]) == [("Vendor",)]
    assert ask(database, "SELECT type FROM entity WHERE id = ?", strangers[2]) == [("Contact",)]
    assert ask(database, "SELECT count(*) FROM entity WHERE id = ?", strangers[3]) == [(0,)]


def test_other_transactions_name_an_employee_whom_no_invoice_names(database):
    """O6: a sync that forgets the type filter would import them."""
    found = ask(database, 'SELECT DISTINCT type FROM "transaction" WHERE employee = ?', special.NO_INVOICE_ONLY_ORDERS)
    assert set(found) == {("PurchOrd",), ("SalesOrd",)}
    negative = ask(database, "SELECT max(foreigntotal) FROM \"transaction\" WHERE type = 'PurchOrd'")
    assert negative[0][0] < 0


def test_nothing_is_newer_than_the_data_day_nor_older_than_two_years(database):
    newest, oldest = ask(database, 'SELECT max(lastmodifieddate), min(lastmodifieddate) FROM "transaction"')[0]
    assert newest <= datetime(2026, 7, 1, tzinfo=UTC).timestamp()
    assert oldest >= datetime(2024, 6, 29, tzinfo=UTC).timestamp()


def test_ids_have_gaps_and_a_great_leap(database):
    ids = [row[0] for row in ask(database, 'SELECT id FROM "transaction" ORDER BY id')]
    assert max(ids) - min(ids) > 1000 * len(ids)


def test_customers_owe_what_their_open_invoices_add_up_to(database):
    """C8."""
    wrong = ask(
        database,
        """SELECT c.id FROM customer AS c
        LEFT JOIN (SELECT entity, round(sum(foreignamountunpaid), 2) AS open FROM "transaction"
                   WHERE type = 'CustInvc' GROUP BY entity) AS t ON t.entity = c.id
        WHERE abs(c.balancesearch - coalesce(t.open, 0)) > 0.005 AND c.id NOT IN (55, 63)""",
    )
    assert wrong == []


def test_credit_data_hold_the_odd_cases(database):
    limits = dict(ask(database, "SELECT id, creditlimit FROM customer WHERE id < 64"))
    assert (limits[52], limits[53], limits[54]) == (None, 0, -500)
    assert ask(database, "SELECT balancesearch FROM customer WHERE id = 55") == [(-1250.75,)]
    assert ask(database, "SELECT oncredithold FROM customer WHERE id = 56") == [("T",)]
    assert len(ask(database, "SELECT DISTINCT currency FROM customer")) == 5


def test_bad_rows_are_bad_in_four_ways(tmp_path):
    """P2: quarantine has something to show."""
    made = filled(tmp_path, bad_rows=4)
    assert ask(made, 'SELECT foreigntotal FROM "transaction" WHERE id = 1001') == [("n/a",)]
    assert ask(made, 'SELECT trandate FROM "transaction" WHERE id = 1002') == [("2026-02-30",)]
    assert ask(made, "SELECT balancesearch FROM customer WHERE id = 1003") == [("ERROR: Field Not Found",)]
    assert ask(made, 'SELECT entity FROM "transaction" WHERE id = 1004') == [(-1,)]
