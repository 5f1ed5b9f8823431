"""Both ways to sign in are verified for real (netsuite.md 4)."""

from __future__ import annotations

import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from include.sandbox.tba import signature
from tests.sandbox.caller import SUITEQL_PATH, TOKEN_PATH, Caller
from tests.sandbox_process import SandboxProcess

QUESTION = "SELECT id FROM currency ORDER BY id"


@pytest.fixture
def caller(sandbox):
    return Caller(sandbox)


class TestOAuth2:
    def test_a_good_assertion_gives_a_bearer_token_that_opens_suiteql(self, caller):
        answer = caller.token(caller.assertion())
        assert answer.status_code == 200
        assert answer.json()["token_type"] == "bearer"
        assert int(answer.json()["expires_in"]) == 3600
        assert caller.sign_in().ask(QUESTION).status_code == 200

    def test_scope_may_be_a_comma_separated_text_and_aud_a_list(self, caller):
        aud = [caller.sandbox.base_url + TOKEN_PATH]
        assert caller.token(caller.assertion(scope="restlets, rest_webservices", aud=aud)).status_code == 200

    @pytest.mark.parametrize(
        ("changed", "status", "error"),
        [
            ({"iss": "somebody else"}, 401, "invalid_client"),
            ({"kid": "another-certificate"}, 401, "invalid_client"),
            (
                {"aud": "https://1234567.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"},
                400,
                "invalid_grant",
            ),
            ({"scope": ["restlets"]}, 400, "invalid_scope"),
            ({"scope": None}, 400, "invalid_scope"),
            ({"exp": int(time.time()) - 1}, 400, "invalid_grant"),
            ({"exp": int(time.time()) + 7200}, 400, "invalid_grant"),
            ({"iat": int(time.time()) + 90_000, "exp": int(time.time()) + 90_300}, 400, "invalid_grant"),
            ({"exp": None}, 400, "invalid_request"),
            ({"iat": None}, 400, "invalid_request"),
        ],
    )
    def test_a_claim_that_is_wrong_is_refused(self, caller, changed, status, error):
        answer = caller.token(caller.assertion(**changed))
        assert (answer.status_code, answer.json()["error"]) == (status, error)

    def test_a_signature_of_another_key_is_refused(self, caller):
        answer = caller.token(caller.assertion(key=ec.generate_private_key(ec.SECP256R1())))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_rs256_is_refused_as_oracle_says(self, caller):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        answer = caller.token(caller.assertion(key=key, algorithm="RS256"))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_an_unsigned_assertion_is_refused(self, caller):
        claims = jwt.decode(caller.assertion(), options={"verify_signature": False})
        kid = caller.sandbox.connection()["extra"]["certificate_id"]
        answer = caller.token(jwt.encode(claims, None, algorithm="none", headers={"kid": kid}))
        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "form", [{"grant_type": "password"}, {"client_assertion_type": "x"}, {"client_assertion": "x"}]
    )
    def test_a_form_that_is_wrong_is_refused(self, caller, form):
        assert caller.token(caller.assertion(), **form).status_code == 400

    def test_a_token_ends_after_its_lifetime_and_says_so_in_the_header(self, caller):
        caller.sandbox.control("POST", "/settings", {"token_lifetime": 60})
        caller.sign_in()
        caller.sandbox.control("POST", "/settings", {"clock_offset_seconds": 61})
        answer = caller.ask(QUESTION)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="1234567_SB1", error="invalid_token"'
        assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"

    def test_a_revoked_token_is_refused(self, caller):
        caller.sign_in().sandbox.control("DELETE", "/tokens")
        assert caller.ask(QUESTION).status_code == 401

    def test_no_authorization_at_all_is_refused(self, caller):
        answer = caller.ask(QUESTION)
        assert answer.status_code == 401
        assert answer.json()["title"] == "Unauthorized"

    def test_rsa_keys_sign_with_ps256(self):
        with SandboxProcess(invoices=50, key="rsa") as sandbox:
            caller = Caller(sandbox)
            assert caller.token(caller.assertion(algorithm="PS256")).status_code == 200


