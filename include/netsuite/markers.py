"""Named markers (`:after_id`) in SuiteQL become the `?` that NetSuite knows, with their values in order."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from include.netsuite.errors import BadQuery

# Quoted text and comments come first, so that nothing inside them is taken for a marker.
_TOKEN = re.compile(
    r"""
    (?P<quoted> '(?:[^']|'')*' | "[^"]*" )
  | (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<marker> (?<![:\w]) : (?P<name>[A-Za-z_]\w*) )
  | (?P<placeholder> \? )
    """,
    re.VERBOSE | re.DOTALL,
)


class BoundQuery(NamedTuple):
    """SuiteQL as it is sent: `q` with one `?` for each text in `params`."""

    q: str
    params: list[str]


def bind(sql: str, params: Mapping[str, object]) -> BoundQuery:
    """Put values beside the query, never into it. Comments are dropped, quoted text is left alone.

    Values are sent as text, as Oracle documents it (ORA:section_157909186990, "Using Bound Parameters"); str, int and
    Decimal are allowed. Params that the query does not name are ignored.
    Raises BadQuery for a marker without a value, a `?` in the query, or a value of another type.
    """
    values: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        if match["quoted"]:
            return match["quoted"]
        if match["comment"]:
            return " "
        if match["placeholder"]:
            raise BadQuery("The query holds a '?'. Give its values by named markers such as :after_id.")
        values.append(_as_text(match["name"], params))
        return "?"

    bound = _TOKEN.sub(replaced, sql)
    lines = (line.rstrip() for line in bound.splitlines())
    return BoundQuery("\n".join(line for line in lines if line).strip().removesuffix(";").rstrip(), values)


def _as_text(name: str, params: Mapping[str, object]) -> str:
    if name not in params:
        raise BadQuery(
            f"The query's marker :{name} has no value. Values were given for: {', '.join(params) or 'none'}."
        )
    value = params[name]
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadQuery(
            f"The value of marker :{name} is a {type(value).__name__}. Give text, int or Decimal; a date or an instant"
            " as text, with its mask in the query (TO_DATE, TO_TIMESTAMP)."
        )
    return format(value, "f") if isinstance(value, Decimal) else str(value)
