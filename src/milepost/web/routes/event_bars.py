"""How many events of a filter arrived when, by fate: what a histogram over the list of events shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.fate import Fate
from milepost.kit.clock import to_datetime
from milepost.store.activity import Bar
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.routes.events import WantedEvents
from milepost.web.routes.requests import FateCounts

router = APIRouter(prefix="/events", tags=["events"])

_DAY_MS: Final = 86_400_000


class BarView(BaseModel):
    """The events that arrived from `at` on, for a step's time."""

    at: datetime
    counts: FateCounts


class EventBars(BaseModel):
    """Bars of equal width from `since` to `until`; those without an event are left out."""

    since: datetime
    until: datetime
    step_ms: int
    total: FateCounts
    bars: list[BarView]


@router.get("/bars")
def count_events(
    _: Viewer, wanted: WantedEvents, deps: Deps, most: Annotated[int, Query(ge=1, le=500)] = 60
) -> EventBars:
    """The events that the filter takes, in up to `most` bars; the last day unless the filter has its own span."""
    until_ms = deps.clock() if wanted.until_ms is None else wanted.until_ms
    since_ms = until_ms - _DAY_MS if wanted.since_ms is None else wanted.since_ms
    if since_ms >= until_ms:
        raise InvalidInputError("No time lies between.", faults=(Fault(path="since", reason="must be before until"),))
    step_ms = max(1, -(-(until_ms - since_ms) // most))
    found = deps.event_log.bars(wanted.between(since_ms, until_ms), step_ms)
    shown = [BarView(at=to_datetime(at), counts=_counts(bars)) for at, bars in groupby(found, lambda one: one.from_ms)]
    return EventBars(
        since=to_datetime(since_ms),
        until=to_datetime(until_ms),
        step_ms=step_ms,
        total=_counts(found),
        bars=shown,
    )


def _counts(bars: Iterable[Bar]) -> FateCounts:
    counted = dict.fromkeys(Fate, 0)
    for one in bars:
        counted[one.fate] += one.events
    return FateCounts(processed=counted[Fate.PROCESSED], duplicate=counted[Fate.DUPLICATE], parked=counted[Fate.PARKED])
