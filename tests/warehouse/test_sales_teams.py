"""D6: the sales team takes the place of the sales rep, and the account file says who of it owns the invoice."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.extract.entities import DELETIONS, INVOICES
from include.warehouse.database import open_warehouse
from include.warehouse.errors import WrongColumns
from include.warehouse.ledger import Span
from tests.warehouse.runs import CUTOFF_AT, MODIFIED_AT, Run, invoice, query
from tests.warehouse.teams import ALL, PRIMARY, QUARTER, Choice, Member, Owner, owners_of, team

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

accounts = (f"team account {number}" for number in itertools.count())
LATER_MODIFIED = "2026-02-02T00:00:00Z"
ANN, BOB, CAT = 7, 8, 9


class Account:
    """An account of its own in the shared warehouse; each load is a run, an hour after the one before."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = next(accounts)
        self.runs = 0

    def run(self, choice: Choice | None, **fields: Any) -> Run:
        self.runs += 1
        cutoff_at = CUTOFF_AT + timedelta(hours=self.runs)
        return Run(self.engine, f"run {self.runs}", self.name, cutoff_at, team_selling=choice, **fields)

    def load(self, choice: Choice | None, *rows: Any, **fields: Any) -> Run:
        run = self.run(choice, **fields)
        run.stage_and_load(INVOICES, rows)
        return run

    def rows(self, sql: str) -> list[tuple]:
        return query(self.engine, sql, account=self.name)

    def owners(self) -> dict[tuple[int, str], Owner]:
        found = self.rows(
            "SELECT invoice_id, owner_field, employee_id, reason FROM raw.invoice_owners WHERE account = :account"
        )
        return {(number, field): Owner(employee, reason) for number, field, employee, reason in found}

    def owners_of_one(self) -> dict[str, Owner]:
        return {field: owner for (number, field), owner in self.owners().items() if number == 1}

    def teams(self) -> dict[tuple[int, int], tuple[bool | None, Decimal | None]]:
        found = self.rows(
            "SELECT invoice_id, employee_id, is_primary, contribution FROM raw.sales_teams WHERE account = :account"
        )
        return {(number, employee): (is_primary, share) for number, employee, is_primary, share in found}

    def choice(self) -> list[tuple]:
        return self.rows("SELECT choice, least_contribution, run_id FROM ops.team_selling WHERE account = :account")

    def versions(self) -> list[list[tuple]]:
        tables = ("raw.sales_teams", "raw.invoice_owners", "ops.team_selling")
        return [
            sorted(self.rows(f"SELECT xmin::text, t::text FROM {table} AS t WHERE account = :account"))
            for table in tables
        ]


@pytest.fixture
def acme(shared_warehouse: Engine) -> Account:
    return Account(shared_warehouse)


def of(number: int, members: Sequence[Member] | str | None, modified: str = MODIFIED_AT, **columns: str | None) -> Any:
    """An invoice with a sales team, or with NetSuite's text of one."""
    written = members if members is None or isinstance(members, str) else " ".join(str(member) for member in members)
    return invoice(number, sales_team=written, **{"last_modified_at": modified, **columns})


TEAM = team((ANN, False, "0.3"), (BOB, True, "0.2"), (CAT, None, "0.5"))


@pytest.mark.parametrize(
    ("choice", "owners"),
    [
        (PRIMARY, {"salesrep": Owner(BOB)}),
        (ALL, {"salesrep": Owner(BOB), "salesrep:2": Owner(CAT), "salesrep:3": Owner(ANN)}),
        (QUARTER, {"salesrep": Owner(CAT), "salesrep:2": Owner(ANN)}),
        (Choice("contribution", Decimal("0.6")), {"salesrep": Owner(None, "team_below_contribution")}),
    ],
    ids=["primary", "all", "a quarter", "nobody has so much"],
)
def test_the_account_file_chooses_who_of_the_team_owns_the_invoice(
    acme: Account, choice: Choice, owners: dict[str, Owner]
) -> None:
    """The primary first, then by contribution, then by id; whom nobody chose is in raw.sales_teams all the same."""
    acme.load(choice, of(1, TEAM))
    assert acme.owners_of_one() == owners
    assert acme.teams() == {
        (1, ANN): (False, Decimal("0.3")),
        (1, BOB): (True, Decimal("0.2")),
        (1, CAT): (None, Decimal("0.5")),
    }
    assert acme.choice() == [(*choice, "run 1")]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (team((ANN, False, "0.5"), (BOB, None, "0.5")), "team_without_primary"),
        (team((ANN, True, "0.5"), (BOB, True, "0.5")), "team_without_primary"),
        ("", None),
        (None, None),
    ],
    ids=["no primary", "two primaries", "an empty team", "no team"],
)
def test_a_team_without_one_primary_is_a_reason_and_no_team_is_an_empty_field(
    acme: Account, members: Any, reason: str | None
) -> None:
    acme.load(PRIMARY, of(1, members))
    assert acme.owners_of_one() == {"salesrep": Owner(None, reason)}


