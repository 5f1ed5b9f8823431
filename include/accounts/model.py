"""The account file: what one NetSuite account syncs, checked key by key."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from include.extract.entities import ENTITIES, INVOICES, SALES_REP, SALES_TEAM, Entity
from include.extract.suiteql import columns_that_differ

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
MailAddress = re.compile(r"[!-~]+@[!-~]+")
CronPreset = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly")
Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]
ENTITIES_WITH_CUSTOM_FIELDS = ("invoices", "employees", "customers", "terms")
ENTITIES_WITH_OVERLAP = tuple(entity.name for entity in ENTITIES if entity.incremental)


class Validation(BaseModel):
    """When a batch counts as bad and nothing of it is loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_bad_share: float = Field(0.05, ge=0, le=1, description="largest share of rows that may be quarantined")
    bad_rows_tolerated: int = Field(5, ge=0, description="so many bad rows never stop a batch, however small it is")
    max_shrink: float = Field(
        0.3, ge=0, le=1, description="largest share by which a full read may be shorter than before"
    )


class Alerts(BaseModel):
    """Who is mailed when, and through which connection."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email_to: tuple[str, ...] = Field(min_length=1, description="who is mailed")
    fresh_within_minutes: Minutes | None = Field(
        None, description="how old what is published may become; None: however old"
    )
    on_retry: bool = Field(False, description="whether a step that will be tried again is mailed too")
    smtp_connection: str = Field("smtp_default", min_length=1, description="id of the Airflow connection to SMTP")

    @field_validator("email_to")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not MailAddress.fullmatch(address) or address.count("@") > 1 or any(c in address for c in '<>,;:"'):
                raise ValueError(
                    f"{address!r} is no address; allowed: bare e-mail addresses such as 'data@example.com'"
                )
        return value

    @property
    def fresh_within(self) -> timedelta | None:
        """How old what is published may become."""
        return None if self.fresh_within_minutes is None else timedelta(minutes=self.fresh_within_minutes)


class TeamSelling(BaseModel):
    """Who of an invoice's sales team is its ``salesrep``, in an account with the feature Team Selling (D6)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    choice: Literal["primary", "all", "contribution"] = Field(description="which members are taken")
    least_contribution: Decimal | None = Field(
        None, gt=0, le=1, description="with choice contribution, the least share of a member who is taken"
    )

    @model_validator(mode="after")
    def _contribution_has_a_least(self) -> TeamSelling:
        if self.choice == "contribution" and self.least_contribution is None:
            raise ValueError("choice contribution needs 'least_contribution', a share such as 0.25")
        if self.choice != "contribution" and self.least_contribution is not None:
            raise ValueError(
                f"'least_contribution' says nothing with choice {self.choice}; leave it out, or write "
                "choice: contribution"
            )
        return self


