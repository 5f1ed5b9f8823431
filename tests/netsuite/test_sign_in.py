"""Both ways of signing in, as NetSuite documents them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from include.netsuite.client import NetSuiteClient
from include.netsuite.connection import NetSuiteConnection
from include.netsuite.errors import NetSuiteDown, NotSignedIn, UnknownAnswer
from include.netsuite.private_key import load_private_key
from include.netsuite.sign_in import TOKEN_PATH, TbaSignIn
from tests.netsuite.conftest import pem_of
from tests.netsuite.connections import oauth2, tba
from tests.netsuite.scripted_netsuite import Asked, Reply, ScriptedNetSuite, page, refusal, token

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.netsuite.retries import RetryBudget

ONE = "SELECT 1 AS one FROM DUAL"


def oracles_sample() -> NetSuiteConnection:
    """Oracle's published sample keys (ORA:section_1534941088)."""
    return NetSuiteConnection.from_airflow_fields(
        "",
        "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
        "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        {
            "auth": "tba",
            "account": "123456",
            "token_id": "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
            "token_secret": "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
        },
    )


@pytest.mark.parametrize(
    ("method", "url", "signature"),
    [
        (
            "GET",
            "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
            "B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D",
        ),
        (
            # The query is signed; Oracle prints this signature without its leading '+'.
            "POST",
            "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl"
            "?script=6&deploy=1&customParam=someValue&testParam=someOtherValue",
            "%2BKK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ%3D",
        ),
    ],
)
def test_tba_gives_oracles_published_signatures(method: str, url: str, signature: str) -> None:
    signer = TbaSignIn(oracles_sample(), nonce="fjaLirsIcCGVZWzBX0pg", timestamp="1508242306")
    prepared = requests.Request(
        method, url, json={"not": "signed"} if method == "POST" else None, auth=signer
    ).prepare()
    header = prepared.headers["Authorization"]
    assert header.startswith('OAuth realm="123456", ')
    assert f'oauth_signature="{signature}"' in header
    assert 'oauth_signature_method="HMAC-SHA256"' in header


def test_tba_signs_every_sending_anew_also_a_retry(quick: RetryBudget) -> None:
    replies = iter([refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "full"), page([{"one": "1"}])])
    with ScriptedNetSuite(lambda _: next(replies)) as netsuite:
        NetSuiteClient(tba(netsuite.url), retry_budget=quick).probe(ONE)
    headers = [asked.headers["authorization"] for asked in netsuite.asked]
    nonces = {part for header in headers for part in header.split(", ") if part.startswith("oauth_nonce")}
    assert len(nonces) == 2
    assert all('realm="1234567_SB1"' in header for header in headers)


def test_a_refused_tba_sign_in_is_never_sent_twice(quick: RetryBudget) -> None:
    """Five refusals lock the user."""
    with ScriptedNetSuite(lambda _: refusal(401, "INVALID_LOGIN", "Invalid login attempt.")) as netsuite:
        client = NetSuiteClient(tba(netsuite.url), retry_budget=quick)
        for _ in range(3):
            with pytest.raises(NotSignedIn, match=r"1234567_SB1.*consumer key.*clock.*Login Audit Trail") as refused:
                client.probe(ONE)
    assert len(netsuite.asked) == 1
    assert "consumer-secret" not in refused.value.message
    assert "token-secret" not in refused.value.message


def test_a_tba_refusal_counts_with_the_requests_that_are_under_way() -> None:
    """Each is signed with what was refused, so that each counts towards the five."""
    together = threading.Barrier(3)

    def answer(_: Asked) -> Reply:
        together.wait(60)
        return refusal(401, "INVALID_LOGIN", "Invalid login attempt.")

    with ScriptedNetSuite(answer) as netsuite, ThreadPoolExecutor(3) as threads:
        client = NetSuiteClient(tba(netsuite.url, concurrency=3))
        asking = [threads.submit(client.probe, "SELECT 1 FROM DUAL") for _ in range(3)]
        errors = [each.exception(60) for each in asking]
    assert [error.times for error in errors if isinstance(error, NotSignedIn)] == [3, 3, 3]


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [
        (lambda: ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (lambda: rsa.generate_private_key(65537, 3072), "PS256"),
    ],
)
def test_the_assertion_is_what_oracle_documents(make: Callable[[], rsa.RSAPrivateKey], algorithm: str) -> None:
    """ORA:section_162790605110."""
    pem = pem_of(make())
    with ScriptedNetSuite(lambda asked: token() if asked.path == TOKEN_PATH else page([])) as netsuite:
        NetSuiteClient(oauth2(pem, netsuite.url)).probe(ONE)
        (sign_in,) = netsuite.sign_ins
        (query,) = netsuite.queries
    form = dict(parse_qsl(sign_in.text))
    assert form["grant_type"] == "client_credentials"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = form["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": algorithm, "kid": "certificate-1", "typ": "JWT"}
    claims = jwt.decode(
        assertion,
        load_private_key(pem).key.public_key(),
        algorithms=[algorithm],
        audience=netsuite.url + TOKEN_PATH,
    )
    assert claims["iss"] == "client-id"
    assert claims["scope"] == ["rest_webservices"]
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 30
    assert claims["jti"]
    assert query.headers["authorization"] == "Bearer token-1"


def numbered_tokens(expires_in: object, accepted: Callable[[str], bool] = lambda _: True) -> Callable[[Asked], Reply]:
    given = iter(range(1, 100))

    def answer(asked: Asked) -> Reply:
        if asked.path == TOKEN_PATH:
            return token(f"token-{next(given)}", expires_in)
        if accepted(asked.headers["authorization"].removeprefix("Bearer ")):
            return page([{"one": "1"}])
        return Reply(401, "", {"WWW-Authenticate": 'Bearer realm="1234567", error="invalid_token"'})

    return answer


