"""Events that were kept although their dates are implausible: how many, by connection and reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from milepost.control.repos.connections import list_connections
from milepost.domain.event_date import REASONS, DateFlag
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.store.doubtful_dates import DoubtfulDatesSeen
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.instants import AskedInstant
from milepost.web.paging import Cursor, Page, ShortLimit, some_of

router = APIRouter(prefix="/doubtful-dates", tags=["rejections"])


class DoubtfulEventView(BaseModel):
    """One of the events, by its id in the log."""

    event_id: str
    event_key: str
    received_at: datetime
    event_date: datetime


class DoubtfulDatesView(BaseModel):
    """How many events of a connection have dates that are doubtful for one reason; `latest` are up to three."""

    connection_id: UUID
    connection_name: str | None
    flag: DateFlag
    reason: str
    events: int
    first_received_at: datetime
    last_received_at: datetime
    latest: list[DoubtfulEventView]


@router.get("")
def list_doubtful_dates(
    *,
    _: Viewer,
    deps: Deps,
    connection_id: UUID | None = None,
    since: Annotated[AskedInstant | None, Query(description="Arrived at or after this instant.")] = None,
    until: Annotated[AskedInstant | None, Query(description="Arrived before this instant.")] = None,
    cursor: Cursor = None,
    limit: ShortLimit = 1000,
) -> Page[DoubtfulDatesView]:
    """Events that were kept although their dates are implausible, by connection and reason; repeats count too."""
    found = deps.event_log.doubtful_dates(
        connection_id=connection_id,
        since_ms=to_unix_ms(since) if since else None,
        until_ms=to_unix_ms(until) if until else None,
    )
    with deps.database.read() as session:
        names = {connection.id: connection.name for connection in list_connections(session)}
    views = [_view(one, names.get(one.connection_id)) for one in found]
    return some_of(views, cursor, limit, lambda one: (one.connection_id, one.flag.value))


def _view(seen: DoubtfulDatesSeen, connection_name: str | None) -> DoubtfulDatesView:
    return DoubtfulDatesView(
        connection_id=seen.connection_id,
        connection_name=connection_name,
        flag=seen.flag,
        reason=REASONS[seen.flag],
        events=seen.events,
        first_received_at=to_datetime(seen.first_ms),
        last_received_at=to_datetime(seen.last_ms),
        latest=[
            DoubtfulEventView(
                event_id=str(event.id),
                event_key=event.event_key,
                received_at=to_datetime(event.received_at_ms),
                event_date=to_datetime(event.event_date_ms),
            )
            for event in seen.latest
        ],
    )
