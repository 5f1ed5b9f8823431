"""Which rows go to quarantine, with which reasons, and which are loaded with a warning (P2)."""

import pytest

from include.extract.entities import CUSTOMERS, DELETIONS, EMPLOYEES, ENTITIES, INVOICES, TERMS, Entity
from include.validate.errors import BadBatch
from tests.validate.conftest import ANY_SHARE, StagedBatches

DATE = "is not a date (YYYY-MM-DD)"
INSTANT = "is not an instant (YYYY-MM-DDTHH:MM:SSZ)"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_good_batch_has_nothing_to_say(batches: StagedBatches, entity: Entity):
    outcome = batches.outcome_of(entity, {}, {}, {})
    assert (outcome.rows, outcome.bad_rows, outcome.reasons, outcome.warnings) == (3, 0, {}, {})


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_batch_of_nulls_lacks_only_what_every_record_must_have(batches: StagedBatches, entity: Entity):
    nulls = {column.name: None for column in entity.columns if column.name != "id"}
    reasons = batches.outcome_of(entity, nulls | {"email_key": None, "email_address": None}).reasons
    must_have = {"invoices": ["customer_id"], "deletions": ["record_type", "deleted_at"]}.get(entity.name, [])
    assert reasons == {f"{column} is missing": 1 for column in must_have}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_row_without_id_is_bad(batches: StagedBatches, entity: Entity, nothing: str | None):
    assert batches.outcome_of(entity, {"id": nothing}, {}).reasons == {"id is missing": 1}


@pytest.mark.parametrize("entity", [INVOICES, EMPLOYEES, CUSTOMERS, TERMS], ids=lambda entity: entity.name)
def test_all_rows_of_one_id_are_bad_however_the_id_is_written(batches: StagedBatches, entity: Entity):
    table = batches.stage(entity, [{"id": "11000000"}, {"id": "1.1E7"}, {"id": "12"}])
    assert batches.validate(entity, table).reasons == {"id is not unique in the batch": 2}
    assert [row for row, _ in batches.bad_rows(table)] == [1, 2]


def test_a_deletion_told_twice_is_still_true_and_other_types_may_have_its_id(batches: StagedBatches):
    invoice, employee = {"id": "5", "record_type": "invoice"}, {"id": "5", "record_type": "employee"}
    assert batches.outcome_of(DELETIONS, invoice, employee).warnings == {}
    outcome = batches.outcome_of(DELETIONS, invoice, employee, invoice | {"record_type": "Invoice"})
    assert (outcome.bad_rows, outcome.warnings) == (0, {"id is not unique per record type": 2})


@pytest.mark.parametrize(
    ("entity", "column"),
    [(entity, column.name) for entity in ENTITIES for column in entity.columns if column.type == "id"],
    ids=lambda part: getattr(part, "name", part),
)
def test_every_reference_is_a_whole_positive_number_within_bigint(batches: StagedBatches, entity: Entity, column: str):
    good = ["9223372036854775807", "12", "1.1E7", "12.0"]
    bad = ["0", "-5", "1.5", "9223372036854775808", "1E99", "abc", "NaN", "Infinity", " 5", "0x1F", "1_000", "٣"]
    outcome = batches.outcome_of(entity, *({column: text} for text in good + bad))
    assert outcome.reasons[f"{column} is not a whole positive number"] == len(bad)


@pytest.mark.parametrize("text", ["-5", "0", "x", "7,8"])
def test_every_owner_field_is_a_reference_or_empty(batches: StagedBatches, text: str):
    """O1: any owner field of the account file, custom ones alike."""
    rows = [{"salesrep": "5", "custbody_collector": text}, {"salesrep": None, "custbody_collector": None}]
    outcome = batches.outcome_of(INVOICES, *rows, owner_fields=("salesrep", "custbody_collector"))
    assert outcome.reasons == {"custbody_collector is not a whole positive number": 1}


TEAM = "sales_team can't be read (employee:isprimary:contribution of each member)"


