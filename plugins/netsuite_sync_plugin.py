"""What this project shows in the Airflow UI."""

from airflow.plugins_manager import AirflowPlugin

from include.console.data_docs import data_docs


class NetSuiteSyncPlugin(AirflowPlugin):
    """Browse > Data docs: what the validation of each batch found."""

    name = "netsuite_sync"
    fastapi_apps = [{"name": "Data docs", "app": data_docs, "url_prefix": "/data-docs"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Data docs",
            "href": "data-docs/",
            "url_route": "data-docs",
            "destination": "nav",
            "category": "browse",
        }
    ]
