"""What a template resolves to, invoice by invoice and for a set of them: rows O10, O11, D7, D9."""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING

import pytest

from include.recipients.resolve import MailedOnce, Recipient, resolve
from include.recipients.template import Template, parse_template
from include.recipients.words import STATUSES
from include.warehouse.database import psycopg_connection

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.recipients.world import RecipientsWorld

SALESREP = "{{user_from_source_id:salesrep}}"
COLLECTOR = "{{user_from_source_id:custbody_collector}}"
BOTH = f"{SALESREP}, {COLLECTOR}"


@pytest.fixture
def synced(world: RecipientsWorld) -> RecipientsWorld:
    """Ann and Bob own what they own; employee 3 left."""
    world.employee(1, " Ann@Corp.test ")
    world.employee(2, "bob@corp.test")
    world.employee(3, "gone@corp.test", inactive=True)
    world.invoice(101, salesrep=1, custbody_collector=2)
    world.invoice(102, salesrep=1, custbody_collector=1)
    world.invoice(103, salesrep=3, custbody_collector=None)
    world.invoice(104, salesrep=1, custbody_collector=2, deleted=True)
    world.sync()
    return world


def test_each_smart_field_resolves_to_the_matched_users_address(synced: RecipientsWorld) -> None:
    """O10: mixed with plain addresses; the address is the record's, trimmed."""
    (invoice,) = synced.resolve(f"{BOTH}; desk@corp.test", 101).invoices
    assert (invoice.state, invoice.invoice_id, invoice.invoice_number) == ("ok", 101, "INV101")
    assert invoice.recipients == (
        Recipient("Ann@Corp.test", ("salesrep",)),
        Recipient("bob@corp.test", ("custbody_collector",)),
        Recipient("desk@corp.test", (None,)),
    )
    assert invoice.unresolved == ()


def test_duplicates_collapse_by_match_key_and_the_records_spelling_is_mailed(synced: RecipientsWorld) -> None:
    """O10, D5."""
    (invoice,) = synced.resolve(f"ANN@corp.test, {BOTH}, {SALESREP}, ann@CORP.TEST", 102).invoices
    assert invoice.recipients == (Recipient("Ann@Corp.test", ("salesrep", "custbody_collector", None)),)


def test_a_field_that_gives_no_recipient_says_which_check_failed_and_who_can_mend_it(synced: RecipientsWorld) -> None:
    """O11."""
    (invoice,) = synced.resolve(BOTH, 103).invoices
    assert invoice.recipients == ()
    assert [(each.owner_field, each.status, each.employee_id) for each in invoice.unresolved] == [
        ("salesrep", "employee_inactive", 3),
        ("custbody_collector", "owner_empty", None),
    ]
    assert invoice.unresolved[0].why == "the employee is inactive in NetSuite"
    assert invoice.unresolved[0].who_can_mend == "NetSuite administrator"


def test_every_status_that_is_published_has_words(world: RecipientsWorld) -> None:
    """O11: the contract's list, as the table's own check has it."""
    ((definition,),) = world.rows("""
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = 'publish.recipients'::regclass AND conname = 'recipients_status_check'
    """)
    statuses = set(re.findall(r"'(\w+)'::text", definition))
    assert len(statuses) == 13
    assert statuses - {"ok"} <= set(STATUSES)


def test_the_union_names_each_address_once_with_the_invoices_it_came_from(synced: RecipientsWorld) -> None:
    """D7: who is reached twice is mailed once."""
    resolution = synced.resolve(f"bob@CORP.test, {BOTH}", 101, 102, 103, 102)
    assert [invoice.asked for invoice in resolution.invoices] == [101, 102, 103, 102]
    assert resolution.union == (
        MailedOnce("Ann@Corp.test", (101, 102)),
        MailedOnce("bob@corp.test", (101, 102, 103)),
    )


def test_an_invoice_is_found_by_its_number_too(synced: RecipientsWorld) -> None:
    by_number, by_id = synced.resolve(SALESREP, "INV101", 101).invoices
    assert (by_number.invoice_id, by_number.recipients) == (101, by_id.recipients)


def test_an_unknown_or_deleted_invoice_is_said_and_nobody_is_mailed_about_it(synced: RecipientsWorld) -> None:
    """D9; plain addresses neither."""
    resolution = synced.resolve(f"{SALESREP}, desk@corp.test", 104, "INV104", 999, "INV999", "", "\0", "\ud800", 2**70)
    assert [invoice.state for invoice in resolution.invoices] == ["invoice_deleted"] * 2 + ["unknown_invoice"] * 6
    assert all(invoice.why and not invoice.recipients for invoice in resolution.invoices)
    assert resolution.union == ()


