"""The event log: every event with its fate, and one event's whole trace.

Payloads leave as the JSON text that was sent, number for number; a parked event that is no JSON leaves as a string.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from sqlalchemy.orm import Session

from milepost.control.repos.companies import get_company
from milepost.control.repos.connections import get_connection
from milepost.control.repos.signals import list_signals, signals_as_of
from milepost.domain.account import Role
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.event import EventId
from milepost.domain.event_date import DateFlag
from milepost.domain.fate import Fate
from milepost.kit.clock import to_unix_ms
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import LoggedEvent, Place
from milepost.store.position import MOST_ITEM, Position
from milepost.web.auth import Viewer, check_still
from milepost.web.deps import Deps, WebDeps
from milepost.web.fields import shown_fields
from milepost.web.instants import AskedInstant
from milepost.web.live import PAGE_ROWS, TailSource, Told, follow
from milepost.web.live_query import Start, TailPlace
from milepost.web.logged_events import EventView, event_json, json_response, within_bounds
from milepost.web.paging import Cursor, Limit, read_cursor, whole, write_cursor
from milepost.web.passed_by import PassedByView, passed_by

router = APIRouter(tags=["events"])


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
    passed_by: list[PassedByView]


def wanted_events(
    *,
    connection_id: UUID | None = None,
    event_key: str | None = None,
    fate: Literal["processed", "duplicate", "parked"] | None = None,
    since: Annotated[AskedInstant | None, Query(description="Arrived at or after this instant.")] = None,
    until: Annotated[AskedInstant | None, Query(description="Arrived before this instant.")] = None,
    date_flag: Annotated[
        DateFlag | Literal["any"] | None, Query(description="Whose date is doubtful for this reason, or for any.")
    ] = None,
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
        date_flag=date_flag,
    )


WantedEvents = Annotated[EventFilter, Depends(wanted_events)]


@router.get("/events", responses={200: {"model": EventPage}}, response_class=Response)
def list_events(_: Viewer, wanted: WantedEvents, deps: Deps, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Events that arrived, newest first, repeats included."""
    found = deps.event_log.page(wanted, older_than=read_cursor(cursor, _place), limit=limit + 1)
    shown = within_bounds(found[:limit])
    more = len(shown) < len(found)
    return json_response(
        {"items": [event_json(event) for event in shown], "next": _cursor(shown[-1]) if more else None}
    )


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
        fitting = within_bounds(found)
        return _told(fitting), len(found) == PAGE_ROWS or len(fitting) < len(found)

    def latest(upto: int, last: int) -> Sequence[Told]:
        return _told(within_bounds(deps.event_log.latest(wanted, upto, last))[::-1])

    source = TailSource(after=after, latest=latest, topics=None)
    async for event in follow(deps.live.news, source, start, lambda: check_still(Role.VIEWER, request, deps)):
        yield event


@router.get("/events/{event_id}", responses={200: {"model": EventTrace}}, response_class=Response)
def trace_event(event_id: str, _: Viewer, deps: Deps) -> Response:
    """One event's whole way: its request, its fate, the signals it emitted, and why others did not come of it."""
    try:
        parsed = EventId.parse(event_id)
    except ValueError as error:
        raise InvalidInputError("This is no event id.", faults=(Fault(path="event_id", reason=str(error)),)) from None
    event = deps.event_log.event(parsed)
    if event is None:
        raise NotFoundError(f"The event log does not have the event {event_id}. One just accepted may be on its way.")
    signals = _signals(deps, event)
    with deps.database.read() as session:
        others = passed_by(session, event, {one["signal_id"] for one in signals})
    return json_response(
        {
            **event_json(event),
            "connection_name": _connection_name(deps, event),
            "signals": signals,
            "passed_by": [one.model_dump(mode="json") for one in others],
        }
    )


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


def _place(received_at_ms: int, request_id: str, item: int) -> Place:
    if whole(received_at_ms) < 0 or not 0 <= whole(item) <= MOST_ITEM:
        raise ValueError("no event has this place")
    return Place(received_at_ms, EventId(UUID(request_id), item))


def _cursor(event: LoggedEvent) -> str:
    return write_cursor((event.received_at_ms, event.id.request_id, event.id.item))


def _told(events: Sequence[LoggedEvent]) -> list[Told]:
    return [Told(event.position, orjson.dumps(event_json(event), option=orjson.OPT_UTC_Z)) for event in events]
