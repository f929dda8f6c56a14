"""The event log: every event with its fate, one event's whole trace, and one request's events.

Payloads leave as the JSON text that was sent, number for number; a parked event that is no JSON leaves as a string.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from milepost.control.repos.companies import get_company
from milepost.control.repos.connections import get_connection
from milepost.control.repos.signals import list_signals, signals_as_of
from milepost.domain.account import Role
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.event import EventId
from milepost.domain.fate import Fate
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.store.event_log import EventFilter, LoggedEvent, Place
from milepost.store.position import Position
from milepost.web.auth import Viewer, check_still
from milepost.web.deps import Deps, WebDeps
from milepost.web.fields import shown_fields
from milepost.web.instants import AskedInstant
from milepost.web.live import PAGE_ROWS, TailSource, Told, follow
from milepost.web.live_query import Start, TailPlace
from milepost.web.paging import Cursor, Limit, read_cursor, write_cursor

router = APIRouter(tags=["events"])

_MOST_PAYLOAD_CHARACTERS = 8 * 1024 * 1024
"""A page ends early, but not empty, once its payloads are this long: one event alone may have megabytes."""


class EventView(BaseModel):
    """An event in the log. `payload` is the JSON value that was sent; `duplicate_of` is the event that came first."""

    id: str
    request_id: UUID
    connection_id: UUID
    event_key: str
    door: str
    received_at: datetime
    event_date: datetime
    fate: Fate
    reason: str
    duplicate_of: str | None
    payload: Any


class EventPage(BaseModel):
    """Events, newest first."""

    items: list[EventView]
    next: str | None


class EmissionView(BaseModel):
    """A signal that the event emitted: for which company, with which fields."""

    signal_id: UUID
    signal_name: str
    revision: int
    company_id: UUID
    company_name: str | None
    fields: dict[str, Any]


class EventTrace(EventView):
    """An event with where it came from and what became of it."""

    connection_name: str | None
    signals: list[EmissionView]


class RequestTrace(BaseModel):
    """What came in with one request, and how many of its events met which fate."""

    request_id: UUID
    received_at: datetime
    connection_id: UUID
    door: str
    fates: dict[Fate, int]
    events: list[EventView]


class RequestIds(BaseModel):
    """Requests to look up at once."""

    request_ids: list[UUID] = Field(max_length=10_000)


class FateCounts(BaseModel):
    """How many events met which fate."""

    processed: int
    duplicate: int
    parked: int


def wanted_events(
    *,
    connection_id: UUID | None = None,
    event_key: str | None = None,
    fate: Literal["processed", "duplicate", "parked"] | None = None,
    since: Annotated[AskedInstant | None, Query(description="Arrived at or after this instant.")] = None,
    until: Annotated[AskedInstant | None, Query(description="Arrived before this instant.")] = None,
    text: Annotated[str | None, Query(description="Found anywhere in the payload, in any case of letters.")] = None,
) -> EventFilter:
    """The filter that a query string describes."""
    return EventFilter(
        connection_id=connection_id,
        event_key=event_key,
        fate=Fate(fate) if fate else None,
        since_ms=to_unix_ms(since) if since else None,
        until_ms=to_unix_ms(until) if until else None,
        text=text,
    )


WantedEvents = Annotated[EventFilter, Depends(wanted_events)]


@router.get("/events", responses={200: {"model": EventPage}}, response_class=Response)
def list_events(_: Viewer, wanted: WantedEvents, deps: Deps, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Events that arrived, newest first, repeats included."""
    found = deps.event_log.page(wanted, older_than=read_cursor(cursor, _place), limit=limit + 1)
    shown = _within_bounds(found[:limit])
    more = len(shown) < len(found)
    return _json({"items": [_event(event) for event in shown], "next": _cursor(shown[-1]) if more else None})


@router.get(
    "/events/live",
    response_class=EventSourceResponse,
    responses={200: {"model": EventView, "description": "Server-sent events, each with an event as `data`."}},
)
async def follow_events(
    _: Viewer, wanted: WantedEvents, start: Start, deps: Deps, request: Request, _stream: TailPlace
) -> AsyncIterator[ServerSentEvent]:
    """Events as they are processed, in that order; `id` is what to give back as `Last-Event-ID` or `after`."""

    def after(position: Position, upto: int) -> tuple[Sequence[Told], bool]:
        found = deps.event_log.after(wanted, position, upto, PAGE_ROWS)
        fitting = _within_bounds(found)
        return _told(fitting), len(found) == PAGE_ROWS or len(fitting) < len(found)

    def latest(upto: int, last: int) -> Sequence[Told]:
        return _told(_within_bounds(deps.event_log.latest(wanted, upto, last))[::-1])

    source = TailSource(after=after, latest=latest, topics=None)
    async for event in follow(deps.live.news, source, start, lambda: check_still(Role.VIEWER, request, deps)):
        yield event


