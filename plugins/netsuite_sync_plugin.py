"""What this project shows in the Airflow UI."""

from airflow.plugins_manager import AirflowPlugin

from include.console.api import api
from include.console.data_docs import data_docs
from include.console.netsuite_people import netsuite_people
from include.console.netsuite_sync import netsuite_sync
from include.operators.deadline_reference import LastSuccessfulSync


class NetSuiteSyncPlugin(AirflowPlugin):
    """Browse > NetSuite sync: how fresh, how complete, what is wrong. Browse > Data docs: what validation found.

    Browse > NetSuite people: which user is which employee, in which role, what is in conflict, why nobody is mailed.
    The API for the workflow engine: netsuite/api. And what the deadlines on freshness count from.
    """

    name = "netsuite_sync"
    deadline_references = [LastSuccessfulSync]  # noqa: RUF012
    fastapi_apps = [  # noqa: RUF012
        {"name": "NetSuite sync", "app": netsuite_sync, "url_prefix": "/netsuite-sync"},
        {"name": "NetSuite people", "app": netsuite_people, "url_prefix": "/netsuite-people"},
        {"name": "Data docs", "app": data_docs, "url_prefix": "/data-docs"},
        {"name": "NetSuite API", "app": api, "url_prefix": "/netsuite/api"},
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "NetSuite sync",
            "href": "netsuite-sync/",
            "url_route": "netsuite-sync",
            "destination": "nav",
            "category": "browse",
        },
        {
            "name": "NetSuite sync",
            "href": "netsuite-sync/dags/{DAG_ID}",
            "url_route": "netsuite-sync-account",
            "destination": "dag",
        },
        {
            "name": "NetSuite sync",
            "href": "netsuite-sync/dags/{DAG_ID}/runs/{RUN_ID}",
            "url_route": "netsuite-sync-run",
            "destination": "dag_run",
        },
        {
            "name": "NetSuite people",
            "href": "netsuite-people/",
            "url_route": "netsuite-people",
            "destination": "nav",
            "category": "browse",
        },
        {
            "name": "Data docs",
            "href": "data-docs/",
            "url_route": "data-docs",
            "destination": "nav",
            "category": "browse",
        },
    ]
