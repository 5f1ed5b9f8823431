"""What Airflow's UI knows of the connection type `netsuite`. Read at every start of Airflow: data only, no imports."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider metadata behind the entry point `apache_airflow_provider`.

    The form's field `password` takes one line, so a key that is pasted there loses its line breaks: private_key.py
    puts them back.
    """
    return {
        "package-name": "netsuite-sync",
        "name": "NetSuite",
        "description": "NetSuite ERP over its REST web services (SuiteQL).",
        "connection-types": [
            {
                "connection-type": "netsuite",
                "hook-class-name": "include.netsuite.hook.NetSuiteHook",
                "hook-name": "NetSuite",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "port"],
                    "relabeling": {
                        "host": "Base URL",
                        "login": "Client ID or consumer key",
                        "password": "Private key (PEM) or consumer secret",
                    },
                    "placeholders": {
                        "host": "empty: derived from the account id",
                        "login": "OAuth 2.0: client id. TBA: consumer key",
                        "password": "OAuth 2.0: -----BEGIN PRIVATE KEY-----… TBA: consumer secret",
                    },
                },
                "conn-fields": _CONNECTION_FIELDS,
            }
        ],
    }


_CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "account": {
        "label": "Account id",
        "description": "Setup > Company > Company Information, for example 1234567 or 1234567_SB1.",
        "schema": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9]{3,20}([_-][A-Za-z0-9]{1,10})?$"},
    },
    "auth": {
        "label": "Sign-in",
        "description": "oauth2: client credentials with a certificate (recommended). tba: token-based authentication.",
        "schema": {"type": ["string", "null"], "enum": ["oauth2", "tba"], "default": "oauth2"},
    },
    "certificate_id": {
        "label": "Certificate id (OAuth 2.0)",
        "description": "The id that NetSuite shows beside the certificate in OAuth 2.0 Client Credentials (M2M) Setup.",
        "schema": {"type": ["string", "null"]},
    },
    "token_id": {
        "label": "Token id (TBA)",
        "schema": {"type": ["string", "null"]},
    },
    "token_secret": {
        "label": "Token secret (TBA)",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "concurrency": {
        "label": "Requests at once",
        "description": "At most this many requests in flight. The account's limit is shared by all its integrations.",
        "schema": {"type": ["integer", "null"], "default": 4, "minimum": 1, "maximum": 100},
    },
    "timeout": {
        "label": "Time-out in seconds",
        "description": "How long to wait for one answer. NetSuite itself gives up after 15 minutes.",
        "schema": {"type": ["number", "null"], "default": 120, "minimum": 1, "maximum": 900},
    },
}
