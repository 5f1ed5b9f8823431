"""Owner ids that are no employees: what NetSuite says they are, over HTTP (O11, D9, issue part 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.matching.owner_lookup import (
    IDS_PER_QUERY,
    Found,
    check_lookups,
    look_up_owners,
    owners_to_look_up,
    record_lookups,
)
from include.netsuite.client import NetSuiteClient
from include.netsuite.connection import NetSuiteConnection
from include.netsuite.errors import NotPermittedOrMissing
from tests.sandbox_process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.matching.world import World

EMPLOYEE, VENDOR, DELETED_EMPLOYEE, DELETED_VENDOR, NOBODY = 900_001, 900_002, 900_003, 900_004, 900_005


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(invoices=50) as process:
        for table, ids in {
            "employee": (EMPLOYEE, DELETED_EMPLOYEE),
            "vendor": (VENDOR, DELETED_VENDOR),
        }.items():
            for number in ids:
                process.control("POST", f"/rows/{table}", {"id": number, "entityid": f"{table} {number}"})
        process.control("DELETE", f"/rows/employee/{DELETED_EMPLOYEE}")
        process.control("DELETE", f"/rows/vendor/{DELETED_VENDOR}")
        yield process


@pytest.fixture
def client(sandbox: SandboxProcess) -> NetSuiteClient:
    return client_of(sandbox)


def client_of(sandbox: SandboxProcess) -> NetSuiteClient:
    fields = sandbox.connection("oauth2")
    return NetSuiteClient(
        NetSuiteConnection.from_airflow_fields(fields["host"], fields["login"], fields["password"], fields["extra"])
    )


def looked_up(world: World) -> list[tuple[Any, ...]]:
    return world.rows("SELECT owner_id, found_as, netsuite_type, run_id FROM raw.owner_lookups ORDER BY 1")


def record(world: World, run_id: str, found: Mapping[int, Found]) -> int:
    with world.engine.begin() as connection:
        return record_lookups(connection, "acme", run_id, found)


def to_look_up(world: World) -> list[int]:
    with world.engine.begin() as connection:
        return owners_to_look_up(connection, "acme")


def test_netsuite_says_what_each_id_is(client: NetSuiteClient) -> None:
    found = look_up_owners(client, [NOBODY, EMPLOYEE, VENDOR, DELETED_EMPLOYEE, DELETED_VENDOR])

    assert {number: answer.found_as for number, answer in found.items()} == {
        EMPLOYEE: "employee",
        VENDOR: "other_entity",
        DELETED_EMPLOYEE: "deleted_employee",
        DELETED_VENDOR: "other_entity",
        NOBODY: "nothing",
    }
    assert found[VENDOR].netsuite_type == "Vendor"
    assert found[NOBODY].netsuite_type is None


def test_a_deleted_record_that_is_no_entity_does_not_count(sandbox: SandboxProcess, client: NetSuiteClient) -> None:
    """Ids are unique within entities and within transactions, not over both."""
    sandbox.control("POST", "/rows/transaction", {"id": NOBODY, "type": "CustInvc", "tranid": "X"})
    sandbox.control("DELETE", f"/rows/transaction/{NOBODY}")

    assert look_up_owners(client, [NOBODY])[NOBODY].found_as == "nothing"


class Scripted:
    """Answers what it is told, by the table that is asked, and keeps the questions."""

    def __init__(self, entities: dict[int, str], deleted: list[tuple[int, str]]) -> None:
        self.answers = {"entity e": list(entities.items()), "deletedrecord d": deleted}
        self.asked: list[tuple[str, list[object]]] = []

    def query(self, sql: str, params: dict[str, object], columns: object) -> list[dict[str, object]]:
        table = next(table for table in self.answers if f"FROM {table}" in sql)
        self.asked.append((table, list(params.values())))
        return [{"id": n, "netsuite_type": kind} for n, kind in self.answers[table] if n in params.values()]


@pytest.mark.parametrize(
    ("kind", "found_as"),
    [("EMPLOYEE", "employee"), ("employee", "employee"), ("CustJob", "other_entity"), ("Vendor", "other_entity")],
)
def test_types_are_compared_in_any_case_and_kept_as_netsuite_spells_them(kind: str, found_as: str) -> None:
    assert look_up_owners(Scripted({7: kind}, []), [7]) == {7: Found(found_as, kind)}  # type: ignore[arg-type]


def test_an_id_deleted_under_two_types_was_an_employee_if_one_of_them_was() -> None:
    for deleted in ([(7, "Lead"), (7, "employee")], [(7, "employee"), (7, "Lead")]):
        assert look_up_owners(Scripted({}, deleted), [7]) == {7: Found("deleted_employee", "employee")}  # type: ignore[arg-type]


def test_each_id_is_asked_once_in_bounded_batches_and_deleted_records_only_for_those_not_found() -> None:
    ids = range(1, 2 * IDS_PER_QUERY + 2)
    scripted = Scripted(dict.fromkeys(range(3, 2 * IDS_PER_QUERY + 2), "Vendor"), [])

    found = look_up_owners(scripted, [*ids, 5, 5])  # type: ignore[arg-type]

    assert found.keys() == set(ids)
    asked = [numbers for table, numbers in scripted.asked if table == "entity e"]
    assert sorted(number for numbers in asked for number in numbers) == list(ids)
    assert max(map(len, asked)) == IDS_PER_QUERY <= 500
    assert [numbers for table, numbers in scripted.asked if table == "deletedrecord d"] == [[1, 2]]


def test_more_ids_than_one_question_holds_are_all_answered(client: NetSuiteClient) -> None:
    ids = range(NOBODY + 1, NOBODY + 2 * IDS_PER_QUERY)

    found = look_up_owners(client, [EMPLOYEE, *ids])

    assert found == {EMPLOYEE: found[EMPLOYEE], **dict.fromkeys(ids, Found("nothing", None))}


def test_nothing_is_asked_for_no_ids(client: NetSuiteClient) -> None:
    assert look_up_owners(client, []) == {}
    assert client.stats.requests == 0


@pytest.mark.parametrize("table", ["entity", "deletedrecord"])
def test_a_role_that_may_not_see_a_table_is_found_before_anything_is_looked_up(table: str) -> None:
    with SandboxProcess(invoices=50, hide=[table]) as sandbox, pytest.raises(NotPermittedOrMissing) as refused:
        check_lookups(client_of(sandbox))

    assert refused.value.name == table


def test_a_role_that_may_see_both_passes_the_check(client: NetSuiteClient) -> None:
    check_lookups(client)

    assert client.stats.retries == {}


def test_only_owners_of_live_invoices_that_are_no_employees_are_looked_up(world: World) -> None:
    world.employee(1)
    world.employee(2, deleted=True)
    world.invoice(10, salesrep=1, custbody_collector=3)
    world.invoice(11, salesrep=2, custbody_collector=None)
    world.invoice(12, deleted=True, salesrep=4)
    world.invoice(13, salesrep=5, custbody_collector=3)

    assert to_look_up(world) == [3, 5]


def test_answers_are_recorded_and_leave_when_they_are_no_longer_asked_for(world: World) -> None:
    first = {3: Found("nothing", None), 5: Found("other_entity", "Vendor"), 6: Found("deleted_employee", "Employee")}
    assert record(world, "run 1", first) == 3

    changed = record(world, "run 2", {3: Found("other_entity", "CustJob"), 5: Found("other_entity", "Vendor")})

    assert changed == 2
    assert looked_up(world) == [(3, "other_entity", "CustJob", "run 2"), (5, "other_entity", "Vendor", "run 1")]


def test_an_answer_that_another_run_has_recorded_since_stays_while_an_invoice_names_its_id(world: World) -> None:
    """P5: two runs at once; the one that asked first knows nothing of the invoice that the other has loaded."""
    world.invoice(10, salesrep=3)
    asked_by_first = to_look_up(world)
    world.invoice(11, salesrep=5)
    record(world, "run 2", dict.fromkeys(to_look_up(world), Found("other_entity", "Vendor")))

    assert record(world, "run 1", dict.fromkeys(asked_by_first, Found("other_entity", "Vendor"))) == 0
    assert [row[0] for row in looked_up(world)] == [3, 5]


def test_the_same_answers_again_write_nothing(world: World) -> None:
    found = {3: Found("nothing", None), 5: Found("other_entity", "Vendor")}
    record(world, "run 1", found)
    before = world.versions("raw.owner_lookups")

    assert record(world, "run 2", found) == 0
    assert world.versions("raw.owner_lookups") == before


def test_no_answers_empty_the_accounts_lookups_and_no_others(world: World) -> None:
    world.lookup(3, "nothing")
    world.execute(
        "INSERT INTO raw.owner_lookups (account, owner_id, found_as, run_id) VALUES ('other', 3, 'nothing', 'x')"
    )

    assert record(world, "run 2", {}) == 1
    assert world.rows("SELECT account FROM raw.owner_lookups") == [("other",)]


def test_an_account_whose_entities_have_no_type_still_says_which_ids_are_entities(
    sandbox: SandboxProcess, client: NetSuiteClient
) -> None:
    sandbox.control("POST", "/settings", {"hidden_columns": ["entity.type"]})
    try:
        check_lookups(client)
        found = look_up_owners(client, [VENDOR, DELETED_EMPLOYEE, NOBODY])
    finally:
        sandbox.control("POST", "/settings", {"hidden_columns": []})

    assert found[VENDOR] == Found("other_entity", None)
    assert found[DELETED_EMPLOYEE].found_as == "deleted_employee"
    assert found[NOBODY].found_as == "nothing"