@pytest.mark.parametrize(
    ("written", "shares"),
    [
        ("7:T:.6 8:F:0.4", ["0.6", "0.4"]),
        ("7:T:0,6 8:F:,4", ["0.6", "0.4"]),
        ("7:T:60% 8:F:40.5%", ["0.6", "0.405"]),
        ("7:T:60 8:F:40", ["0.6", "0.4"]),
        ("7:T:60 8:F:1", ["0.6", "0.01"]),
        ("7:T:1 8:F:.5", ["1", "0.5"]),
        ("7:T:100% 8:F:1", ["1", "1"]),
        ("7:T: 8:F:1", [None, "1"]),
        ("7:: 8::", [None, None]),
        (" 7.0:T:6E-1  8:F:-0 ", ["0.6", "0"]),
        ("7:F:.25 8:F:.5 7:T:.25", ["0.5", "0.5"]),
    ],
)
def test_a_contribution_is_kept_as_a_share_however_netsuite_writes_it(
    acme: Account, written: str, shares: list[str | None]
) -> None:
    """With a percent sign it is divided by 100; without one so is a team that sums to more than 1.5."""
    acme.load(ALL, of(1, written))
    kept = acme.teams()
    assert [kept[1, number][1] for number in (ANN, BOB)] == [share and Decimal(share) for share in shares]
    assert str(kept[1, ANN][1]) in {"None", *(str(share) for share in shares)}, "no zeros at the end"


def test_other_owner_fields_and_other_accounts_are_as_without_team_selling(acme: Account) -> None:
    fields = ("salesrep", "custbody_collector")
    acme.load(
        ALL,
        of(1, TEAM[:2], custbody_collector="12", custbody_region="EMEA"),
        owner_fields=fields,
        custom_fields=["custbody_region"],
    )
    other = Account(acme.engine)
    other.load(None, invoice(1, salesrep="5"))
    assert acme.owners_of_one() == {"salesrep": Owner(BOB), "salesrep:2": Owner(ANN), "custbody_collector": Owner(12)}
    assert acme.rows("SELECT custom_fields FROM raw.invoices WHERE account = :account") == [
        ({"custbody_region": "EMEA"},)
    ]
    assert (other.owners_of_one(), other.teams(), other.choice()) == ({"salesrep": Owner(5)}, {}, [])


@pytest.mark.parametrize("choice", [PRIMARY, ALL, QUARTER], ids=lambda choice: choice.choice)
def test_members_join_leave_and_change(acme: Account, choice: Choice) -> None:
    """P3, O9: after each load the tables are what a first load would have given."""
    acme.load(choice, of(1, TEAM), of(2, TEAM))
    steps = [
        (*TEAM, Member(10, False, Decimal("0.4"))),
        TEAM[:1],
        team((ANN, True, "0.1"), (BOB, False, "0.9")),
        team((ANN, False, "0.1"), (BOB, True, "0.9")),
        (),
        TEAM,
    ]
    for minute, members in enumerate(steps):
        acme.load(choice, of(1, members, f"2026-02-02T00:0{minute}:00Z"))
        assert acme.owners_of_one() == owners_of(members, choice)
        assert {employee for number, employee in acme.teams() if number == 1} == {each.employee for each in members}
        assert {field: owner for (number, field), owner in acme.owners().items() if number == 2} == owners_of(
            TEAM, choice
        )