class Account(BaseModel):
    """One account file, checked. ``name`` is the file's name, ``path`` says where it lies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: Path
    connection: str = Field(min_length=1, description="id of the Airflow connection to NetSuite")
    owner_fields: tuple[FieldName, ...] = Field(min_length=1)
    team_selling: TeamSelling | None = None
    schedule: str | None = None
    timezone: str = "UTC"
    user_mode: Literal["import", "match_only"] = "import"
    custom_fields: dict[str, tuple[FieldName, ...]] = Field(default_factory=dict)
    concurrency: int = Field(4, ge=1, le=100, description="requests that NetSuite allows at once")
    validation: Validation = Validation()
    overlap_minutes: dict[str, Minutes] = Field(
        default_factory=dict, description="per entity, how far before the last run's cut-off a run reads once more"
    )
    late_commit_margin_seconds: int = Field(
        0, ge=0, le=3600, description="how far behind NetSuite's clock a run's cut-off is"
    )
    alerts: Alerts | None = None
    line_edits: bool = Field(True, description="read invoices too of which only a line was edited, if NetSuite tells")
    accept_missing: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="per entity, columns that the sync goes on without though they were there"
    )
    push_schedule: str | None = None

    @field_validator("schedule", "push_schedule")
    @classmethod
    def _schedule_is_cron(cls, value: str | None) -> str | None:
        if value is None or value in CronPreset or (len(value.split()) == 5 and croniter.is_valid(value)):
            return value
        raise ValueError(
            f"{value!r} is no schedule; allowed: a cron expression of five fields such as '15 * * * *', "
            f"one of {', '.join(CronPreset)}, or null for runs by hand only"
        )

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, value: str) -> str:
        if value in available_timezones():
            return ZoneInfo(value).key
        raise ValueError(f"{value!r} is no time zone; allowed: an IANA name such as 'America/New_York'")

    @field_validator("custom_fields")
    @classmethod
    def _entities_exist(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for entity in value:
            if entity not in ENTITIES_WITH_CUSTOM_FIELDS:
                raise ValueError(f"{entity!r} is no entity; allowed: {', '.join(ENTITIES_WITH_CUSTOM_FIELDS)}")
        return value

    @field_validator("overlap_minutes")
    @classmethod
    def _entities_have_overlap(cls, value: dict[str, int]) -> dict[str, int]:
        for entity in value:
            if entity not in ENTITIES_WITH_OVERLAP:
                raise ValueError(f"{entity!r} is not read with an overlap; allowed: {', '.join(ENTITIES_WITH_OVERLAP)}")
        return value

    @field_validator("accept_missing")
    @classmethod
    def _columns_may_be_missing(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        may_be_missing = {entity.name: columns_that_differ(entity) for entity in ENTITIES}
        for entity, columns in value.items():
            if not may_be_missing.get(entity):
                allowed = ", ".join(name for name, some in may_be_missing.items() if some)
                raise ValueError(f"{entity!r} is no entity with columns that may be missing; allowed: {allowed}")
            for column in columns:
                if column not in may_be_missing[entity]:
                    allowed = ", ".join(sorted(may_be_missing[entity]))
                    raise ValueError(f"{column!r} of {entity} may not be missing; allowed: {allowed}")
        return value

    @model_validator(mode="after")
    def _fields_are_distinct(self) -> Account:
        _refuse_clashes("owner_fields", self.owner_fields, INVOICES.name, self.sales_team_of(INVOICES.name))
        for entity, fields in self.custom_fields.items():
            _refuse_clashes(f"custom_fields.{entity}", fields, entity, self.sales_team_of(entity))
        return self

    @model_validator(mode="after")
    def _team_stands_for_the_sales_rep(self) -> Account:
        if self.team_selling and SALES_REP not in self.owner_fields:
            raise ValueError(
                f"team_selling: the sales team takes the place of {SALES_REP!r}, which owner_fields do not name; add "
                "it there, or leave team_selling out"
            )
        return self

    @model_validator(mode="after")
    def _freshness_has_a_schedule(self) -> Account:
        if self.alerts and self.alerts.fresh_within and not self.schedule:
            raise ValueError(
                "alerts.fresh_within_minutes: without a schedule nothing becomes fresh by itself; give the account a "
                "'schedule', or leave this key out"
            )
        return self

    @property
    def pool(self) -> str:
        """The Airflow pool whose slots are the requests that this account's tasks may have in flight."""
        return f"netsuite__{self.name}"

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities of a sync, with this account's overlaps."""
        return tuple(replace(entity, overlap=self._overlap(entity)) for entity in ENTITIES)

    @property
    def late_commit_margin(self) -> timedelta:
        """How far behind NetSuite's clock a run's cut-off is."""
        return timedelta(seconds=self.late_commit_margin_seconds)

    def fields_of(self, entity: str) -> tuple[str, ...]:
        """Every field that this file adds to an entity: owner fields first, each once.

        With Team Selling the sales rep is none of them; see ``sales_team_of``.
        """
        owners = self.header_owner_fields if entity == INVOICES.name else ()
        return tuple(dict.fromkeys((*owners, *self.custom_fields.get(entity, ()))))

    @property
    def header_owner_fields(self) -> tuple[str, ...]:
        """The owner fields that are fields of the invoice: with Team Selling, all but the sales rep."""
        return tuple(field for field in self.owner_fields if not (self.team_selling and field == SALES_REP))

    def sales_team_of(self, entity: str) -> tuple[str, ...]:
        """The column that holds an entity's sales team; none without Team Selling, and of all but invoices."""
        return (SALES_TEAM,) if self.team_selling and entity == INVOICES.name else ()

    def _overlap(self, entity: Entity) -> timedelta:
        minutes = self.overlap_minutes.get(entity.name)
        return entity.overlap if minutes is None else timedelta(minutes=minutes)


def _refuse_clashes(key: str, fields: tuple[str, ...], entity: str, sales_team: tuple[str, ...]) -> None:
    declared = {column.name for known in ENTITIES if known.name == entity for column in known.columns} | {*sales_team}
    for field in fields:
        if fields.count(field) > 1:
            raise ValueError(f"{key}: {field!r} stands there more than once; name each field once")
        if field in declared:
            raise ValueError(f"{key}: {field!r} is read as a column of {entity} already; name another field")
