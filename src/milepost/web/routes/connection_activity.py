"""What comes in by each connection: its days, its latest event, its refusals, in one call; and a test event for one."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from milepost.control.repos import connections
from milepost.control.repos.settings import read_settings
from milepost.domain.fate import Fate
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.web.auth import Editor, Viewer
from milepost.web.deps import Deps
from milepost.web.trial_event import TestEvent, send_test_event

router = APIRouter(prefix="/connections", tags=["connections"])

_MOST_DAYS: Final = 90


class ConnectionActivity(BaseModel):
    """One connection's part: `events` has one count for each of the days, the last of them today's."""

    connection_id: UUID
    last_event_at: datetime | None
    events: list[int]
    repeats: int
    parked: int
    refusals: int = Field(description="Of those that are still kept.")
    doubtful_dates: int


class Activity(BaseModel):
    """All connections over the same days of the account's time zone."""

    days: list[date]
    items: list[ConnectionActivity]


class TestEventDraft(BaseModel):
    """What to send; a small event that says what it is unless given."""

    __test__ = False
    model_config = ConfigDict(extra="forbid")

    event_key: str = Field(default="milepost-test", min_length=1, max_length=200)
    payload: dict[str, Any] = Field(default_factory=lambda: {"test": True, "message": "Hello from the console"})


@router.get("/activity")
def show_activity(_: Viewer, deps: Deps, days: Annotated[int, Query(ge=1, le=_MOST_DAYS)] = 14) -> Activity:
    """How much came in by every connection on each of the last days, and what became of it."""
    with deps.database.read() as session:
        found = connections.list_connections(session)
        zone = read_settings(session).time_zone
    today = to_datetime(deps.clock()).astimezone(ZoneInfo(zone)).date()
    shown = [today - timedelta(days=ago) for ago in reversed(range(days))]
    since_ms = to_unix_ms(datetime(shown[0].year, shown[0].month, shown[0].day, tzinfo=ZoneInfo(zone)))
    by_day, by_fate = Counter[tuple[UUID, date]](), Counter[tuple[UUID, Fate]]()
    for row in deps.event_log.days(since_ms, zone):
        by_day[row.connection_id, row.day] += row.events
        by_fate[row.connection_id, row.fate] += row.events
    last, refusals = deps.event_log.last_arrivals(), deps.rejections.counts(since_ms)
    doubtful = Counter[UUID]()
    for seen in deps.event_log.doubtful_dates(connection_id=None, since_ms=since_ms, until_ms=None):
        doubtful[seen.connection_id] += seen.events
    items = [
        ConnectionActivity(
            connection_id=one.id,
            last_event_at=to_datetime(last[one.id]) if one.id in last else None,
            events=[by_day[one.id, day] for day in shown],
            repeats=by_fate[one.id, Fate.DUPLICATE],
            parked=by_fate[one.id, Fate.PARKED],
            refusals=refusals.get(one.id, 0),
            doubtful_dates=doubtful[one.id],
        )
        for one in found
    ]
    return Activity(days=shown, items=items)


@router.post("/{connection_id}/test-event")
def send_test(connection_id: UUID, caller: Editor, deps: Deps, draft: TestEventDraft | None = None) -> TestEvent:
    """Send a test event through the connection's own front door; it is recorded like any other."""
    wanted = draft or TestEventDraft()
    with deps.database.read() as session:
        keys = connections.read_keys(session, connection_id, secrets_key=deps.secrets_key)
    return send_test_event(keys, deps.doors, wanted.event_key, wanted.payload)