def test_what_stays_the_same_is_not_touched(acme: Account) -> None:
    acme.load(ALL, of(1, TEAM), of(2, TEAM))
    before = acme.versions()
    acme.load(ALL, of(1, list(reversed(TEAM))), of(2, TEAM, LATER_MODIFIED))
    assert acme.versions() == before
    acme.load(ALL, of(2, (*TEAM, Member(10)), LATER_MODIFIED))
    assert acme.rows(
        "SELECT invoice_id, employee_id FROM raw.sales_teams WHERE account = :account AND run_id = 'run 3'"
    ) == [(2, 10)]
    assert acme.rows("SELECT owner_field FROM raw.invoice_owners WHERE account = :account AND run_id = 'run 3'") == [
        ("salesrep:4",)
    ]


def test_an_older_version_of_an_invoice_changes_no_team(acme: Account) -> None:
    acme.load(ALL, of(1, TEAM, LATER_MODIFIED))
    acme.load(ALL, of(1, TEAM[:1], MODIFIED_AT))
    assert acme.owners_of_one() == owners_of(TEAM, ALL)


def test_a_bad_row_keeps_the_team_that_was_loaded(acme: Account) -> None:
    """P2."""
    acme.load(ALL, of(1, TEAM))
    run = acme.run(ALL)
    run.stage_and_load(INVOICES, [of(1, "who knows", LATER_MODIFIED)], [(1, "sales_team can't be read")])
    assert acme.owners_of_one() == owners_of(TEAM, ALL)
    assert acme.rows("SELECT payload ->> 'sales_team' FROM quarantine.rows WHERE account = :account") == [
        ("who knows",)
    ]


def test_a_changed_choice_chooses_anew_for_every_invoice_without_reading_them_again(acme: Account) -> None:
    acme.load(PRIMARY, of(1, TEAM), of(2, team((ANN, False, "0.9"))), of(3, None))
    for choice in (ALL, QUARTER, Choice("contribution", Decimal("0.95")), PRIMARY):
        run = acme.load(choice)
        assert {field: owner for (number, field), owner in acme.owners().items() if number == 1} == owners_of(
            TEAM, choice
        )
        assert {field: owner for (number, field), owner in acme.owners().items() if number == 2} == owners_of(
            team((ANN, False, "0.9")), choice
        )
        assert acme.owners()[3, "salesrep"] == Owner(None)
        assert acme.choice() == [(*choice, run.run_id)]
        window = run.ledger.fence().windows["invoices"]
        assert window is not None
    before = acme.versions()
    acme.load(Choice("primary"))
    assert acme.versions() == before


def test_switching_it_on_reads_every_invoice_again_and_so_does_switching_it_off(acme: Account) -> None:
    """As when an owner field joins the account file; until an invoice is read, it keeps the owner it had."""
    acme.load(None, invoice(1, salesrep="5"), invoice(2, salesrep="6"))
    on = acme.run(PRIMARY)
    assert on.ledger.fence().windows["invoices"] is None
    on.stage_and_load(INVOICES, [of(1, TEAM), of(2, team((ANN, False, None)))])
    assert acme.owners() == {(1, "salesrep"): Owner(BOB), (2, "salesrep"): Owner(None, "team_without_primary")}
    assert acme.load(ALL).ledger.fence().windows["invoices"] is not None
    assert (1, "salesrep:3") in acme.owners()

    off = acme.run(None)
    assert off.ledger.fence().windows["invoices"] is None
    off.stage_and_load(INVOICES, [invoice(1, salesrep="5")])
    assert (acme.teams(), acme.choice()) == ({}, [])
    assert acme.owners() == {(1, "salesrep"): Owner(5), (2, "salesrep"): Owner(ANN)}


def test_what_reasons_said_goes_with_the_team(acme: Account) -> None:
    acme.load(PRIMARY, of(1, TEAM[:1]), of(2, TEAM[:1]))
    acme.load(None, invoice(1, salesrep="5"))
    assert acme.owners() == {(1, "salesrep"): Owner(5), (2, "salesrep"): Owner(None)}


