"""Milestones of every kind with whatever may have happened on them, as Hypothesis draws them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import strategies as st

from milepost.domain.milestone import (
    AfterDays,
    AnyTime,
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    DaysAfterAssignment,
    ManualAction,
    MilestoneDraft,
    OnAssignment,
    OnDate,
)
from milepost.judge.rules import Facts, start_of
from milepost.judge.spans import Span

EPOCH = datetime(2026, 3, 20, tzinfo=UTC)
"""The twenty days from here have days of 23, 24, 24.5 and 25 hours in these zones."""
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/St_Johns",
    "Africa/Cairo",
    "Pacific/Kiritimati",
)

instants = st.integers(0, 40).map(lambda half_days: EPOCH + timedelta(hours=12 * half_days))
days = st.integers(0, 20).map(lambda later: EPOCH.date() + timedelta(days=later))
dates = st.builds(OnDate, at=st.one_of(instants, days))
starts = st.one_of(
    st.just(AnyTime()), st.just(OnAssignment()), dates, st.builds(DaysAfterAssignment, days=st.integers(0, 8))
)
after_days = st.builds(AfterDays, days=st.integers(0, 8), at=st.sampled_from(["end_of_day", "instant"]))
deadlines = st.one_of(st.none(), dates, after_days)
AUTOMATIC = AutomaticAction(name="metric", metric_id=UUID(int=1), operator=Comparison.AT_LEAST, value=1)
MANUAL = ManualAction(name="tick")


@st.composite
def spans(draw: st.DrawFn, *, is_manual: bool) -> Sequence[Span]:
    if is_manual:
        return [Span(draw(instants))] if draw(st.booleans()) else []
    ends: Sequence[datetime | None] = sorted(draw(st.sets(instants, max_size=6)))
    if len(ends) % 2:
        ends = [*ends, None]
    return [Span(since, until, 1, 0) for since, until in pairwise(ends) if since is not None][::2]


@st.composite
def facts_of(draw: st.DrawFn, assigned: AssignedMilestone) -> Facts:
    """What may have happened on it since it starts."""
    actions = assigned.definition.actions
    return [_since(start_of(assigned), draw(spans(is_manual=isinstance(one, ManualAction)))) for one in actions]


def _since(start: datetime | None, some: Sequence[Span]) -> Sequence[Span]:
    if start is None:
        return some
    return [one._replace(since=max(start, one.since)) for one in some if one.until is None or one.until > start]


@st.composite
def copies(draw: st.DrawFn, number: int = 2) -> AssignedMilestone:
    """A copy on a company; of several on one company, each has another number."""
    actions = draw(st.lists(st.sampled_from([AUTOMATIC, MANUAL]), min_size=1, max_size=3).map(tuple))
    assigned_at = draw(instants)
    draft = MilestoneDraft(
        name="m", start=draw(starts), deadline=draw(deadlines), actions=actions, latches=draw(st.booleans())
    )
    return AssignedMilestone(
        id=UUID(int=number),
        milestone_id=UUID(int=number),
        company_id=UUID(int=1),
        definition=draft,
        assigned_at=assigned_at,
        state_at=assigned_at,
        time_zone=draw(st.sampled_from(ZONES)),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[AssignedMilestone, Facts]:
    """A copy with what happened on it."""
    assigned = draw(copies())
    return assigned, draw(facts_of(assigned))
