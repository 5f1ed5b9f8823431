"""B2, D9: who would have been mailed on a past day, as known then and as known now."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DataError

from tests.matching.test_histories import EVENTS, START

if TYPE_CHECKING:
    from tests.matching.world import World

CURRENT = "SELECT * FROM publish.recipients WHERE account = :account"
ANSWERS = """
SELECT moment, known_at, (
    SELECT md5(string_agg(CAST(recipients AS text), '|' ORDER BY invoice_id, owner_field))
    FROM publish.recipients_at(:account, moment, known_at) AS recipients
)
FROM unnest(CAST(:moments AS timestamptz[])) AS moment
CROSS JOIN unnest(CAST(:known AS timestamptz[])) AS known_at
"""
OVERLAPS = """
WITH history AS (
    SELECT
        row_number() OVER () AS number, account, invoice_id, owner_field,
        tstzrange(valid_from, valid_to) AS valid, tstzrange(known_from, known_to) AS known
    FROM publish.recipients_history
)
SELECT one.* FROM history AS one INNER JOIN history AS other USING (account, invoice_id, owner_field)
WHERE one.number < other.number AND one.valid && other.valid AND one.known && other.known
"""


class Backdated(NamedTuple):
    """NetSuite says of a record that it was changed or deleted that long ago; maybe we see it only now."""

    table: str
    column: str
    hours: int

    def happen(self, world: World) -> None:
        world.execute(
            f"UPDATE raw.{self.table} SET {self.column} = now() - make_interval(hours => :hours) "
            f"WHERE {self.column} IS NOT NULL OR '{self.column}' = 'last_modified_at'",
            hours=self.hours,
        )


HISTORIES = st.lists(
    st.lists(
        st.one_of(
            EVENTS,
            st.builds(
                Backdated,
                st.sampled_from(["employees", "invoices"]),
                st.sampled_from(["last_modified_at", "last_modified_at", "deleted_at"]),
                st.sampled_from([-5, 1, 30, 60, 90]),
            ),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=2,
    max_size=5,
)


def clock(world: World) -> datetime:
    ((now,),) = world.rows("SELECT clock_timestamp()")
    return now


def noon(day: int) -> datetime:
    """Long before any publish of these tests."""
    return datetime(2020, 1, day, 12, tzinfo=UTC)


def on_day(world: World, day: int, known_at: datetime | None = None) -> dict[tuple[int, str], tuple[str, str | None]]:
    """Invoice and owner field -> status and address, at the end of that day."""
    return as_of(world, noon(day).date(), known_at)


def now(world: World, known_at: datetime | None = None) -> dict[tuple[int, str], tuple[str, str | None]]:
    return as_of(world, clock(world).date() + timedelta(days=1), known_at)


def as_of(world: World, day: date, known_at: datetime | None) -> dict[tuple[int, str], tuple[str, str | None]]:
    rows = world.rows(
        """
        SELECT invoice_id, owner_field, status, email
        FROM publish.recipients_as_of(:account, :day, :known_at)
        """,
        day=day,
        known_at=known_at or clock(world),
    )
    return {(invoice, owner_field): (status, email) for invoice, owner_field, status, email in rows}


def since(world: World, table: str, number: int, day: int, column: str = "last_modified_at") -> None:
    world.execute(f"UPDATE raw.{table} SET {column} = :noon WHERE id = :id", noon=noon(day), id=number)


@pytest.fixture
def old_world(world: World) -> World:
    """An invoice, its owner and the user, all as they are since the tenth, and published just now."""
    for employee, name in ((7, "ann"), (8, "bob")):
        world.employee(employee, f"{name}@corp.test")
        since(world, "employees", employee, 10)
        world.user(f"{name}@corp.test", employee=employee)
    world.execute(
        "UPDATE workflow.users SET display_name = 'Ann Lee', created_at = :noon, updated_at = :noon", noon=noon(9)
    )
    world.invoice(1, salesrep=7)
    since(world, "invoices", 1, 10)
    world.sync()
    return world


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=HISTORIES)
def test_the_same_question_gives_the_same_answer_for_ever(world: World, rounds: list[Any]) -> None:
    world.emptied()
    moments = [clock(world) - timedelta(hours=hours) for hours in (0, 15, 45, 75, 1_000)]
    known: list[datetime] = []
    answers: dict[tuple[Any, ...], Any] = {}
    for event in START:
        event.happen(world)
    world.invoice(10, salesrep=1, custbody_collector=2)
    for events in rounds:
        for event in events:
            event.happen(world)
        world.sync()
        known.append(clock(world))
        asked = {
            (moment, known_at): answer
            for moment, known_at, answer in world.rows(ANSWERS, moments=[*moments, known[-1]], known=known)
        }
        assert {question: asked[question] for question in answers if question in asked} == {
            question: answer for question, answer in answers.items() if question in asked
        }
        answers |= asked
        assert world.rows(OVERLAPS) == []
        current = world.rows("SELECT * FROM publish.recipients_at(:account, :now, :now)", now=known[-1])
        assert sorted(current, key=str) == sorted(world.rows(CURRENT), key=str)


def test_today_is_what_is_published(old_world: World) -> None:
    rows = old_world.rows("SELECT * FROM publish.recipients_as_of(:account, CAST(now() AT TIME ZONE 'UTC' AS date))")

    assert rows == old_world.rows(CURRENT)
    assert on_day(old_world, 10) == {(1, "salesrep"): ("ok", "ann@corp.test")}
    assert on_day(old_world, 9) == {}


def test_a_late_correction_changes_what_is_known_now_and_never_what_was_known_then(old_world: World) -> None:
    """A reconciliation finds today that the owner changed on the 17th."""
    then = clock(old_world)
    old_world.invoice(1, salesrep=8)
    since(old_world, "invoices", 1, 17)
    old_world.sync()

    ann, bob = {(1, "salesrep"): ("ok", "ann@corp.test")}, {(1, "salesrep"): ("ok", "bob@corp.test")}
    assert [on_day(old_world, 16), on_day(old_world, 17), now(old_world)] == [ann, bob, bob]
    assert [on_day(old_world, 16, then), on_day(old_world, 17, then), now(old_world, then)] == [ann, ann, ann]


def test_a_correction_older_than_the_last_one_overrides_it_from_its_own_day_on(old_world: World) -> None:
    old_world.employee(7, "second@corp.test")
    since(old_world, "employees", 7, 18)
    old_world.sync()
    between = clock(old_world)
    old_world.employee(7, "first@corp.test")
    since(old_world, "employees", 7, 16)
    old_world.sync()

    def address(day: int, known_at: datetime | None = None) -> str | None:
        return on_day(old_world, day, known_at)[1, "salesrep"][1]

    assert [address(day) for day in (15, 17, 19)] == ["ann@corp.test", "first@corp.test", "first@corp.test"]
    assert [address(day, between) for day in (15, 17, 19)] == ["ann@corp.test", "ann@corp.test", "second@corp.test"]


def test_a_deleted_invoice_leaves_the_current_table_and_stays_in_history(old_world: World) -> None:
    """D9."""
    old_world.invoice(1, deleted=True)
    since(old_world, "invoices", 1, 16, "deleted_at")
    old_world.sync()

    assert old_world.statuses() == {}
    assert now(old_world) == {}
    assert on_day(old_world, 15) == {(1, "salesrep"): ("ok", "ann@corp.test")}

    old_world.invoice(1)
    since(old_world, "invoices", 1, 18)
    old_world.sync()
    assert [len(on_day(old_world, day)) for day in (15, 17, 19)] == [1, 0, 1]


def test_an_employee_who_leaves_is_one_change_in_history_however_many_invoices_name_them(old_world: World) -> None:
    for number in range(2, 30):
        old_world.invoice(number, salesrep=7)
    old_world.sync()
    old_world.employee(7, "ann@corp.test", inactive=True)
    since(old_world, "employees", 7, 19)
    old_world.sync()

    assert set(now(old_world).values()) == {("employee_inactive", None)}
    assert on_day(old_world, 18) == {(1, "salesrep"): ("ok", "ann@corp.test")}
    kept = old_world.rows("SELECT owner_id, valid_to < 'infinity' FROM matching.past_owner_states ORDER BY 2")
    assert kept == [(7, False), (7, True)]
    assert old_world.rows("SELECT FROM matching.past_owners") == []


@pytest.mark.parametrize(
    ("modified_at", "valid_from"), [(None, None), (datetime(9000, 1, 1, tzinfo=UTC), None), (noon(18), noon(18))]
)
def test_nothing_takes_effect_after_the_publish_that_showed_it(
    old_world: World, modified_at: datetime | None, valid_from: datetime | None
) -> None:
    """NetSuite's clock may be ahead of the warehouse's, and it keeps no instant of some changes."""
    old_world.employee(7, "new@corp.test")
    old_world.execute("UPDATE raw.employees SET last_modified_at = :modified WHERE id = 7", modified=modified_at)
    old_world.sync()

    ((found, published_at),) = old_world.rows("""
        SELECT valid_from, known_from FROM publish.recipients_history
        WHERE valid_to = 'infinity' AND known_to = 'infinity'
    """)
    assert found == (valid_from or published_at)


def test_a_user_takes_effect_no_earlier_than_the_last_publish_that_saw_something_else(old_world: World) -> None:
    """The workflow engine may forget to write updated_at."""
    old_world.execute("UPDATE workflow.users SET is_active = false")
    old_world.sync()

    assert on_day(old_world, 30) == {(1, "salesrep"): ("ok", "ann@corp.test")}
    assert now(old_world) == {(1, "salesrep"): ("user_inactive", None)}


def test_the_same_run_again_adds_nothing(old_world: World) -> None:
    tables = (
        "matching.past_owners", "matching.past_owner_states", "matching.owner_states", "publish.recipient_changes",
    )  # fmt: skip
    old_world.employee(7, "new@corp.test")
    run_id = old_world.pass_fence()
    old_world.publish(run_id)
    before = old_world.versions(*tables)

    old_world.publish(run_id)

    assert old_world.versions(*tables) == before


def test_each_row_of_history_names_the_run_that_found_it(old_world: World) -> None:
    old_world.employee(7, "new@corp.test")
    old_world.sync()

    found = old_world.rows("SELECT DISTINCT email, run_id FROM publish.recipients_history ORDER BY email")
    assert found == [("ann@corp.test", "run 1"), ("new@corp.test", "run 2")]


def test_one_invoice_can_be_asked_for_alone(old_world: World) -> None:
    old_world.invoice(2, salesrep=8)
    old_world.sync()

    rows = old_world.rows("""
        SELECT invoice_id, email
        FROM publish.recipients_as_of(:account, CAST(now() + interval '1 day' AS date), now(), 2)
    """)

    assert rows == [(2, "bob@corp.test")]


def test_what_will_be_known_cannot_be_asked(old_world: World) -> None:
    with pytest.raises(DataError, match="lies in the future"):
        now(old_world, clock(old_world) + timedelta(days=1))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("recipients_as_of(:account, 'infinity')", r"day \(infinity\) is no day"),
        ("recipients_as_of(:account, '-infinity')", r"day \(-infinity\) is no day"),
        ("recipients_as_of(:account, NULL)", r"day \(null\) is no day"),
        ("recipients_as_of(:account, '2026-03-02', NULL)", r"known_at \(null\) is no instant"),
        ("recipients_as_of(:account, '2026-03-02', '-infinity')", r"known_at \(-infinity\) is no instant"),
        ("recipients_at(:account, 'infinity')", r"moment \(infinity\) is no instant"),
        ("recipients_at(:account, NULL)", r"moment \(null\) is no instant"),
    ],
)
def test_a_time_that_is_none_is_refused(old_world: World, question: str, words: str) -> None:
    """B2: no row would match it, which reads as nobody."""
    with pytest.raises(DataError, match=words):
        old_world.rows(f"SELECT * FROM publish.{question}")


def test_a_question_waits_for_a_publish_that_may_be_older_than_itself(old_world: World) -> None:
    """The publish has fixed its instant; an answer before its commit would be another one than after it."""
    answered = threading.Event()
    answers: list[Any] = []

    def ask() -> None:
        answers.append(now(old_world))
        answered.set()

    with old_world.engine.connect() as publishing:
        publishing.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('recipients become visible ' || :account, 0))"),
            {"account": "acme"},
        )
        asking = threading.Thread(target=ask)
        asking.start()
        waited = not answered.wait(0.5)
        publishing.rollback()
    asking.join(60)

    assert waited
    assert answers == [{(1, "salesrep"): ("ok", "ann@corp.test")}]


def test_publishes_of_one_account_never_share_an_instant(old_world: World) -> None:
    """A clock that goes back does not put a publish before the one that it follows."""
    old_world.execute("UPDATE ops.publishes SET published_at = now() + interval '1 hour'")
    old_world.sync()

    ((first,), (second,)) = old_world.rows("SELECT published_at FROM ops.publishes ORDER BY published_at")
    assert second - first == timedelta(microseconds=1)


def test_one_invoices_history_is_found_by_its_index(old_world: World) -> None:
    """However many invoices there are, what is read is what belongs to this one."""
    old_world.execute("""
        INSERT INTO raw.invoices (account, id, run_id)
        SELECT :account, number, 'load' FROM generate_series(2, 5000) AS number
    """)
    old_world.execute("""
        INSERT INTO raw.invoice_owners (account, invoice_id, owner_field, employee_id, run_id)
        SELECT :account, number, 'salesrep', 7, 'load' FROM generate_series(2, 5000) AS number
    """)
    old_world.sync()
    old_world.execute("ANALYZE publish.recipients")

    plan = old_world.rows(
        "EXPLAIN SELECT * FROM publish.recipients_history WHERE account = :account AND invoice_id = 1"
    )

    (condition,) = [line for (line,) in plan if "Index Cond" in line and "invoice_id = 1" in line][:1]
    assert "account = 'acme'" in condition
    assert not [line for (line,) in plan if "Seq Scan on recipients" in line]
