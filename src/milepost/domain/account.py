"""Who uses the console, what they may do, the account's settings, and the record of what people changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, field_validator

from milepost.domain.calendar import Calendar, WeekStart


class Role(StrEnum):
    """viewer reads; editor also writes definitions and companies; admin also connections, people, settings."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what the other may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)


class Person(BaseModel):
    """Someone who signs in; `email` is lower-case and unique."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    email: str
    role: Role
    created_at: datetime


class AccountSettings(BaseModel):
    """Settings of the whole account.

    `time_zone` is an IANA name; with `week_start` it says where days, weeks, months and quarters begin. With
    `creates_companies` off, an event about an unknown company key makes no company: what it emits is held,
    unmatched, until a person says whose it is. Events that were received more than `retention_days` whole days ago
    are dropped from the log; without it, none is. What signals emitted is kept, so no number changes by it.
    `account_name` is what the console calls the account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_name: str = Field(default="My account", min_length=1, max_length=120)
    time_zone: str = "UTC"
    week_start: WeekStart = WeekStart.MONDAY
    creates_companies: StrictBool = True
    retention_days: StrictInt | None = Field(default=None, ge=1, le=36_500)

    @field_validator("account_name")
    @classmethod
    def _says_something(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("must not be blank")
        return name

    @field_validator("time_zone")
    @classmethod
    def _is_a_known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is not an IANA time zone; one is Europe/Berlin")
        return name

    @property
    def calendar(self) -> Calendar:
        """The account's calendar."""
        return Calendar(self.time_zone, self.week_start)


class AuditEntry(BaseModel):
    """One change: who did what to which thing, and how it was before and after; never holds a secret."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
