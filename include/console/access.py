"""What the pages inside the Airflow UI have in common: who may see them, and what a browser may do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

# The pages show text that comes from NetSuite: whatever it holds, no script of it runs and nothing is fetched.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def protected_app() -> FastAPI:
    """An application without routes, for whoever Airflow lets see plugin pages; to be made at the first request."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends, FastAPI

    # A mounted application inherits no access control, and its /openapi.json would stay public.
    return FastAPI(dependencies=[Depends(requires_access_view(AccessView.PLUGINS))], openapi_url=None)


def readable_dags() -> object:
    """A dependency: the ids of the DAGs that the visitor may read."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    def of_user(user: Any = Depends(get_user)) -> set[str]:  # noqa: B008 - how FastAPI is told
        return get_auth_manager().get_authorized_dag_ids(user=user, method="GET")

    return Depends(of_user)
