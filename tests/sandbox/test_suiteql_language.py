"""What SuiteQL understands, refuses and renders (netsuite.md 1.1, 1.3, 1.4, 2.1 to 2.6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sandbox.database import Database
from include.sandbox.errors import NetSuiteFault
from include.sandbox.generate import DataPlan, fill
from include.sandbox.suiteql import masks
from include.sandbox.suiteql.run import QueryService
from include.sandbox.suiteql.values import Request
from include.sandbox.switches import Switches

NOON_IN_WINTER = int(datetime(2026, 1, 15, 20, 0, 5, tzinfo=UTC).timestamp())
ISO_Z = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""
ISO = """'YYYY-MM-DD"T"HH24:MI:SS'"""


class Account:
    """SuiteQL without HTTP: rows, or what is said to a refused query."""

    def __init__(self, folder) -> None:
        self.database = Database(folder / "rows.sqlite")
        self.database.create()
        fill(self.database, DataPlan(200, 7, 4, datetime(2026, 6, 30, tzinfo=UTC).date()))
        self.service = QueryService(self.database)

    def rows(self, sql, *binds, now=NOON_IN_WINTER, **switches):
        settings = Switches(**switches)
        request = Request(binds, now, settings.session_timezone, seed=1)
        return self.service.page(sql, request, settings, limit=1000, offset=0).rows

    def one(self, expression, *binds, **switches):
        """The value of an expression FROM DUAL, None for NULL."""
        return self.rows(f"SELECT {expression} AS x FROM DUAL", *binds, **switches)[0].get("x")

    def refusal(self, sql, *binds, **switches):
        with pytest.raises(NetSuiteFault) as refused:
            self.rows(sql, *binds, **switches)
        assert (refused.value.status, refused.value.code) == (400, "INVALID_PARAMETER")
        assert refused.value.detail.startswith("Invalid search query. Detailed unprocessed description follows. ")
        return refused.value.detail


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    made = Account(tmp_path_factory.mktemp("account"))
    yield made
    made.database.close()


class TestRefusals:
    @pytest.mark.parametrize(
        ("sql", "name"),
        [
            ("SELECT salesrep FROM transaction", "salesrep"),
            ("SELECT t.subsidiary FROM transaction t", "subsidiary"),
            ("SELECT balance FROM customer", "balance"),
            ("SELECT id FROM transaction ORDER BY mainline", "mainline"),
            ("SELECT x.id FROM transaction t", "x"),
            ("SELECT id FROM deletedrecord", "id"),
        ],
    )
    def test_a_column_that_is_not_there_kills_the_whole_query(self, account, sql, name):
        assert f"Search error occurred: Unknown identifier '{name}'. Available identifiers are: {{" in account.refusal(
            sql
        )

    def test_the_available_identifiers_are_alias_and_table(self, account):
        assert "{t=transaction}." in account.refusal("SELECT t.nope FROM transaction t")

    def test_a_table_that_is_not_there_is_an_invalid_search_type(self, account):
        assert account.refusal("SELECT id FROM foo").endswith("Invalid search type: foo.")

    @pytest.mark.parametrize("table", ["sandbox_origin", "sqlite_master", "sandbox_status"])
    def test_the_sandboxs_own_tables_do_not_exist_for_suiteql(self, account, table):
        assert f"Invalid search type: {table}." in account.refusal(f"SELECT * FROM {table}")

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT id FROM transaction LIMIT 5",
            "SELECT id FROM transaction OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY",
            "SELECT TOP 5 id FROM transaction",
            "SELECT id FROM transaction WHERE trandate >= DATE '2026-01-01'",
            "SELECT id FROM transaction WHERE lastmodifieddate >= TIMESTAMP '2026-01-01 00:00:00'",
            "SELECT id FROM transaction WHERE trandate >= '2026-01-01'",
            "SELECT id FROM transaction WHERE lastmodifieddate BETWEEN '1/1/2026' AND '1/2/2026'",
            "SELECT t.id FROM transaction t, entity e WHERE t.entity = e.id(+)",
            "SELECT t.id FROM transaction t, employee e JOIN entity n ON n.id = e.id",
            "SELECT [id] FROM transaction",
            "WITH a AS (SELECT id FROM transaction) SELECT id FROM a",
            "SELECT LISTAGG(tranid, ',') FROM transaction",
            "SELECT LEFT(tranid, 3) FROM transaction",
            "SELECT RIGHT(tranid, 3) FROM transaction",
            "SELECT DATEDIFF(duedate, trandate) FROM transaction",
            "SELECT SUBSTRING(tranid, 1, 2) FROM transaction",
            "SELECT CHAR_LENGTH(tranid) FROM transaction",
            "SELECT load_extension('x') FROM DUAL",
            "SELECT id FROM transaction WHERE isinactive = TRUE",
            "SELECT id FROM transaction;",
            "SELECT 1 FROM DUAL; SELECT 2 FROM DUAL",
            "SELECT id",
            "SELEC id FRM transaction",
            "UPDATE transaction SET memo = 'x'",
            "DROP TABLE transaction",
            "SELECT id FROM transaction WHERE id = :id",
            "SELECT id, COUNT(*) FROM transaction GROUP BY type",
            "SELECT id FROM transaction WHERE ROWNUM <= 5 ORDER BY id",
            'SELECT id AS "a""b" FROM transaction',
            "SELECT TO_CHAR(trandate) FROM transaction",
            "SELECT TO_CHAR(trandate, 'jjjj') FROM transaction",
            "SELECT SYS_EXTRACT_UTC(trandate) FROM transaction",
            "SELECT id FROM transaction WHERE id = 'abc'",
            "SELECT TO_DATE('2026-02-30', 'YYYY-MM-DD') FROM DUAL",
            "SELECT BUILTIN.NOPE(status) FROM transaction",
        ],
    )
    def test_what_netsuite_does_not_accept_is_refused(self, account, sql):
        assert "Search error occurred: " in account.refusal(sql)

    def test_an_in_list_takes_a_thousand_arguments_and_no_more(self, account):
        def query(count):
            return f"SELECT id FROM transaction WHERE id IN ({', '.join(str(n) for n in range(count))})"

        assert len(account.rows(query(1000))) > 0
        assert "more than 1000 arguments" in account.refusal(query(1001))

    def test_with_can_be_switched_on(self, account):
        sql = "WITH a AS (SELECT id FROM currency) SELECT COUNT(*) AS n FROM a"
        assert account.rows(sql, allow_with=True) == [{"n": "5"}]

    @pytest.mark.parametrize(
        "expression",
        ["LISTAGG(symbol, ',') WITHIN GROUP (ORDER BY id)", "LISTAGG(symbol) WITHIN GROUP (ORDER BY id DESC)"],
    )
    def test_listagg_is_not_known_unless_switched_on(self, account, expression):
        """Oracle lists it as unsupported (netsuite.md 1.1); people use it all the same."""
        sql = f"SELECT {expression} AS x FROM currency WHERE id <> 3"
        assert "function LISTAGG is not supported" in account.refusal(sql)
        joined = ",".join(("USD", "EUR", "JPY", "CHF")) if "," in expression else "CHFJPYEURUSD"
        assert account.rows(sql, allow_listagg=True) == [{"x": joined}]

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT LISTAGG(symbol, ',') AS x FROM currency",
            "SELECT MAX(symbol) WITHIN GROUP (ORDER BY id) AS x FROM currency",
            "SELECT LISTAGG(symbol, ',', 'x') WITHIN GROUP (ORDER BY id) AS x FROM currency",
            "SELECT id, LISTAGG(symbol, ',') WITHIN GROUP (ORDER BY id) AS x FROM currency",
        ],
    )
    def test_listagg_takes_oracles_form_only(self, account, sql):
        account.refusal(sql, allow_listagg=True)

    def test_listagg_leaves_nulls_out_and_gives_one_row_per_group(self, account):
        sql = """SELECT datedriven, LISTAGG(NULLIF(name, 'Net 15'), '; ') WITHIN GROUP (ORDER BY id) AS names
            FROM term WHERE id IN (1, 2, 6) GROUP BY datedriven ORDER BY datedriven"""
        rows = account.rows(sql, allow_listagg=True)
        assert rows == [{"datedriven": "F", "names": "Net 30"}, {"datedriven": "T", "names": "15th of the month"}]
        nothing = "SELECT LISTAGG(name, ',') WITHIN GROUP (ORDER BY id) AS names FROM term WHERE id < 0"
        assert account.rows(nothing, allow_listagg=True) == [{}]

    def test_without_team_selling_there_are_no_sales_teams(self, account):
        sql = "SELECT s.employee FROM transactionsalesteam s"
        assert account.refusal(sql).endswith("Invalid search type: transactionsalesteam.")
        assert account.rows(sql, team_selling=True) == []

    def test_a_key_of_the_sandboxs_own_is_no_column(self, account):
        refused = account.refusal("SELECT sandbox_key FROM transactionsalesteam", team_selling=True)
        assert "Unknown identifier 'sandbox_key'" in refused

    @pytest.mark.parametrize("binds", [(), ("1", "2")])
    def test_the_number_of_params_must_fit_the_placeholders(self, account, binds):
        assert "1 placeholders" in account.refusal("SELECT id FROM currency WHERE id = ?", *binds)

    def test_a_text_that_is_no_number_cannot_be_bound_to_a_number(self, account):
        assert "invalid number" in account.refusal("SELECT id FROM currency WHERE id = ?", "one")


class TestBinds:
    def test_texts_are_converted_for_numbers_and_stay_texts_for_texts(self, account):
        sql = "SELECT id FROM currency WHERE id > ? AND id <= ? AND symbol = ? ORDER BY id"
        assert account.rows(sql, "1", "4", "GBP") == [{"id": "3"}]

    def test_places_are_those_of_the_text_wherever_they_stand(self, account):
        sql = "SELECT ? AS a, id FROM currency WHERE id = ? AND name LIKE ? FETCH FIRST 1 ROWS ONLY"
        assert account.rows(sql, "first", "2", "Eu%") == [{"a": "first", "id": "2"}]

    @given(st.integers(min_value=-(10**15), max_value=10**15))
    def test_any_whole_number_bound_as_text_comes_back_as_itself(self, number):
        bound = Request((str(number),), 0, "UTC", 1)
        found = _UNFILLED.page("SELECT TO_NUMBER(?) AS n FROM DUAL", bound, Switches(), limit=1, offset=0)
        assert found.rows == [{"n": str(number)}]


class TestDates:
    def test_a_bare_date_has_the_users_format_and_no_time(self, account):
        sql = "SELECT lastmodifieddate, trandate FROM transaction WHERE id = 101"
        assert account.rows(sql) == [{"lastmodifieddate": "12/24/2025", "trandate": "12/18/2025"}]
        german = account.rows(sql, date_format="DD.MM.YYYY")
        assert german == [{"lastmodifieddate": "24.12.2025", "trandate": "18.12.2025"}]

    def test_to_char_shows_the_sessions_clock_even_when_the_mask_says_z(self, account):
        instant = f"TO_CHAR(CURRENT_TIMESTAMP, {ISO_Z})"
        assert account.one(instant) == "2026-01-15T12:00:05Z"
        assert account.one(instant, session_timezone="Europe/Berlin") == "2026-01-15T21:00:05Z"

    def test_sys_extract_utc_shows_the_truth(self, account):
        assert account.one(f"TO_CHAR(SYS_EXTRACT_UTC(CURRENT_TIMESTAMP), {ISO_Z})") == "2026-01-15T20:00:05Z"

    def test_the_sessions_zone_has_summer_time(self, account):
        summer = int(datetime(2026, 7, 15, 20, 0, tzinfo=UTC).timestamp())
        assert account.one(f"TO_CHAR(CURRENT_TIMESTAMP, {ISO})", now=summer) == "2026-07-15T13:00:00"

    def test_sysdate_is_the_data_centres_clock_and_current_date_the_sessions(self, account):
        berlin = {"session_timezone": "Europe/Berlin"}
        assert account.one(f"TO_CHAR(SYSDATE, {ISO})", **berlin) == "2026-01-15T12:00:05"
        assert account.one(f"TO_CHAR(CURRENT_DATE, {ISO})", **berlin) == "2026-01-15T21:00:05"

    def test_a_window_in_utc_finds_exactly_its_rows_whatever_the_zone(self, account):
        sql = f"""SELECT id FROM transaction
            WHERE SYS_EXTRACT_UTC(lastmodifieddate) >= TO_TIMESTAMP(?, {ISO})
              AND SYS_EXTRACT_UTC(lastmodifieddate) < TO_TIMESTAMP(?, {ISO}) ORDER BY id"""
        stamps = account.rows(
            f"SELECT id, TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), {ISO}) AS at FROM transaction ORDER BY id"
        )
        low, high = "2025-03-01T00:00:00", "2025-09-01T00:00:00"
        expected = [{"id": row["id"]} for row in stamps if low <= row["at"] < high]
        assert expected
        assert account.rows(sql, low, high) == expected
        assert account.rows(sql, low, high, session_timezone="Asia/Tokyo") == expected

    def test_a_plain_comparison_reads_the_text_on_the_sessions_clock(self, account):
        account_time = (
            "SELECT COUNT(*) AS n FROM DUAL WHERE CURRENT_TIMESTAMP = TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS')"
        )
        assert account.rows(account_time, "2026-01-15 12:00:05") == [{"n": "1"}]
        assert account.rows(account_time, "2026-01-15 20:00:05") == [{"n": "0"}]

    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("TO_CHAR(TO_DATE('1/2/2026 03:04 PM', 'MM/DD/YYYY HH:MI AM'), 'YYYY-MM-DD HH24:MI')", "2026-01-02 15:04"),
            ("TO_CHAR(TO_TIMESTAMP('2026-01-02 03:04:05.678', 'YYYY-MM-DD HH24:MI:SSxFF'), 'HH24:MI:SS')", "03:04:05"),
            ("TO_CHAR(TO_DATE('05-MAR-2026', 'DD-MON-YYYY'), 'FMMonth DD, YYYY')", "March 5, 2026"),
            ("TO_CHAR(FROM_TZ(TO_DATE('2026-01-02', 'YYYY-MM-DD'), 'UTC'), 'DD HH24:MI TZH:TZM')", "01 16:00 -08:00"),
            ("TO_CHAR(TRUNC(TO_DATE('2026-05-06 07', 'YYYY-MM-DD HH24'), 'MM') - 1, 'YYYY-MM-DD')", "2026-04-30"),
            ("TO_CHAR(ADD_MONTHS(TO_DATE('2026-01-31', 'YYYY-MM-DD'), 1), 'YYYY-MM-DD')", "2026-02-28"),
            ("TO_DATE('2026-03-01', 'YYYY-MM-DD') - TO_DATE('2026-02-01', 'YYYY-MM-DD')", "28"),
            ("EXTRACT(YEAR FROM CURRENT_DATE)", "2026"),
        ],
    )  # fmt: skip
    def test_masks_and_date_arithmetic(self, account, expression, expected):
        assert account.one(expression) == expected

    @given(
        st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2099, 12, 31)),  # noqa: DTZ001 - a wall
        st.sampled_from(
            ["YYYY-MM-DD HH24:MI:SS", "MM/DD/YYYY HH:MI:SS AM", 'DD-MON-YYYY"T"HH24.MI.SS', "YYYYMMDDHH24MISS"]
        ),
    )
    def test_what_a_mask_writes_it_also_reads(self, moment, mask):
        wall = masks.to_wall(moment.replace(microsecond=0))
        assert masks.parse_wall(masks.format_wall(wall, mask), mask) == (wall, 0)

    @given(
        st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2037, 1, 1)),  # noqa: DTZ001 - made UTC below
        st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    )
    def test_the_sessions_wall_is_that_of_the_time_zone_database(self, moment, name):
        instant = moment.replace(microsecond=0, tzinfo=UTC)
        wall = masks.instant_to_wall(int(instant.timestamp()), name)
        expected = instant.astimezone(masks.zone(name)).replace(tzinfo=None)
        assert masks.to_datetime(wall) == expected
        again = masks.wall_to_instant(wall, name)
        assert abs(again - int(instant.timestamp())) <= timedelta(hours=1).total_seconds()


class TestExpressions:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("NVL(NULL, 'x')", "x"),
            ("COALESCE(NULL, NULL, 3)", "3"),
            ("'' || 'a' || NULL", "a"),
            ("UPPER('größe Ä')", "GRÖSSE Ä"),
            ("LOWER('ÅNGSTRÖM')", "ångström"),
            ("TRIM('  a b  ')", "a b"),
            ("TO_NUMBER('12.50')", "12.5"),
            ("TO_CHAR(1234.5, 'FM9990.00')", "1234.50"),
            ("'a' || 0.6", "a.6"),
            ("TO_CHAR(-0.25)", "-.25"),
            ("TO_CHAR(10.5)", "10.5"),
            ("1 / 4", "0.25"),
            ("10 / 5", "2"),
            ("0.1 + 0.2", "0.3"),
            ("CAST('7' AS NUMBER)", "7"),
            ("CAST(7 AS VARCHAR2(10))", "7"),
            ("CASE WHEN 1 = 1 THEN 'yes' ELSE 'no' END", "yes"),
            ("DECODE('B', 'A', 'open', 'B', 'paid', 'other')", "paid"),
            ("SUBSTR('abcdef', 2, 3)", "bcd"),
            ("LENGTH('größe')", "5"),
            ("INSTR('abc', 'c')", "3"),
            ("ROUND(2.345, 2)", "2.35"),
            ("TRUNC(-2.9)", "-2"),
            ("MOD(7, 3)", "1"),
            ("LPAD('7', 3, '0')", "007"),
            ("NVL2(NULL, 'a', 'b')", "b"),
            ("GREATEST(1, 3, 2)", "3"),
            ("(SELECT COUNT(*) FROM currency)", "5"),
        ],
    )
    def test_functions_give_what_oracle_gives(self, account, expression, expected):
        assert account.one(expression) == expected

    def test_an_empty_text_is_null(self, account):
        assert account.one("''") is None
        assert account.rows("SELECT id FROM currency WHERE name = ?", "") == []

    def test_like_heeds_capitals(self, account):
        assert account.rows("SELECT id FROM currency WHERE name LIKE 'euro'") == []

    def test_nulls_come_last_going_up_and_first_going_down(self, account):
        up = account.rows("SELECT id, creditlimit FROM customer WHERE id < 70 ORDER BY creditlimit")
        assert "creditlimit" not in up[-1]
        down = account.rows("SELECT id, creditlimit FROM customer WHERE id < 70 ORDER BY creditlimit DESC")
        assert "creditlimit" not in down[0]

    def test_an_alias_goes_before_a_column_in_order_by(self, account):
        rows = account.rows("SELECT TO_CHAR(id) AS id FROM transaction ORDER BY id")
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
        assert [int(row["id"]) for row in rows] != sorted(int(row["id"]) for row in rows)

    def test_what_has_no_name_is_numbered(self, account):
        assert account.rows("SELECT 1, 2 AS b, 3 FROM DUAL") == [{"expr1": "1", "b": "2", "expr2": "3"}]

    def test_fetch_first_and_rownum_bound_the_rows(self, account):
        assert len(account.rows("SELECT id FROM transaction FETCH FIRST 3 ROWS ONLY")) == 3
        assert len(account.rows("SELECT id FROM transaction WHERE type = 'CustInvc' AND ROWNUM <= 4")) == 4
        ranked = "SELECT id FROM (SELECT id FROM currency ORDER BY id DESC) WHERE ROWNUM < 3"
        assert [row["id"] for row in account.rows(ranked)] == ["5", "4"]

    def test_joins_subqueries_grouping_and_sets(self, account):
        per_type = account.rows("SELECT type, COUNT(*) AS n FROM transaction GROUP BY type HAVING COUNT(*) > 100")
        assert per_type == [{"type": "CustInvc", "n": "200"}]
        joined = """SELECT t.id, NVL(e.email, 'none') AS email FROM transaction t
            LEFT JOIN employee e ON e.id = t.employee WHERE t.id IN (101, 102) ORDER BY t.id"""
        assert account.rows(joined) == [
            {"id": "101", "email": "ada.keller@example.com"},
            {"id": "102", "email": "none"},
        ]
        both = "SELECT id FROM currency WHERE id < 3 UNION ALL SELECT id FROM term WHERE id = 7 ORDER BY id"
        assert account.rows(both) == [{"id": "1"}, {"id": "2"}, {"id": "7"}]
        known = "SELECT COUNT(*) AS n FROM employee e WHERE EXISTS (SELECT 1 FROM entity n WHERE n.id = e.id)"
        assert account.rows(known) == account.rows("SELECT COUNT(*) AS n FROM employee")

    def test_builtin_df_shows_names_and_cf_the_compound_status(self, account):
        sql = """SELECT BUILTIN.DF(t.currency) AS currency, BUILTIN.DF(t.employee) AS rep, BUILTIN.CF(t.status) AS cf,
            t.status, BUILTIN.DF(t.status) AS shown, BUILTIN.DF(c.terms) AS terms
            FROM transaction t JOIN customer c ON c.id = t.entity WHERE t.id = 101"""
        row = account.rows(sql)[0]
        assert row["rep"] == "Ada Keller"
        assert row["status"] in "AB"
        assert row["cf"] == f"CustInvc:{row['status']}"
        assert row["shown"].startswith("Invoice : ")
        assert row["currency"] in {"US Dollar", "Euro", "British Pound", "Japanese Yen", "Swiss Franc"}


_UNFILLED: QueryService


@pytest.fixture(scope="module", autouse=True)
def unfilled(tmp_path_factory):
    """An empty account for the property tests, which take no fixtures that change between examples."""
    global _UNFILLED
    database = Database(tmp_path_factory.mktemp("unfilled") / "rows.sqlite")
    database.create()
    _UNFILLED = QueryService(database)
    yield
    database.close()
