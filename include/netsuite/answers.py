"""Reading what NetSuite answered: the JSON of a success, and which error a refusal is (netsuite.md 1.3).

The `type` and `title` of an error are not stable, bodies may be HTML, empty or JSON that lacks a comma, so an error is
told by its status, its `o:errorCode` and the wording of its detail, whatever their case.
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from include.netsuite.errors import (
    BadQuery,
    NetSuiteDown,
    NetSuiteError,
    NotPermittedOrMissing,
    NotSignedIn,
    Said,
    TooManyRequests,
    UnknownAnswer,
    UnknownColumn,
)

_CONCURRENCY_CODES = {"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED"}
_SIGN_IN_CODES = {"INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT", "invalid_token", "invalid_grant", "invalid_client"}
_PERMISSION_CODES = {"INSUFFICIENT_PERMISSION"}

_QUOTE = r"['\"`\u2018\u2019]?"
_UNKNOWN_COLUMN = re.compile(
    rf"unknown identifier:?\s*{_QUOTE}(?P<name>[\w.$]+)"
    rf"|\bfield\s+{_QUOTE}(?P<field>[\w.$]+){_QUOTE}(\s+for record\s+\S+)?\s+was not found",
    re.IGNORECASE,
)
_UNKNOWN_RECORD = re.compile(
    rf"invalid search type:?\s*{_QUOTE}(?P<name>[\w.$]+)"
    rf"|\brecord\s+{_QUOTE}(?P<record>[\w.$]+){_QUOTE}\s+was not found",
    re.IGNORECASE,
)
_LOOSE_CODE = re.compile(r'"(?:o:)?errorCode"\s*:\s*"([^"]+)"')
_LOOSE_DETAIL = re.compile(r'"detail"\s*:\s*"((?:[^"\\]|\\.)*)"')
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_LONGEST_DETAIL = 500
_SUITEQL_PREFACE = "Invalid search query. Detailed unprocessed description follows. "


def json_object(response: requests.Response) -> dict[str, Any]:
    """Read the JSON object of a success. Numbers stay text, digit for digit.

    Raises NetSuiteDown where the body is cut off or is no JSON (a proxy's or a maintenance page), and UnknownAnswer
    where it is JSON, but no object.
    """
    try:
        body = json.loads(response.content, parse_float=str, parse_int=str, parse_constant=str)
    except ValueError:
        raise NetSuiteDown(
            f"NetSuite's answer could not be read: it is cut off or no JSON. It begins: {_excerpt(response.text)!r}."
            " If that stays so, look for a proxy or NetSuite maintenance in between.",
            status=response.status_code,
        ) from None
    if not isinstance(body, dict):
        raise UnknownAnswer(
            f"NetSuite's answer is JSON, but no object: {_excerpt(response.text)!r}.", status=response.status_code
        )
    return body


def error_of(response: requests.Response) -> NetSuiteError:
    """Tell which error a refused request (any status but 2xx) means, worded for the person who must act."""
    said = _said(response)
    status, code = response.status_code, said.get("code")
    quoted = quotation(said)
    if status == 429 or code in _CONCURRENCY_CODES:
        return TooManyRequests(
            f"NetSuite refuses more requests: the account's concurrency limit is full{quoted}. Other integrations"
            " share that limit: lower the connection's field 'concurrency', or run at another time.",
            retry_after=_retry_after(response),
            **said,
        )
    if status == 401 or code in _SIGN_IN_CODES or _bearer_refused(response):
        return NotSignedIn(f"NetSuite refused the sign-in{quoted}.", seconds_ahead=_seconds_ahead(response), **said)
    if status >= 500 or status == 408:
        return NetSuiteDown(
            f"NetSuite is failing: HTTP {status}{quoted}. Try again later; if it stays so, see status.netsuite.com.",
            retry_after=_retry_after(response),
            **said,
        )
    if status in (403, 404) or code in _PERMISSION_CODES:
        return NotPermittedOrMissing(
            f"NetSuite does not permit this, or it is not there: HTTP {status}{quoted}. Check that the feature REST Web"
            " Services is on, that the role has the permissions 'REST Web Services' and 'SuiteAnalytics Workbook', and"
            " that the connection's base URL is right.",
            **said,
        )
    return _refused_query(said, quoted) if status == 400 else _unknown(status, said, quoted)


def _refused_query(said: Said, quoted: str) -> NetSuiteError:
    detail = said.get("detail") or ""
    if match := _UNKNOWN_COLUMN.search(detail):
        name = match["name"] or match["field"]
        return UnknownColumn(
            f"NetSuite does not know the column {name!r}: it is spelt otherwise in SuiteQL, belongs to a feature that"
            f" is off, or the role may not see it{quoted}.",
            column=name.rsplit(".", 1)[-1].lower(),
            **said,
        )
    if match := _UNKNOWN_RECORD.search(detail):
        name = (match["name"] or match["record"]).rstrip(".")
        return NotPermittedOrMissing(
            f"NetSuite has no record type {name!r} for this role. If it exists in the account, give the role permission"
            f" to view it (Setup > Users/Roles > Manage Roles){quoted}.",
            name=name.lower(),
            **said,
        )
    return BadQuery(f"NetSuite does not accept the query{quoted}.", **said)


def _unknown(status: int, said: Said, quoted: str) -> UnknownAnswer:
    if 300 <= status < 400:
        return UnknownAnswer(
            f"NetSuite answered with a redirect (HTTP {status}), which is not followed, since it would take the"
            " sign-in to another host. Check the connection's base URL and account id.",
            **said,
        )
    return UnknownAnswer(f"NetSuite answered HTTP {status}, which this client does not know{quoted}.", **said)


def quotation(said: Said) -> str:
    """Word NetSuite's own code and text for the end of a sentence; empty if it said nothing."""
    detail = (said.get("detail") or "").removeprefix(_SUITEQL_PREFACE)
    words = " ".join(part for part in (said.get("code"), detail) if part)
    return f" (NetSuite says: {words.rstrip('.')})" if words else ""


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _seconds_ahead(response: requests.Response) -> float | None:
    """Say how far this machine's clock is ahead of the host's."""
    try:
        at = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return (datetime.now(UTC) - at.astimezone(UTC)).total_seconds()


def _bearer_refused(response: requests.Response) -> bool:
    """Say whether the header names an OAuth 2.0 error: it may come with a 400 (ORA:subsect_158521885412)."""
    challenge = response.headers.get("WWW-Authenticate", "").lower()
    return "invalid_token" in challenge or "invalid_request" in challenge


def _said(response: requests.Response) -> Said:
    text = response.text
    try:
        body = json.loads(text)
    except ValueError:
        code, detail = _LOOSE_CODE.search(text), _LOOSE_DETAIL.search(text)
        words = detail[1].replace('\\"', '"') if detail else text
        return Said(status=response.status_code, code=code[1] if code else None, detail=_excerpt(words) or None)
    if not isinstance(body, dict):
        return Said(status=response.status_code, code=None, detail=_excerpt(text) or None)
    inner = _first_error_detail(body)
    code_text = inner.get("o:errorCode") or body.get("o:errorCode") or body.get("error")
    detail_text = inner.get("detail") or body.get("detail") or body.get("error_description") or body.get("title")
    return Said(
        status=response.status_code,
        code=str(code_text) if code_text else None,
        detail=_excerpt(str(detail_text)) if detail_text else None,
    )


def _first_error_detail(body: dict[str, Any]) -> dict[str, Any]:
    details = body.get("o:errorDetails")
    if isinstance(details, list) and details and isinstance(details[0], dict):
        return details[0]
    return {}


def _excerpt(text: str) -> str:
    return " ".join(_TAGS.sub(" ", text).split())[:_LONGEST_DETAIL]