def test_one_token_serves_all_requests_until_shortly_before_its_end(ec_pem: str) -> None:
    with ScriptedNetSuite(numbered_tokens("3600")) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url))
        for _ in range(3):
            client.probe(ONE)
    assert len(netsuite.sign_ins) == 1


def test_a_token_is_renewed_before_it_ends(ec_pem: str) -> None:
    with ScriptedNetSuite(numbered_tokens(0.5)) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url))
        client.probe(ONE)
        time.sleep(0.45)
        client.probe(ONE)
    assert [asked.headers["authorization"] for asked in netsuite.queries] == ["Bearer token-1", "Bearer token-2"]


def test_a_token_that_netsuite_no_longer_takes_is_replaced_once_and_the_query_goes_on(ec_pem: str) -> None:
    with ScriptedNetSuite(numbered_tokens("3600", accepted=lambda name: name == "token-2")) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url))
        client.probe(ONE)
    assert len(netsuite.sign_ins) == 2


def test_a_token_that_ends_again_and_again_is_replaced_each_time(ec_pem: str) -> None:
    taken: set[str] = set()

    def once(name: str) -> bool:
        first = name not in taken
        taken.add(name)
        return first

    with ScriptedNetSuite(numbered_tokens("3600", accepted=once)) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url))
        for _ in range(4):
            client.probe(ONE)
    assert len(netsuite.sign_ins) == 4


def test_a_query_refused_with_every_token_fails_though_others_are_taken(ec_pem: str) -> None:
    given = iter(range(1, 100))

    def answer(asked: Asked) -> Reply:
        if asked.path == TOKEN_PATH:
            return token(f"token-{next(given)}")
        if "refused" not in asked.text:
            return page([{"one": "1"}])
        client.probe(ONE)
        return Reply(401, "", {"WWW-Authenticate": 'Bearer realm="1234567", error="invalid_token"'})

    with ScriptedNetSuite(answer) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url, concurrency=2))
        with pytest.raises(NotSignedIn):
            client.probe("SELECT refused FROM employee")


def test_a_token_that_ends_while_a_request_waits_for_its_turn_is_not_sent(ec_pem: str) -> None:
    held, release = threading.Event(), threading.Event()
    numbered = numbered_tokens(0.5)

    def answer(asked: Asked) -> Reply:
        if asked.path != TOKEN_PATH and not held.is_set():
            held.set()
            assert release.wait(60)
        return numbered(asked)

    with ScriptedNetSuite(answer) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url, concurrency=1))
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(client.probe, ONE)
            assert held.wait(60)
            waiting = pool.submit(client.probe, ONE)
            time.sleep(0.6)
            release.set()
            first.result(60)
            waiting.result(60)
    assert [asked.headers["authorization"] for asked in netsuite.queries] == ["Bearer token-1", "Bearer token-2"]


def test_a_fresh_token_that_is_refused_too_ends_it_for_good(ec_pem: str) -> None:
    with ScriptedNetSuite(numbered_tokens("3600", accepted=lambda _: False)) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url))
        for _ in range(3):
            with pytest.raises(NotSignedIn):
                client.probe(ONE)
    assert len(netsuite.asked) == 4


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (400, "invalid_grant", "certificate id"),
        (401, "invalid_client", "client id"),
        (400, "invalid_request", "certificate id"),
        (400, "invalid_scope", "certificate id"),
        (403, "access_denied", "certificate id"),
        (404, "not_found", "account id"),
    ],
)
def test_a_refused_assertion_says_what_to_check_and_is_not_sent_again(
    ec_pem: str, quick: RetryBudget, status: int, error: str, advice: str
) -> None:
    with ScriptedNetSuite(lambda _: Reply(status, {"error": error})) as netsuite:
        client = NetSuiteClient(oauth2(ec_pem, netsuite.url), retry_budget=quick)
        for _ in range(3):
            with pytest.raises(NotSignedIn, match=advice) as refused:
                client.probe(ONE)
    assert len(netsuite.asked) == 1
    assert refused.value.code == error
    assert "1234567" in refused.value.message


def test_a_token_endpoint_that_is_down_is_asked_again(ec_pem: str, quick: RetryBudget) -> None:
    replies = iter([Reply(503, "<html>maintenance</html>"), Reply(429), token(), page([])])
    with ScriptedNetSuite(lambda _: next(replies)) as netsuite:
        NetSuiteClient(oauth2(ec_pem, netsuite.url), retry_budget=quick).probe(ONE)
    assert len(netsuite.sign_ins) == 3


def test_a_token_endpoint_that_stays_down_is_not_taken_for_a_wrong_key(ec_pem: str, quick: RetryBudget) -> None:
    with ScriptedNetSuite(lambda _: Reply(503)) as netsuite, pytest.raises(NetSuiteDown):
        NetSuiteClient(oauth2(ec_pem, netsuite.url), retry_budget=quick).probe(ONE)
    assert len(netsuite.asked) == quick.attempts


def test_an_answer_without_a_token_is_not_guessed_at(ec_pem: str) -> None:
    untold = Reply(body={"token_type": "bearer"})
    with ScriptedNetSuite(lambda _: untold) as netsuite, pytest.raises(UnknownAnswer, match="access token"):
        NetSuiteClient(oauth2(ec_pem, netsuite.url)).probe(ONE)