def test_a_number_of_several_live_invoices_is_never_guessed_and_a_deleted_one_is_no_rival(
    synced: RecipientsWorld,
) -> None:
    synced.execute("UPDATE raw.invoices SET invoice_number = 'INV101' WHERE id IN (102, 104)")
    (twice,) = synced.resolve(SALESREP, "INV101").invoices
    assert (twice.state, twice.invoice_id, twice.recipients) == ("ambiguous_number", None, ())
    assert "(101, 102)" in (twice.why or "")

    synced.execute("UPDATE raw.invoices SET deleted_at = now() WHERE id = 102")
    (one_lives,) = synced.resolve(SALESREP, "INV101").invoices
    assert (one_lives.state, one_lives.invoice_id) == ("ok", 101)


def test_a_field_that_the_last_publish_did_not_have_is_said(synced: RecipientsWorld) -> None:
    synced.invoice(105, salesrep=1)  # loaded, not published yet
    synced.owner_fields = (*synced.owner_fields, "custbody_new")
    new_field, new_invoice = synced.resolve("{{user_from_source_id:custbody_new}}", 101, 105).invoices
    assert [each.status for each in (*new_field.unresolved, *new_invoice.unresolved)] == ["field_not_published"] * 2
    (new_invoice,) = synced.resolve(SALESREP, 105).invoices
    assert [each.status for each in new_invoice.unresolved] == ["field_not_published"]


def test_other_accounts_invoices_are_unknown(synced: RecipientsWorld) -> None:
    synced.account = "beta"
    (invoice,) = synced.resolve(SALESREP, 101).invoices
    assert invoice.state == "unknown_invoice"


def test_a_template_of_plain_addresses_needs_no_field(synced: RecipientsWorld) -> None:
    (invoice,) = synced.resolve("desk@corp.test", 101).invoices
    assert invoice.recipients == (Recipient("desk@corp.test", (None,)),)


def queries(engine: Engine, template: Template, invoices: list[int | str]) -> list[str]:
    """What the client sent to the server while it resolved, as libpq's own trace has it."""
    with engine.connect() as connection, tempfile.TemporaryFile("w+") as trace:
        server = psycopg_connection(connection).pgconn
        server.trace(trace.fileno())
        resolve(connection, "acme", template, invoices)
        server.untrace()
        os.lseek(trace.fileno(), 0, os.SEEK_SET)
        return [line for line in trace.read().splitlines() if re.search(r"\tF\t\d+\t(Query|Parse)", line)]


def test_a_thousand_invoices_are_one_query(synced: RecipientsWorld) -> None:
    """O10: counted on the wire; the other query begins the transaction."""
    template = parse_template(BOTH, synced.owner_fields)
    thousand = [101, "INV102", *range(1_000, 1_998)]
    sent = queries(synced.engine, template, thousand)
    assert len(sent) == 2, sent
    assert "BEGIN" in sent[0]
    assert len(resolve_states(synced, template, thousand)) == 1_000


def resolve_states(world: RecipientsWorld, template: Template, invoices: list[int | str]) -> list[str]:
    with world.engine.connect() as connection:
        return [invoice.state for invoice in resolve(connection, world.account, template, invoices).invoices]


def test_sql_gives_the_same_to_those_who_join(synced: RecipientsWorld) -> None:
    """O10: publish.template_recipients, one row per invoice and per field or plain address."""
    rows = synced.rows("""
        SELECT invoice_id, invoice_number, owner_field, email, status
        FROM publish.template_recipients(
            :account,
            ARRAY['salesrep', 'custbody_collector', 'nope'],
            ARRAY['desk@corp.test'],
            ARRAY[101, 103, 104, 999]
        )
        ORDER BY invoice_id, owner_field
    """)
    assert rows == [
        (101, "INV101", "custbody_collector", "bob@corp.test", "ok"),
        (101, "INV101", "nope", None, "field_not_published"),
        (101, "INV101", "salesrep", "Ann@Corp.test", "ok"),
        (101, "INV101", None, "desk@corp.test", "ok"),
        (103, "INV103", "custbody_collector", None, "owner_empty"),
        (103, "INV103", "nope", None, "field_not_published"),
        (103, "INV103", "salesrep", None, "employee_inactive"),
        (103, "INV103", None, "desk@corp.test", "ok"),
        *(
            (104, "INV104", source, None, "invoice_deleted")
            for source in ("custbody_collector", "nope", "salesrep", None)
        ),
        *((999, None, source, None, "unknown_invoice") for source in ("custbody_collector", "nope", "salesrep", None)),
    ]
