"""What a re-sync is asked to read again, from the parameters of its DAG run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.extract.entities import DELETIONS, ENTITIES
from include.resync.errors import WrongRequest
from include.warehouse.ledger import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

# Deletions are reports about the others, and are read by their own window.
RESYNCED: tuple[str, ...] = tuple(entity.name for entity in ENTITIES if entity is not DELETIONS)
LARGEST_ID = 2**63 - 1
ALLOWED = (
    "Give exactly one of: modified_from and/or modified_to (records last modified in that range), ids (of one entity), "
    "or all."
)


@dataclass(frozen=True, slots=True)
class ResyncRequest:
    """The entities to read again, and which of their records: those with ``ids``, or else those of ``span``."""

    entities: tuple[str, ...]
    span: Span
    ids: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all records are read, so that the length of what was read says something."""
        return not self.ids and self.span == Span(None, None)

    def spans(self) -> dict[str, Span]:
        """The request as the run ledger keeps it; records asked for by id are read whenever they were modified."""
        return dict.fromkeys(self.entities, self.span)


def read_request(params: Mapping[str, Any], timezone: str) -> ResyncRequest:
    """The request that a run's parameters make; an instant without a time zone is one of ``timezone``.

    Raises:
        WrongRequest: they make none; names the parameter and says what is allowed.
    """
    entities = _entities(params.get("entities"))
    ids = _ids(params.get("ids"))
    span = Span(*(_instant(name, params.get(name), timezone) for name in ("modified_from", "modified_to")))
    ways = [
        *(["ids"] if ids else []),
        *(["modified_from/modified_to"] if span != Span(None, None) else []),
        *(["all"] if params.get("all") else []),
    ]
    if len(ways) != 1:
        given = f"{' and '.join(ways)} were given" if ways else "nothing was given"
        raise WrongRequest(f"The run doesn't say which records to read again: {given}. {ALLOWED}")
    if ids and len(entities) != 1:
        raise WrongRequest(
            f"ids are internal ids of one entity, but entities names {', '.join(entities)}. Choose one of them."
        )
    if span.since and span.until and span.since >= span.until:
        raise WrongRequest(
            f"modified_from ({span.since.isoformat()}) must be before modified_to ({span.until.isoformat()})."
        )
    return ResyncRequest(entities, span, ids)


def _entities(value: object) -> tuple[str, ...]:
    named = value if isinstance(value, list | tuple) else []
    unknown = [name for name in named if name not in RESYNCED]
    if unknown or not named:
        what = f"{unknown[0]!r} is none" if unknown else "none is named"
        raise WrongRequest(f"entities must name what to read again, but {what}; allowed: {', '.join(RESYNCED)}.")
    return tuple(name for name in RESYNCED if name in named)


def _ids(value: object) -> tuple[int, ...]:
    given = [str(id_).strip() for id_ in value] if isinstance(value, list | tuple) else []
    for id_ in given:
        if id_ and not (id_.isascii() and id_.isdigit() and len(id_) < 20 and 0 < int(id_) <= LARGEST_ID):
            raise WrongRequest(f"ids must be NetSuite's internal ids, whole numbers, one per line; not {id_!r}.")
    return tuple(sorted({int(id_) for id_ in given if id_}))


def _instant(name: str, value: object, timezone: str) -> datetime | None:
    if not value:
        return None
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        raise WrongRequest(
            f"{name} must be a date and time such as 2026-11-01T00:00:00+00:00 (without an offset it is read in "
            f"{timezone}), not {value!r}."
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(timezone))