def test_a_sales_team_names_its_members(batches: StagedBatches):
    """D6: an invoice whose team can't be read is no invoice without a team."""
    good = [
        "12:T:0.6 15:F:.4",
        "12:T:1",
        "12::",
        "12:T:.5 12:F:.5",
        "12:T: 15:F:0",
        "12:F:0,6 15:F:,4",
        "12:T:60% 15:F:40%",
        "9" * 18 + ":T:1.",
    ]
    bad = [
        "12", "12:T", "12:X:1", "12:T:half", "12:T:1:2", ":T:1", "0:T:1", "012:T:1", "-1:T:1", "1.5:T:1", "a:T:1",
        "12:T:.6  15:F:.4", " 12:T:1", "12:T:1 ", "12:T:1\t15:F:0", "12:T:%", "12:T:.", "12:T:-1", "12:T:1e3", "12:T:٣",
        "9" * 19 + ":T:1", "12:T:" + "1" * 43, "12:T:.5 and more", "12:t:1",
    ]  # fmt: skip
    rows = [{"sales_team": text} for text in (*good, *bad, None, "")]
    table = batches.stage(INVOICES, rows, sales_team=["sales_team"])
    outcome = batches.validate(INVOICES, table, sales_team=["sales_team"], settings=ANY_SHARE)
    assert outcome.reasons == {TEAM: len(bad)}
    assert [row for row, _ in batches.bad_rows(table)] == [len(good) + number for number in range(1, len(bad) + 1)]


def test_sales_teams_that_can_not_be_read_throughout_stop_the_batch_with_an_example(batches: StagedBatches):
    """NetSuite writes them otherwise than is known. Few invoices may have a team, so that few rows are bad."""
    rows = [{"sales_team": "12 (T)"}] * 7 + [{}] * 200
    table = batches.stage(INVOICES, rows, sales_team=["sales_team"])
    with pytest.raises(BadBatch, match=r"sales_team: 7 of its 7 values .* '12 \(T\)'"):
        batches.validate(INVOICES, table, sales_team=["sales_team"])


@pytest.mark.parametrize(
    ("entity", "column"),
    [(entity, column.name) for entity in ENTITIES for column in entity.columns if column.type == "number"],
    ids=lambda part: getattr(part, "name", part),
)
def test_every_number_is_one(batches: StagedBatches, entity: Entity, column: str):
    good = ["0", "-0.5", ".5", "5.", "1.1E7", "1e-7", "+3", "99999999999999999999.99"]
    bad = ["abc", "NaN", "-Infinity", "inf", "1,5", "1.2.3", ".", "e5", "1e5000", "9" * 41, "$5", " 5", "5\n", "٣"]
    outcome = batches.outcome_of(entity, *({column: text} for text in good + bad))
    assert outcome.reasons == {f"{column} is not a number": len(bad)}