@router.get("/events/{event_id}", responses={200: {"model": EventTrace}}, response_class=Response)
def trace_event(event_id: str, _: Viewer, deps: Deps) -> Response:
    """One event's whole way: its request, its fate, the signals it emitted."""
    try:
        parsed = EventId.parse(event_id)
    except ValueError as error:
        raise InvalidInputError("This is no event id.", faults=(Fault(path="event_id", reason=str(error)),)) from None
    event = deps.event_log.event(parsed)
    if event is None:
        raise NotFoundError(f"The event log does not have the event {event_id}. One just accepted may be on its way.")
    return _json({**_event(event), "connection_name": _connection_name(deps, event), "signals": _signals(deps, event)})


@router.post("/requests/fates")
def count_fates(requests: RequestIds, _: Viewer, deps: Deps) -> FateCounts:
    """What became of the events of up to 10,000 requests; events that are still on their way do not count."""
    counts = deps.event_log.fates_of(requests.request_ids)
    return FateCounts(
        processed=counts.get(Fate.PROCESSED, 0),
        duplicate=counts.get(Fate.DUPLICATE, 0),
        parked=counts.get(Fate.PARKED, 0),
    )


@router.get("/requests/{request_id}", responses={200: {"model": RequestTrace}}, response_class=Response)
def trace_request(request_id: UUID, _: Viewer, deps: Deps) -> Response:
    """What became of everything that one request brought; `requestId` is what the front door answered."""
    events = deps.event_log.request(request_id)
    if not events:
        raise NotFoundError(
            f"The event log does not have the request {request_id}. One just accepted may be on its way."
        )
    first = events[0]
    return _json(
        {
            "request_id": request_id,
            "received_at": to_datetime(first.received_at_ms),
            "connection_id": first.connection_id,
            "door": first.door,
            "fates": Counter(event.fate.value for event in events),
            "events": [_event(event) for event in events],
        }
    )


def _event(event: LoggedEvent) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "request_id": event.id.request_id,
        "connection_id": event.connection_id,
        "event_key": event.event_key,
        "door": event.door,
        "received_at": to_datetime(event.received_at_ms),
        "event_date": to_datetime(event.event_date_ms),
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


def _signals(deps: WebDeps, event: LoggedEvent) -> list[dict[str, Any]]:
    with deps.database.read() as session:
        generations = {signal.id: signal.generation for signal in list_signals(session)}
    emitted = deps.event_log.signals_of(event.id, generations)
    identities = deps.identities()
    with deps.database.read() as session:
        signals = signals_as_of(session, [(one.signal_id, one.revision) for one in emitted])
        companies = {identities.resolve(one.company_id) for one in emitted}
        names = {company_id: _company_name(session, company_id) for company_id in companies}
    return [
        {
            "signal_id": one.signal_id,
            "signal_name": signals[one.signal_id, one.revision].name,
            "revision": one.revision,
            "company_id": identities.resolve(one.company_id),
            "company_name": names[identities.resolve(one.company_id)],
            "fields": shown_fields(signals[one.signal_id, one.revision], one.values),
        }
        for one in emitted
    ]


def _company_name(session: Session, company_id: UUID) -> str | None:
    try:
        return get_company(session, company_id).name
    except NotFoundError:
        return None


def _connection_name(deps: WebDeps, event: LoggedEvent) -> str | None:
    with deps.database.read() as session:
        try:
            return get_connection(session, event.connection_id).name
        except NotFoundError:
            return None


def _within_bounds(events: Sequence[LoggedEvent]) -> Sequence[LoggedEvent]:
    characters = 0
    for count, event in enumerate(events):
        characters += len(event.payload)
        if characters > _MOST_PAYLOAD_CHARACTERS and count > 0:
            return events[:count]
    return events


def _place(received_at_ms: int, request_id: str, item: int) -> Place:
    return Place(int(received_at_ms), EventId(UUID(request_id), int(item)))


def _cursor(event: LoggedEvent) -> str:
    return write_cursor((event.received_at_ms, event.id.request_id, event.id.item))


def _told(events: Sequence[LoggedEvent]) -> list[Told]:
    return [Told(event.position, orjson.dumps(_event(event), option=orjson.OPT_UTC_Z)) for event in events]


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
