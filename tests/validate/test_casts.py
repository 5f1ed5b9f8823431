"""What passes the rules can be cast in PostgreSQL: no value blows up in the load."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.netsuite.columns import Column, typed
from include.validate.queries import breaking_rows
from include.validate.rules import CHECK_OF_TYPE, Rule

CASTS = {
    "id": "cast(cast(nullif(value, '') AS numeric) AS bigint)",
    "number": "cast(nullif(value, '') AS numeric)",
    "date": "cast(nullif(value, '') AS date)",
    "instant": "cast(nullif(value, '') AS timestamptz)",
    "flag": "cast(nullif(value, '') AS boolean)",
}
anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=45)
near_a_number = st.from_regex(
    r"[+-]?[0-9_,. ]{0,42}([eE][+-]?[0-9]{1,6})?|0[xob][0-9a-f]+|[+-]?(inf|nan)", fullmatch=True
)
near_a_date = st.from_regex(
    r"[0-9]{3,5}-[01]?[0-9]-[0-3]?[0-9](T[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?(Z|[+-]0[0-9])?)?", fullmatch=True
)
texts = st.lists(anything | near_a_number | near_a_date | st.sampled_from(["T", "F", "now", "infinity"]), max_size=60)

numbers = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1e18"), max_value=Decimal("1e18"), places=4
)
floats = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15).filter(
    lambda x: x == 0 or abs(x) > 1e-15
)
instants = st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(microsecond=0))
GOOD = {
    "id": st.integers(1, 2**63 - 1).map(str),
    "number": numbers.map(str) | numbers.map(lambda number: f"{number:E}") | floats.map(repr),
    "date": st.dates().map(date.isoformat),
    "instant": instants.map(lambda instant: datetime.isoformat(instant)[:19] + "Z"),
    "flag": st.sampled_from(["T", "F"]),
}
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GIVEN = "unnest(cast(:texts AS text[])) WITH ORDINALITY AS given (value, row_number)"
BATCH = f"(SELECT row_number, value FROM {GIVEN}) AS batch"


def bad_texts(engine: sa.Engine, column_type: str, given_texts: list[str]) -> set[str]:
    query = breaking_rows(Rule("value", CHECK_OF_TYPE[column_type])).format(batch=BATCH)
    with engine.connect() as connection:
        return {row.checked_text for row in connection.execute(sa.text(query), {"texts": given_texts})}


@pytest.mark.parametrize("column_type", CASTS)
@given(given_texts=texts)
@QUICK
def test_whatever_passes_a_rule_casts_without_error(
    staging_engine: sa.Engine, column_type: str, given_texts: list[str]
):
    bad = bad_texts(staging_engine, column_type, given_texts)
    passed = [text for text in given_texts if text not in bad]
    with staging_engine.connect() as connection:
        cast = connection.execute(sa.text(f"SELECT {CASTS[column_type]} FROM {BATCH}"), {"texts": passed}).scalars()
        assert len(list(cast)) == len(passed)


@pytest.mark.parametrize("column_type", CASTS)
@given(data=st.data())
@QUICK
def test_whatever_netsuite_writes_well_passes(staging_engine: sa.Engine, column_type: str, data: st.DataObject):
    given_texts = data.draw(st.lists(GOOD[column_type], max_size=60))
    assert bad_texts(staging_engine, column_type, given_texts) == set()


@pytest.mark.parametrize("column_type", CASTS)
@given(data=st.data())
@QUICK
def test_what_passes_is_read_alike_by_python_and_by_the_database(
    staging_engine: sa.Engine, column_type: str, data: st.DataObject
):
    """The client's own reading of a column and the rules agree on what a text means."""
    given_texts = data.draw(st.lists(GOOD[column_type], min_size=1, max_size=20))
    column = Column("value", column_type)
    python = [typed({"value": text}, [column])["value"] for text in given_texts]
    with staging_engine.connect() as connection:
        connection.execute(sa.text("SET LOCAL TIME ZONE 'UTC'"))
        cast = connection.execute(
            sa.text(f"SELECT {CASTS[column_type]} FROM {BATCH}"), {"texts": given_texts}
        ).scalars()
        assert list(cast) == python
