"""What the pages inside the Airflow UI have in common: who may see them, and what a browser may do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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


def who_may_give_roles() -> Any:
    """A dependency: the name of a visitor who may edit connections, and so change users' roles as over the API.

    None for everyone else.
    """
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import ConnectionDetails
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    def of_user(user: Any = Depends(get_user)) -> str | None:  # noqa: B008 - how FastAPI is told
        may = get_auth_manager().is_authorized_connection(method="PUT", details=ConnectionDetails(), user=user)
        return str(user.get_name()) if may else None

    return Depends(of_user)


def sent_by_own_page() -> Any:
    """A dependency: whether the browser says that a form was sent by a page of this very origin.

    Airflow's cookie (SameSite=Lax) stays away from other sites' forms, but not from those of another port or subdomain.
    Browsers tell where a form stood in ``Sec-Fetch-Site``; over plain HTTP only in ``Origin``.
    """
    from airflow.configuration import conf
    from fastapi import Depends, Header

    where_it_stood, whence, whither = (Header("", alias=name) for name in ("Sec-Fetch-Site", "Origin", "Host"))

    def of_request(site: str = where_it_stood, origin: str = whence, host: str = whither) -> bool:
        if site:
            return site == "same-origin"
        own = {host, urlsplit(conf.get("api", "base_url", fallback="") or "").netloc}
        return origin != "" and urlsplit(origin).netloc in own - {""}

    return Depends(of_request)
