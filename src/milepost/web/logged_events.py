"""Events of the log as JSON: their members, with payloads as the text that was sent, and pages of bounded length."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import BaseModel

from milepost.domain.event_date import DateFlag
from milepost.domain.fate import Fate
from milepost.kit.clock import to_datetime
from milepost.store.event_log import LoggedEvent

_MOST_PAYLOAD_CHARACTERS = 8 * 1024 * 1024
"""A page ends early, but not empty, once its payloads are this long: one event alone may have megabytes."""


class EventView(BaseModel):
    """An event in the log. `payload` is the JSON value that was sent; `duplicate_of` is the event that came first.

    `date_flags` says what is doubtful about `event_date`; `date_correction_ms` was added to the date as it
    was sent, because the sender's clock runs wrong.
    """

    id: str
    request_id: UUID
    connection_id: UUID
    event_key: str
    door: str
    received_at: datetime
    event_date: datetime
    date_flags: list[DateFlag]
    date_correction_ms: int
    fate: Fate
    reason: str
    duplicate_of: str | None
    payload: Any


def event_json(event: LoggedEvent) -> dict[str, Any]:
    """The members of an EventView; the payload is put in as the bytes that it is."""
    return {
        "id": str(event.id),
        "request_id": event.id.request_id,
        "connection_id": event.connection_id,
        "event_key": event.event_key,
        "door": event.door,
        "received_at": to_datetime(event.received_at_ms),
        "event_date": to_datetime(event.event_date_ms),
        "date_flags": event.date_flags,
        "date_correction_ms": event.date_correction_ms,
        "fate": event.fate.value,
        "reason": event.reason,
        "duplicate_of": str(event.duplicate_of) if event.duplicate_of else None,
        "payload": orjson.Fragment(event.payload) if _is_json(event) else event.payload,
    }


def _is_json(event: LoggedEvent) -> bool:
    """What the doors let through is JSON; only an entry that was parked as unreadable may be anything."""
    if event.fate is not Fate.PARKED:
        return True
    try:
        orjson.loads(event.payload)
    except ValueError:
        return False
    return True


def within_bounds(events: Sequence[LoggedEvent]) -> Sequence[LoggedEvent]:
    """As many of the events as a page has room for; always at least one."""
    characters = 0
    for count, event in enumerate(events):
        characters += len(event.payload)
        if characters > _MOST_PAYLOAD_CHARACTERS and count > 0:
            return events[:count]
    return events


def json_response(body: dict[str, Any]) -> Response:
    """Times end in Z."""
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
