"""A bare HTTP caller that signs in by hand, so that the sandbox is tried without the client of another room."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import quote

import jwt
import requests
from oauthlib.oauth1 import Client

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
SUITEQL_PATH = "/services/rest/query/v1/suiteql"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Caller:
    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Prefer"] = "transient"

    # OAuth 2.0

    def assertion(self, *, key: Any = None, algorithm: str = "ES256", kid: str | None = None, **claims: Any) -> str:
        fields, now = self.sandbox.connection("oauth2"), int(time.time())
        content = {
            "iss": fields["login"],
            "scope": ["rest_webservices"],
            "aud": self.sandbox.base_url + TOKEN_PATH,
            "iat": now,
            "exp": now + 300,
            **claims,
        }
        headers = {"kid": kid or fields["extra"]["certificate_id"]}
        present = {name: value for name, value in content.items() if value is not None}
        return jwt.encode(present, key or fields["password"], algorithm=algorithm, headers=headers)

    def token(self, assertion: str, **form: str) -> requests.Response:
        content = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return requests.post(self.sandbox.base_url + TOKEN_PATH, data={**content, **form}, timeout=30)

    def sign_in(self) -> Caller:
        answer = self.token(self.assertion())
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    # SuiteQL

    def ask(self, sql: str, params: list[Any] | None = None, *, headers=None, **query: Any) -> requests.Response:
        body = {"q": sql} if params is None else {"q": sql, "params": params}
        return self.session.post(
            self.sandbox.base_url + SUITEQL_PATH, json=body, params=query, headers=headers, timeout=30
        )

    def rows(self, sql: str, params: list[Any] | None = None, **query: Any) -> list[dict[str, str]]:
        answer = self.ask(sql, params, **query)
        assert answer.status_code == 200, answer.text
        return [{name: value for name, value in item.items() if name != "links"} for item in answer.json()["items"]]

    def refusal(self, sql: str, params: list[Any] | None = None, **query: Any) -> str:
        """What NetSuite says to a query it refuses."""
        answer = self.ask(sql, params, **query)
        assert answer.status_code == 400, answer.text
        detail = answer.json()["o:errorDetails"][0]
        assert detail["o:errorCode"] == "INVALID_PARAMETER"
        return detail["detail"]

    # TBA, signed by oauthlib as an independent witness

    def ask_by_tba(self, sql: str, *, query: str = "?limit=5&offset=0", **changed: Any) -> requests.Response:
        url = self.sandbox.base_url + SUITEQL_PATH + query
        headers = {"Authorization": self.tba_header(url, **changed), "Prefer": "transient"}
        return requests.post(url, json={"q": sql}, headers=headers, timeout=30)

    def tba_header(self, url: str, **changed: Any) -> str:
        fields = self.sandbox.connection("tba")
        values = {
            "client_key": fields["login"],
            "client_secret": fields["password"],
            "resource_owner_key": fields["extra"]["token_id"],
            "resource_owner_secret": fields["extra"]["token_secret"],
            "signature_method": "HMAC-SHA256",
            "realm": fields["extra"]["account"],
            "nonce": uuid.uuid4().hex,
            "timestamp": str(int(time.time())),
            **changed,
        }
        _, headers, _ = Client(**values).sign(quote(url, safe=":/?&=%"), "POST")
        return headers["Authorization"]
