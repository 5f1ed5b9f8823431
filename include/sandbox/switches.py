"""The switches of the sandbox: what may differ between one NetSuite account and another, or be changed by a test."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from include.sandbox.suiteql.masks import DISPLAY_FORMATS


class Switches(BaseModel):
    """Everything that can be set at the start and changed while the sandbox runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    concurrency: int = Field(default=5, ge=1, description="requests at once; one more gets a 429 (netsuite.md 5)")
    latency_ms: int = Field(default=0, ge=0, description="added to every SuiteQL answer, while it holds its slot")
    cap_mode: Literal["silent", "error"] = Field(default="silent", description="what happens past the row cap (1.2)")
    row_cap: int = Field(default=100_000, ge=1, description="rows one query can give (1.2)")
    random_casing: bool = Field(default=False, description="keys in random capitals: Oracle promises no casing (1.2)")
    date_format: str = Field(default="M/D/YYYY", description="the API user's date preference, for bare dates (1.4)")
    session_timezone: str = Field(default="America/Los_Angeles", description="zone of TO_CHAR and bare dates (1.4)")
    clock_offset_seconds: int = Field(default=0, description="how far NetSuite's clock is ahead of this machine's")
    token_lifetime: int = Field(default=3600, ge=0, description="life of an OAuth 2.0 access token, seconds (4.2)")
    allow_with: bool = Field(default=False, description="accept WITH (CTE); sources disagree (1.1)")
    allow_listagg: bool = Field(default=False, description="accept LISTAGG; sources disagree (1.1)")
    team_selling: bool = Field(default=False, description="Team Selling is on: there is transactionsalesteam")
    hidden_tables: frozenset[str] = Field(default=frozenset(), description="tables the role may not see (1.3)")
    empty_tables: frozenset[str] = Field(default=frozenset(), description="tables the role sees no row of (2.6)")
    hidden_columns: frozenset[str] = Field(default=frozenset(), description="table.column that do not exist (2.6)")

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in DISPLAY_FORMATS:
            raise ValueError(f"{value!r} is no date format of NetSuite; use one of {', '.join(DISPLAY_FORMATS)}")
        return value

    @field_validator("session_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone; use an IANA name such as Europe/Berlin") from error
        return value

    @field_validator("hidden_tables", "empty_tables", "hidden_columns")
    @classmethod
    def _lower(cls, value: frozenset[str]) -> frozenset[str]:
        return frozenset(name.lower() for name in value)
