"""Connections for tests, made the way the product makes them: from the fields of an Airflow connection."""

from include.netsuite.connection import NetSuiteConnection


def tba(host: str = "", **extra: object) -> NetSuiteConnection:
    fields = {"account": "1234567_SB1", "auth": "tba", "token_id": "token-id", "token_secret": "token-secret"}
    return NetSuiteConnection.from_airflow_fields(host, "consumer-key", "consumer-secret", fields | extra)


def oauth2(pem: str, host: str = "", **extra: object) -> NetSuiteConnection:
    fields = {"account": "1234567", "certificate_id": "certificate-1"}
    return NetSuiteConnection.from_airflow_fields(host, "client-id", pem, fields | extra)
