"""Asks a real Airflow for pages: ``python -m tests.console.airflow_visitor`` with visits on stdin, answers on stdout.

A program of its own, since Airflow reads its settings once per process and other tests have theirs.
"""

import json
import os
import sys


def main() -> None:
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    initdb()
    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        answers = [answer(client, **visit) for visit in json.load(sys.stdin)]
    sys.__stdout__.write("\nANSWERS " + json.dumps(answers))


def answer(client, path: str, user: str | None, method: str, cookie: bool, docs: str) -> dict:
    os.environ["NETSUITE_DATA_DOCS"] = docs
    client.cookies.clear()
    headers = {}
    if user:
        signed_in = client.post("/auth/token", json={"username": user, "password": user})
        token = signed_in.json()["access_token"]
        if cookie:
            client.cookies.set("_token", token)
        else:
            headers["Authorization"] = f"Bearer {token}"
    response = client.request(method, path, headers=headers)
    return {"status": response.status_code, "text": response.text, "headers": dict(response.headers)}


if __name__ == "__main__":
    main()
