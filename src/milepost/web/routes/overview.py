"""The overview: what came in, what is defined, and how the companies fare, in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from milepost.control.repos.bases import bases
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.milestones import list_milestones
from milepost.control.repos.outcomes import list_outcomes
from milepost.control.repos.overview import count_nouns, milestone_states, outcome_states
from milepost.control.repos.settings import read_settings
from milepost.domain.fate import Fate
from milepost.domain.metric import Formula, Metric
from milepost.domain.milestone import Milestone
from milepost.domain.outcome import Outcome
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.routes.requests import FateCounts

router = APIRouter(tags=["overview"])


class Nouns(BaseModel):
    """How many there are."""

    connections: int
    companies: int
    signals: int
    metrics: int


class MetricSpread(BaseModel):
    """A metric over the companies that have a value now."""

    id: UUID
    name: str
    unit: str
    companies: int
    lowest: float
    median: float
    highest: float


class Shares(BaseModel):
    """How many companies are in which state of a milestone or an outcome."""

    id: UUID
    name: str
    states: dict[str, int]


class Overview(BaseModel):
    """Everything at a glance."""

    account_name: str
    events: FateCounts
    counts: Nouns
    metrics: list[MetricSpread]
    milestones: list[Shares]
    outcomes: list[Shares]


@router.get("/overview")
def show_overview(_: Viewer, deps: Deps) -> Overview:
    """What came in, what is defined, how the companies fare; metrics are as of now."""
    with deps.database.read() as session:
        counts, account_name = Nouns(**count_nouns(session)), read_settings(session).account_name
        metrics, resting_on = list_metrics(session), bases(session)
        milestones = _shares(list_milestones(session), milestone_states(session))
        outcomes = _shares(list_outcomes(session), outcome_states(session))
    fates = deps.event_log.fates()
    now_ms = deps.clock()
    return Overview(
        account_name=account_name,
        events=FateCounts(
            processed=fates.get(Fate.PROCESSED, 0),
            duplicate=fates.get(Fate.DUPLICATE, 0),
            parked=fates.get(Fate.PARKED, 0),
        ),
        counts=counts,
        metrics=[_spread(metric, deps.metrics.values(resting_on[metric.id], now_ms)) for metric in metrics],
        milestones=milestones,
        outcomes=outcomes,
    )


def _spread(metric: Metric | Formula, values: Mapping[UUID, float | None]) -> MetricSpread:
    with_value = [value for value in values.values() if value is not None]
    numbers = with_value or [0.0]
    return MetricSpread(
        id=metric.id,
        name=metric.name,
        unit=metric.unit,
        companies=len(with_value),
        lowest=min(numbers),
        median=median(numbers),
        highest=max(numbers),
    )


def _shares(definitions: Sequence[Milestone | Outcome], states: Mapping[UUID, dict[str, int]]) -> list[Shares]:
    return [Shares(id=one.id, name=one.name, states=states.get(one.id, {})) for one in definitions]
