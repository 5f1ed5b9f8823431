"""C8: the credit standing of customers, as published."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.matching.world import NOON

if TYPE_CHECKING:
    from tests.matching.world import World


def published(world: World, columns: str) -> tuple[Any, ...]:
    (row,) = world.rows(f"SELECT {columns} FROM publish.customer_credit")
    return row


@pytest.mark.parametrize(
    ("limit", "balance", "unbilled", "available", "utilization"),
    [
        ("1000", "250.50", "100", "649.50", "0.3505"),
        ("1000", "-50", None, "1050", "-0.05"),
        ("300", "100", "0", "200", "0.333333"),
        ("0", "10", "5", "-15", None),
        (None, "10", "5", None, None),
        ("1000", None, None, "1000", "0"),
        ("-5", "10", "0", "-15", None),
    ],
)
def test_an_empty_limit_is_no_limit_and_a_zero_limit_is_no_credit(
    world: World, limit: str | None, balance: str | None, unbilled: str | None, available: str | None, utilization: Any
) -> None:
    world.customer(1, credit_limit=limit, balance=balance, unbilled_orders=unbilled)

    world.sync()

    expected = tuple(None if text is None else Decimal(text) for text in (limit, available, utilization))
    assert published(world, "credit_limit, available_credit, utilization") == expected


@pytest.mark.parametrize(
    ("override", "on_credit_hold", "on_hold"),
    [
        ("ON", False, True),
        ("OFF", True, False),
        ("Auto", True, True),
        ("AUTO", False, False),
        (None, True, True),
        (None, None, None),
    ],
)
def test_the_override_decides_the_hold_before_netsuites_own_standing(
    world: World, override: str | None, on_credit_hold: bool | None, on_hold: bool | None
) -> None:
    world.customer(1, credit_hold_override=override, on_credit_hold=on_credit_hold)

    world.sync()

    assert published(world, "on_hold") == (on_hold,)


@pytest.mark.parametrize(
    ("company", "alternative", "name"),
    [("Müller & <Co>", "Alt", "Müller & <Co>"), (" ", "Alt", "Alt"), (None, "", "C-1")],
)
def test_the_name_is_the_first_there_is(world: World, company: str | None, alternative: str, name: str) -> None:
    world.customer(1, company_name=company, alt_name=alternative, entity_id="C-1")

    world.sync()

    assert published(world, "customer_name") == (name,)


def test_all_figures_come_through_with_the_terms_by_name(world: World) -> None:
    world.execute("INSERT INTO raw.terms (account, id, name, run_id) VALUES (:account, 5, 'Net 30', 'load')")
    world.execute("INSERT INTO raw.terms (account, id, name, run_id) VALUES ('other', 5, 'Net 99', 'load')")
    world.customer(
        1,
        currency="EUR",
        balance="10.25",
        overdue_balance="3.10",
        days_overdue="12",
        unbilled_orders="1",
        terms_id=5,
        sales_rep_employee_id=7,
    )

    world.sync()

    columns = "currency, balance, overdue_balance, days_overdue, unbilled_orders, terms, sales_rep_employee_id"
    assert published(world, f"{columns}, refreshed_at") == (
        "EUR", Decimal("10.25"), Decimal("3.10"), 12, Decimal(1), "Net 30", 7, NOON,
    )  # fmt: skip


def test_a_figure_of_days_that_is_no_figure_is_left_empty_and_stops_nothing(world: World) -> None:
    world.customer(1, days_overdue="99999999999")

    world.sync()

    assert published(world, "days_overdue") == (None,)


def test_inactive_customers_stay_and_deleted_ones_leave(world: World) -> None:
    world.customer(1, is_inactive=True)
    world.customer(2)
    world.sync()
    world.execute("UPDATE raw.customers SET deleted_at = now() WHERE id = 2")

    counts = world.sync()

    assert published(world, "customer_id") == (1,)
    assert (counts["credit_inserted"], counts["credit_updated"], counts["credit_deleted"]) == (0, 1, 1)


def test_how_fresh_the_figures_are_never_moves_back(world: World) -> None:
    world.customer(1)
    first = world.pass_fence()
    world.sync()
    later = published(world, "refreshed_at")

    world.publish(first)

    assert published(world, "refreshed_at") == later
