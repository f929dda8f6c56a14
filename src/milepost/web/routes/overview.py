"""The overview: what came in, what is defined, and how the companies fare, in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from milepost.control.repos.bases import bases
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.milestones import list_milestones
from milepost.control.repos.outcomes import list_outcomes
from milepost.control.repos.overview import count_nouns, milestone_states, outcome_states
from milepost.control.repos.settings import read_settings
from milepost.domain.fate import Fate
from milepost.domain.milestone import Milestone
from milepost.domain.outcome import Outcome
from milepost.judge.facts import NO_METRIC
from milepost.kit.clock import to_datetime
from milepost.web.auth import Viewer
from milepost.web.behind import JudgingView, judging_view
from milepost.web.deps import Deps
from milepost.web.routes.requests import FateCounts
from milepost.web.spreads import without_values

router = APIRouter(tags=["overview"])
_GONE: Final = without_values(NO_METRIC.reason)


class Nouns(BaseModel):
    """How many there are."""

    connections: int
    companies: int
    signals: int
    metrics: int


class MetricSpread(BaseModel):
    """A metric over the companies that have a value now; `unjudged` is why it cannot be evaluated."""

    id: UUID
    name: str
    unit: str
    companies: int
    lowest: float
    median: float
    highest: float
    unjudged: str


class Shares(BaseModel):
    """How many companies are in which state of a milestone or an outcome."""

    id: UUID
    name: str
    states: dict[str, int]


class Overview(BaseModel):
    """Everything at a glance; `metrics_at` is the instant of the metrics' values, up to a minute ago for many."""

    account_name: str
    events: FateCounts
    counts: Nouns
    judging: JudgingView
    metrics_at: datetime
    metrics: list[MetricSpread]
    milestones: list[Shares]
    outcomes: list[Shares]


@router.get("/overview")
def show_overview(
    _: Viewer,
    deps: Deps,
    metrics: Annotated[bool, Query(description="Whether metrics are asked for, of which there may be many.")] = True,
) -> Overview:
    """What came in, what is defined, how the companies fare; metrics are as of now."""
    with deps.database.read() as session:
        counts, account_name = Nouns(**count_nouns(session)), read_settings(session).account_name
        defined, resting_on = (list_metrics(session), bases(session)) if metrics else ((), {})
        milestones = _shares(list_milestones(session), milestone_states(session))
        outcomes = _shares(list_outcomes(session), outcome_states(session))
    fates = deps.event_log.fates()
    now_ms = deps.clock()
    spreads, at_ms = deps.spreads.read(resting_on, now_ms, lambda: deps.metrics.values_of_many(resting_on, now_ms))
    return Overview(
        account_name=account_name,
        events=FateCounts(
            processed=fates.get(Fate.PROCESSED, 0),
            duplicate=fates.get(Fate.DUPLICATE, 0),
            parked=fates.get(Fate.PARKED, 0),
        ),
        counts=counts,
        metrics_at=to_datetime(at_ms),
        metrics=[
            MetricSpread(id=one.id, name=one.name, unit=one.unit, **spreads.get(one.id, _GONE)._asdict())
            for one in defined
        ],
        judging=judging_view(deps),
        milestones=milestones,
        outcomes=outcomes,
    )


def _shares(definitions: Sequence[Milestone | Outcome], states: Mapping[UUID, dict[str, int]]) -> list[Shares]:
    return [Shares(id=one.id, name=one.name, states=states.get(one.id, {})) for one in definitions]
