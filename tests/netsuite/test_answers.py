"""Every refusal in netsuite.md 1.3 is told apart, whatever the form of its body."""

from __future__ import annotations

import json

import pytest
import requests

from include.netsuite.answers import error_of, json_object
from include.netsuite.errors import (
    BadQuery,
    NetSuiteDown,
    NetSuiteError,
    NotPermittedOrMissing,
    NotSignedIn,
    TooManyRequests,
    UnknownAnswer,
    UnknownColumn,
)

INTRO = "Invalid search query. Detailed unprocessed description follows. "


def response(status: int, body: object = "", **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


def refusal(status: int, code: str, detail: str) -> requests.Response:
    return response(status, {"title": "Bad Request", "o:errorDetails": [{"detail": detail, "o:errorCode": code}]})


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (refusal(400, "INVALID_PARAMETER", INTRO + "Search error occurred: Invalid or unsupported search."), BadQuery),
        (refusal(400, "USER_ERROR", "Something else"), BadQuery),
        (refusal(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Too many"), TooManyRequests),
        (refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded."), TooManyRequests),
        (refusal(401, "INVALID_LOGIN", "Invalid login attempt."), NotSignedIn),
        (refusal(400, "INVALID_LOGIN", "Invalid login attempt."), NotSignedIn),
        (response(400, {"error": "invalid_grant"}), NotSignedIn),
        (response(400, "", WWW_Authenticate='Bearer realm="1234567", error="invalid_request"'), NotSignedIn),
        (response(401, "<html><body>Unauthorized</body></html>"), NotSignedIn),
        (refusal(403, "INSUFFICIENT_PERMISSION", "You need the permission"), NotPermittedOrMissing),
        (refusal(404, "INSUFFICIENT_PERMISSION", "You need the permission"), NotPermittedOrMissing),
        (refusal(400, "INSUFFICIENT_PERMISSION", "You need the permission"), NotPermittedOrMissing),
        (response(404, "<html>Not found</html>"), NotPermittedOrMissing),
        (refusal(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: x"), NetSuiteDown),
        (response(503, "<html><h1>Service unavailable</h1></html>"), NetSuiteDown),
        (response(502, ""), NetSuiteDown),
        (response(302, "", Location="https://evil.example.com"), UnknownAnswer),
        (response(418, "[]"), UnknownAnswer),
        (response(400, ""), BadQuery),
        (response(400, "null"), BadQuery),
    ],
)
def test_each_refusal_becomes_the_error_that_says_what_to_do(
    refused: requests.Response, error: type[NetSuiteError]
) -> None:
    assert type(error_of(refused)) is error
    assert error_of(refused).status == refused.status_code


@pytest.mark.parametrize(
    ("detail", "column"),
    [
        (
            INTRO + "Search error occurred: Unknown identifier 'salesrep'. Available identifiers are: {transaction=t}.",
            "salesrep",
        ),
        ("unknown Identifier: `CUSTBODY_X`", "custbody_x"),
        ("Unknown identifier t.salesrep", "salesrep"),
        ("Field 'subsidiary' for record 'transaction' was not found. Reason: NOT_EXPOSED", "subsidiary"),
    ],
)
def test_an_unknown_column_is_named(detail: str, column: str) -> None:
    error = error_of(refusal(400, "INVALID_PARAMETER", detail))
    assert isinstance(error, UnknownColumn)
    assert error.column == column
    assert detail.removeprefix(INTRO).split(".")[0] in error.message


@pytest.mark.parametrize(
    ("detail", "name"),
    [
        ("Search error occurred: Record 'customer' was not found.", "customer"),
        ("RECORD \u2018Customer\u2019 WAS NOT FOUND", "customer"),
        ("Search error occurred: Invalid search type: foo.", "foo"),
        ("invalid search type: 'Foo'", "foo"),
    ],
)
def test_a_record_type_that_is_missing_or_hidden_is_named(detail: str, name: str) -> None:
    error = error_of(refusal(400, "INVALID_PARAMETER", detail))
    assert isinstance(error, NotPermittedOrMissing)
    assert error.name == name
    assert "permission" in error.message


def test_a_body_that_lacks_a_comma_still_says_its_code_and_detail() -> None:
    body = (
        '{"title": "Bad Request" "o:errorDetails": [{"detail": "Limit \\"5\\" exceeded." "o:errorCode": "USER_ERROR"}]}'
    )
    error = error_of(response(429, body))
    assert isinstance(error, TooManyRequests)
    assert (error.code, error.detail) == ("USER_ERROR", 'Limit "5" exceeded.')


def test_html_is_reduced_to_its_words() -> None:
    body = "<html><head><style>b{}</style></head><body><h1>Down for\n maintenance</h1></body></html>"
    assert error_of(response(503, body)).detail == "Down for maintenance"


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None)])
def test_retry_after_is_read_where_netsuite_sends_it(header: str, seconds: float | None) -> None:
    error = error_of(response(429, "", Retry_After=header))
    assert isinstance(error, TooManyRequests)
    assert error.retry_after == seconds


def test_numbers_of_a_success_keep_their_digits() -> None:
    assert json_object(response(200, '{"a": 1.10, "b": 12345678901234567890}')) == {
        "a": "1.10",
        "b": "12345678901234567890",
    }


@pytest.mark.parametrize("body", ['{"items": [{"id": "1"', "", "<html>Maintenance</html>"])
def test_a_success_that_is_cut_off_or_no_json_may_be_tried_again(body: str) -> None:
    with pytest.raises(NetSuiteDown):
        json_object(response(200, body))


def test_a_success_that_is_no_object_is_not_guessed_at() -> None:
    with pytest.raises(UnknownAnswer):
        json_object(response(200, "[1]"))