def test_a_run_beside_the_scheduled_ones_leaves_owners_whose_team_was_never_read(acme: Account) -> None:
    """O9: a re-sync of one invoice, after team_selling joined the account file and before the next sync."""
    acme.load(None, invoice(1, salesrep="5"), invoice(2, salesrep="6"))
    beside = acme.run(ALL)
    beside.ledger.pass_fence_beside(beside.cutoff_at, {"invoices": Span(None, None)}, {})
    beside.stage(INVOICES, [of(1, TEAM)])
    beside.load(INVOICES, moves_watermark=False)
    assert acme.owners_of_one() == owners_of(TEAM, ALL)
    assert acme.owners()[2, "salesrep"] == Owner(6)
    assert acme.run(ALL).ledger.fence().windows["invoices"] is None


def test_the_owner_field_gone_from_the_account_file_takes_its_members_along(acme: Account) -> None:
    acme.load(ALL, of(1, TEAM, custbody_desk="4"), owner_fields=("salesrep", "custbody_desk"))
    acme.load(None, invoice(1, custbody_desk="4"), owner_fields=("custbody_desk",))
    assert acme.owners_of_one() == {"custbody_desk": Owner(4)}


def test_a_batch_that_was_read_without_the_team_is_refused(acme: Account) -> None:
    """The account file changed between extract and load."""
    run = acme.run(None)
    run.stage(INVOICES, [invoice(1, salesrep="5")])
    run.team_selling = PRIMARY
    with pytest.raises(WrongColumns, match="sales_team"):
        run.load(INVOICES)


def test_the_load_works_with_the_writers_rights_and_the_reader_reads(shared_warehouse: Engine) -> None:
    """O8, P8."""
    url = shared_warehouse.url
    roles = {}
    for role in ("netsuite_sync_writer", "netsuite_sync_reader"):
        as_role = url.update_query_dict({"options": f"-c role={role}"})
        roles[role] = open_warehouse(as_role.render_as_string(hide_password=False))
    acme = Account(roles["netsuite_sync_writer"])
    for choice in (PRIMARY, ALL, None):
        row = of(1, TEAM) if choice else invoice(1, salesrep="5")
        acme.load(choice, row)
        read = "SELECT count(*) FROM raw.sales_teams, ops.team_selling WHERE sales_teams.account = :account"
        assert query(roles["netsuite_sync_reader"], read, account=acme.name)[0][0] >= (3 if choice else 0)
    assert acme.owners_of_one() == {"salesrep": Owner(5)}
    for engine in roles.values():
        engine.dispose()


def test_other_entities_leave_teams_alone(acme: Account) -> None:
    run = acme.load(ALL, of(1, TEAM))
    before = acme.versions()
    run.team_selling = None
    run.stage_and_load(DELETIONS, [{"id": "2", "record_type": "invoice", "deleted_at": MODIFIED_AT}])
    assert acme.versions() == before


shares = st.none() | st.sampled_from(["0", "0.1", "0.25", "0.25", "0.3"]).map(Decimal)
members_of = st.lists(
    st.builds(Member, st.integers(1, 5), st.sampled_from([True, False, False, None]), shares),
    max_size=4,
    unique_by=lambda member: member.employee,
)
choices = st.sampled_from([PRIMARY, ALL, QUARTER, Choice("contribution", Decimal("0.3"))])
batches_of = st.lists(
    st.tuples(choices, st.dictionaries(st.integers(1, 3), members_of, max_size=3)), min_size=1, max_size=3
)


@given(batches=batches_of)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_teams_and_choices_follow_each_other_owners_are_those_of_the_last_ones(
    shared_warehouse: Engine, batches: Any
) -> None:
    """P3."""
    acme = Account(shared_warehouse)
    teams: dict[int, list[Member]] = {}
    for hour, (choice, batch) in enumerate(batches):
        acme.load(choice, *(of(number, members, f"2026-02-02T0{hour}:00:00Z") for number, members in batch.items()))
        teams |= batch
        assert acme.owners() == {
            (number, field): owner
            for number, members in teams.items()
            for field, owner in owners_of(members, choice).items()
        }