# Oracle's published sample (ORA:section_1534941088): sample keys, no real ones.
SAMPLE = {
    "oauth_consumer_key": "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
    "oauth_token": "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    "oauth_nonce": "fjaLirsIcCGVZWzBX0pg",
    "oauth_timestamp": "1508242306",
    "oauth_signature_method": "HMAC-SHA256",
    "oauth_version": "1.0",
    "realm": "123456",
}
SAMPLE_SECRETS = (
    "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
    "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
)


class TestTokenBasedAuthentication:
    @pytest.mark.parametrize(
        ("method", "url", "expected"),
        [
            (
                "GET",
                "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
                "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=",
            ),
            (
                "POST",
                "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl"
                "?script=6&deploy=1&customParam=someValue&testParam=someOtherValue",
                "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=",
            ),
        ],
    )
    def test_the_signature_is_that_of_oracles_published_sample(self, method, url, expected):
        assert signature(method, url, SAMPLE, SAMPLE_SECRETS) == expected

    def test_a_well_signed_request_is_answered(self, caller):
        assert caller.ask_by_tba(QUESTION).json()["count"] == 5

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"client_key": "x" * 64}, "consumer_key_unknown"),
            ({"client_secret": "wrong"}, "InvalidSignature"),
            ({"resource_owner_key": "x" * 64}, "token_rejected"),
            ({"resource_owner_secret": "wrong"}, "InvalidSignature"),
            ({"realm": "1234567-sb1"}, "realm"),
            ({"realm": "1234567_sb1"}, "realm"),
            ({"signature_method": "HMAC-SHA1"}, "UnknownAlgorithm"),
            ({"timestamp": str(int(time.time()) - 301)}, "InvalidTimestamp"),
            ({"timestamp": str(int(time.time()) + 7_200)}, "InvalidTimestamp"),
            ({"nonce": "short"}, "NonceRejected"),
        ],
    )
    def test_whatever_is_wrong_the_answer_is_the_same_and_the_audit_trail_knows(self, caller, changed, reason):
        answer = caller.ask_by_tba(QUESTION, **changed)
        assert answer.status_code == 401
        assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"
        assert caller.sandbox.control("GET", "/requests")["login_audit_trail"] == [reason]

    def test_the_query_parameters_are_part_of_the_signature(self, caller):
        url = caller.sandbox.base_url + SUITEQL_PATH
        headers = {"Authorization": caller.tba_header(url + "?limit=5"), "Prefer": "transient"}
        answer = requests.post(url + "?limit=6", json={"q": QUESTION}, headers=headers, timeout=30)
        assert answer.status_code == 401

    def test_a_nonce_cannot_be_used_twice(self, caller):
        used = {"nonce": "0123456789abcdef", "timestamp": str(int(time.time()))}
        assert caller.ask_by_tba(QUESTION, **used).status_code == 200
        assert caller.ask_by_tba(QUESTION, **used).status_code == 401

    def test_five_failures_lock_the_user_for_half_an_hour(self, caller):
        for _ in range(5):
            assert caller.ask_by_tba(QUESTION, client_secret="wrong").status_code == 401
        assert caller.ask_by_tba(QUESTION).status_code == 401
        assert caller.sandbox.control("GET", "/requests")["login_audit_trail"][-1] == "temporary_locked"
        later = int(time.time()) + 30 * 60 + 1
        caller.sandbox.control("POST", "/settings", {"clock_offset_seconds": 30 * 60 + 1})
        assert caller.ask_by_tba(QUESTION, timestamp=str(later)).status_code == 200

    def test_a_good_sign_in_forgives_the_failures_before_it(self, caller):
        for secret in ("wrong", "wrong", "wrong", "wrong", None, "wrong", "wrong", "wrong", "wrong"):
            caller.ask_by_tba(QUESTION, **({"client_secret": secret} if secret else {}))
        assert caller.ask_by_tba(QUESTION).status_code == 200