@pytest.mark.parametrize("column", ["invoice_date", "due_date"])
def test_every_date_is_a_day_of_the_calendar(batches: StagedBatches, column: str):
    good = ["2026-11-20", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"]
    bad = ["2026-02-30", "2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "0000-01-01"]
    bad += [
        "2026-11-00",
        "11/20/2026",
        "2026-1-2",
        "20261120",
        "2026-11-20 ",
        "2026-11-20T00:00:00Z",
        "today",
        "infinity",
    ]
    outcome = batches.outcome_of(INVOICES, *({column: text} for text in good + bad))
    assert outcome.reasons == {f"{column} {DATE}": len(bad)}


@pytest.mark.parametrize(
    ("entity", "column"),
    [(entity, column.name) for entity in ENTITIES for column in entity.columns if column.type == "instant"],
    ids=lambda part: getattr(part, "name", part),
)
def test_every_instant_is_one_and_in_utc(batches: StagedBatches, entity: Entity, column: str):
    good = ["2026-11-20T08:30:00Z", "2024-02-29T23:59:59Z", "0001-01-01T00:00:00Z"]
    bad = ["2026-02-30T08:30:00Z", "2026-11-20T24:00:00Z", "2026-11-20T08:60:00Z", "2026-11-20T08:30:60Z"]
    bad += ["2026-11-20T08:30:00", "2026-11-20T08:30:00+02:00", "2026-11-20", "2026-11-20 08:30:00Z", "now", "3/2/2026"]
    outcome = batches.outcome_of(entity, *({column: text} for text in good + bad))
    assert outcome.reasons == {f"{column} {INSTANT}": len(bad)}


@pytest.mark.parametrize(
    ("entity", "column"),
    [(entity, column.name) for entity in ENTITIES for column in entity.columns if column.type == "flag"],
    ids=lambda part: getattr(part, "name", part),
)
def test_every_flag_is_t_or_f(batches: StagedBatches, entity: Entity, column: str):
    bad = ["t", "true", "Yes", "0", " T"]
    outcome = batches.outcome_of(entity, {column: "T"}, {column: "F"}, *({column: text} for text in bad))
    assert outcome.reasons == {f"{column} is not T or F": len(bad)}


def test_an_empty_text_counts_as_none_as_everywhere_in_the_project(batches: StagedBatches):
    assert batches.outcome_of(INVOICES, {"due_date": "", "terms_id": "", "exchange_rate": ""}).bad_rows == 0
    assert batches.outcome_of(INVOICES, {"customer_id": ""}).reasons == {"customer_id is missing": 1}


def test_a_bad_row_is_written_down_with_every_reason(batches: StagedBatches):
    table = batches.stage(
        INVOICES, [{}, {"total": "x", "invoice_date": "2026-02-30", "customer_id": None}, {"total": "y"}]
    )
    outcome = batches.validate(INVOICES, table)
    assert outcome.bad_rows == 2
    assert outcome.reasons == {"total is not a number": 2, f"invoice_date {DATE}": 1, "customer_id is missing": 1}
    assert batches.bad_rows(table) == [
        (2, "customer_id is missing"),
        (2, f"invoice_date {DATE}"),
        (2, "total is not a number"),
        (3, "total is not a number"),
    ]


def test_validating_again_replaces_what_was_written_down(batches: StagedBatches):
    table = batches.stage(INVOICES, [{"total": "x"}, {}])
    assert batches.validate(INVOICES, table) == batches.validate(INVOICES, table)
    assert batches.bad_rows(table) == [(1, "total is not a number")]


def test_texts_and_custom_fields_may_hold_anything(batches: StagedBatches):
    anything = "<b>O'Brien & Söhne</b> {batch} :name %s $1 \\ \" \n"
    outcome = batches.outcome_of(
        INVOICES, {"memo": anything, "status": anything, "custbody_note": anything}, custom_fields=("custbody_note",)
    )
    assert outcome.bad_rows == 0


class TestWarnings:
    """The row is loaded; matching and the pages say more (O7)."""

    @pytest.mark.parametrize(
        ("email", "warned"), [("not an address", True), ("   ", False), ("", False), (None, False)]
    )
    def test_an_address_of_bad_shape(self, batches: StagedBatches, email: str | None, warned: bool):
        """O7: an employee without an address is a fact, one with a bad address a mistake."""
        table = batches.stage(EMPLOYEES, [{"email": email, "email_address": None, "email_key": None}, {}])
        outcome = batches.validate(EMPLOYEES, table)
        assert outcome.warnings == ({"email is not a valid e-mail address": 1} if warned else {})
        assert (outcome.bad_rows, batches.bad_rows(table)) == (0, [])

    @pytest.mark.parametrize(
        ("limit", "warned"), [("-0.01", True), ("-1E3", True), ("0", False), ("-0.0", False), ("5", False)]
    )
    def test_a_credit_limit_below_zero(self, batches: StagedBatches, limit: str, warned: bool):
        """C8"""
        outcome = batches.outcome_of(CUSTOMERS, {"credit_limit": limit})
        assert (outcome.warnings, outcome.bad_rows) == ({"credit_limit is below zero": 1} if warned else {}, 0)

    def test_an_invoice_without_number_or_total_is_still_an_invoice(self, batches: StagedBatches):
        outcome = batches.outcome_of(INVOICES, {"invoice_number": None}, {"total": None}, {})
        assert outcome.warnings == {"invoice_number is missing": 1, "total is missing": 1}
        assert outcome.bad_rows == 0
