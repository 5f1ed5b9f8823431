"""Who may ask the API what: Airflow's own sign-in and permissions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity


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

    return Access(guard=requires_access_view(AccessView.PLUGINS), visitor=get_user, may_read=may_read_sync)


def may_read_sync(user: Any, account: str) -> bool:
    """Whether a person may read the DAG of the account's sync, and so what belongs to the account."""
    return _may(user, "GET", f"netsuite_sync__{account}")


def may_run_verdicts(user: Any, account: str) -> bool:
    """Whether a person may run the DAG that gives verdicts on the account's conflicts."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

    return _may(user, "POST", f"netsuite_verdict__{account}", DagAccessEntity.RUN)


def _may(user: Any, method: ResourceMethod, dag_id: str, access_entity: DagAccessEntity | None = None) -> bool:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.models.dag import DagModel

    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    manager = get_auth_manager()
    return bool(manager.is_authorized_dag(method=method, access_entity=access_entity, details=details, user=user))
