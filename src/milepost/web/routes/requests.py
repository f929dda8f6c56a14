"""Requests as the front doors answered them: what became of the events of one, at once or waited for, or of many."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from milepost.domain.errors import NotFoundError
from milepost.domain.fate import Fate
from milepost.kit.clock import to_datetime
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.logged_events import EventView, event_json, json_response

router = APIRouter(prefix="/requests", tags=["events"])

LONGEST_WAIT_SECONDS: Final = 30

Wait = Annotated[
    float,
    Query(
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        allow_inf_nan=False,
        description="Wait up to so many seconds until the request is processed; without it, look once.",
    ),
]


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


@router.post("/fates")
def count_fates(requests: RequestIds, _: Viewer, deps: Deps) -> FateCounts:
    """What became of the events of up to 10,000 requests; events that are still on their way do not count."""
    counts = deps.event_log.fates_of(requests.request_ids)
    return FateCounts(
        processed=counts.get(Fate.PROCESSED, 0),
        duplicate=counts.get(Fate.DUPLICATE, 0),
        parked=counts.get(Fate.PARKED, 0),
    )


@router.get("/{request_id}", responses={200: {"model": RequestTrace}}, response_class=Response)
async def trace_request(request_id: UUID, _: Viewer, deps: Deps, wait: Wait = 0) -> Response:
    """What became of everything that one request brought; `requestId` is what the front door answered.

    With `wait` the answer comes as soon as each event of the request has its fate, and is in the log.
    """
    events = await run_in_threadpool(deps.event_log.request, request_id)
    if not events and wait > 0:
        async with deps.live.waits.take():
            if await deps.live.lookout.until_logged(request_id, wait, deps.event_log.logged):
                events = await run_in_threadpool(deps.event_log.request, request_id)
    if not events:
        raise NotFoundError(
            f"The event log does not have the request {request_id}. One just accepted may be on its way."
        )
    first = events[0]
    return json_response(
        {
            "request_id": request_id,
            "received_at": to_datetime(first.received_at_ms),
            "connection_id": first.connection_id,
            "door": first.door,
            "fates": Counter(event.fate.value for event in events),
            "events": [event_json(event) for event in events],
        }
    )
