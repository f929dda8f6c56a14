"""The event log as it is read: a question about it, an event as it was kept, and what signals it emitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from milepost.domain.event import EventId
from milepost.domain.fate import Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events to list: None does not narrow. Times are Unix ms of arrival, `from_ms` included, `to_ms` not.

    `text` is looked for in the payload as it was sent, letter by letter. `before` is the last event already seen.
    """

    connection_id: UUID | None = None
    event_key: str | None = None
    fate: Fate | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    text: str | None = None
    before: EventId | None = None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One event in the log. `payload` is byte for byte what was sent; `duplicate_of` the event that came first, or "".

    `reason` says why an event was parked; it is "" otherwise.
    """

    id: EventId
    connection_id: UUID
    event_key: str
    door: str
    received_at_ms: int
    event_date_ms: int
    fate: Fate
    reason: str
    duplicate_of: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionRecord:
    """One signal that an event emitted; `slots` are the filled columns (`n1`.., `t1`..) of its revision's fields."""

    signal_id: UUID
    revision: int
    generation: int
    company_id: UUID
    event_date_ms: int
    slots: Mapping[str, float | str]
