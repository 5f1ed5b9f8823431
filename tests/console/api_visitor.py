"""Sends requests to a real Airflow: ``python -m tests.console.api_visitor``, requests on stdin, answers on stdout.

A program of its own, since Airflow reads its settings once per process and other tests have theirs.
"""

import json
import sys


def main() -> None:
    from airflow.api_fastapi.app import create_app
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    initdb()
    with TestClient(create_app(apps="core"), base_url="http://localhost") as client:
        answers = [answer(client, **request) for request in json.load(sys.stdin)]
    sys.__stdout__.write("\nANSWERS " + json.dumps(answers))


def answer(client, user: str | None, method: str, path: str, body: object = None) -> dict:
    client.cookies.clear()
    headers = {}
    if user:
        signed_in = client.post("/auth/token", json={"username": user, "password": user})
        headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
    response = client.request(method, path, headers=headers, json=body)
    return {"status": response.status_code, "text": response.text, "type": response.headers["content-type"]}


if __name__ == "__main__":
    main()
