"""Who may ask the API what: Airflow's own sign-in and permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Access:
    """Three answers about a request.

    ``guard``: a FastAPI dependency that refuses whoever may not use the API at all. ``visitor``: a dependency that
    gives who it is. ``may_read``: whether that one may read what belongs to an account.
    """

    guard: Callable[..., Any]
    visitor: Callable[..., Any]
    may_read: Callable[[Any, str], bool]


def airflow_access() -> Access:
    """For whoever Airflow lets see plugin pages; of an account, for whoever may read the DAG of its sync.

    To be called at the first request: Airflow's security is too much for every process that loads the plugin.
    """
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import get_user, requires_access_view

    return Access(guard=requires_access_view(AccessView.PLUGINS), visitor=get_user, may_read=_may_read_sync)


def _may_read_sync(user: Any, account: str) -> bool:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.models.dag import DagModel

    dag_id = f"netsuite_sync__{account}"
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return bool(get_auth_manager().is_authorized_dag(method="GET", details=details, user=user))
