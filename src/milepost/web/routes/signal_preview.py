"""Before a signal is in force: what was really sent, which fields it has, and what a draft would make of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from milepost.control.checks import check_signal
from milepost.control.repos import connections, signals
from milepost.control.slots import assign_slots
from milepost.detect.suggest import suggest_fields
from milepost.domain.criterion import FieldType
from milepost.domain.signal import SignalDraft
from milepost.kit.clock import to_datetime
from milepost.web.auth import Viewer
from milepost.web.deps import Deps, WebDeps
from milepost.web.paging import Limit, Page
from milepost.web.signal_preview import SignalPreview, cut, preview_signal

router = APIRouter(tags=["signals"])

Last = Annotated[int, Query(ge=1, le=5000, description="How many of the latest events to look at, at most.")]


class EventKeyView(BaseModel):
    """A kind of event that the connection has sent."""

    event_key: str
    events: int = Field(description="Repeats included.")
    repeats: int
    first_seen_at: datetime
    last_seen_at: datetime


class SuggestedFieldView(BaseModel):
    """A place in the payloads where values were seen; null does not count as one."""

    path: tuple[str, ...]
    type: FieldType = Field(description="The type that fits what was seen best.")
    seen: int = Field(description="How many of the events had a value there.")
    convertible: dict[FieldType, int] = Field(description="How many of these values each type can read.")
    examples: list[Any] = Field(description="Up to three different values, cut where they are long.")


class FieldSuggestions(BaseModel):
    """What `events` of the latest events had in them: places in most events first, 500 at most."""

    events: int
    fields: list[SuggestedFieldView]


@router.get("/connections/{connection_id}/event-keys")
def list_event_keys(
    connection_id: UUID,
    _: Viewer,
    deps: Deps,
    search: Annotated[str, Query(description="Found anywhere in the key, in any case of letters.")] = "",
    limit: Limit = 100,
) -> Page[EventKeyView]:
    """Which event keys the connection has really sent, the latest first; one page, `search` finds the others."""
    _check_connection(deps, connection_id)
    return Page(
        items=[
            EventKeyView(
                event_key=seen.event_key,
                events=seen.events,
                repeats=seen.repeats,
                first_seen_at=to_datetime(seen.first_ms),
                last_seen_at=to_datetime(seen.last_ms),
            )
            for seen in deps.event_log.event_keys(connection_id, search, limit)
        ]
    )


@router.get("/signals/suggestions")
def suggest_signal_fields(
    connection_id: UUID, event_key: str, _: Viewer, deps: Deps, last: Last = 200
) -> FieldSuggestions:
    """The fields that the latest events of a key have, with the types that fit and example values."""
    _check_connection(deps, connection_id)
    events = deps.event_log.recent(connection_id, event_key, last)
    fields = suggest_fields(event.payload.encode() for event in events)
    return FieldSuggestions(
        events=len(events),
        fields=[
            SuggestedFieldView(
                path=field.path,
                type=field.type,
                seen=field.seen,
                convertible=field.convertible,
                examples=[cut(example) for example in field.examples],
            )
            for field in fields
        ],
    )


@router.post("/signals/preview")
def preview_draft(draft: SignalDraft, _: Viewer, deps: Deps, last: Last = 200) -> SignalPreview:
    """What the draft would make of the latest events of its key; nothing is put in force."""

    def checked(session: Session) -> SignalDraft:
        check_signal(session, draft)
        assign_slots(draft.fields, ())
        return draft

    return _preview(deps, checked, last)


@router.get("/signals/{signal_id}/preview")
def preview_existing(signal_id: UUID, _: Viewer, deps: Deps, last: Last = 200) -> SignalPreview:
    """What the signal in force makes of the latest events of its key, matches or not."""
    return _preview(deps, lambda session: signals.get_signal(session, signal_id), last)


def _preview(deps: WebDeps, find: Callable[[Session], SignalDraft], last: int) -> SignalPreview:
    with deps.database.read() as session:
        draft = find(session)
    events = deps.event_log.recent(draft.connection_id, draft.event_key, last)
    with deps.database.read() as session:
        return preview_signal(session, draft, events)


def _check_connection(deps: WebDeps, connection_id: UUID) -> None:
    with deps.database.read() as session:
        connections.get_connection(session, connection_id)
