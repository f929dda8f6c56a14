"""Milestones judged by rule against a naive simulation that walks hour by hour and knows nothing of spans.

The simulation asks of each hour whether each comparison was true, and keeps the state as a person with a calendar and
a pencil would. Time is a grid of half days, so that starts, deadlines, holds and turns coincide often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import (
    AfterDays,
    AnyTime,
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    DaysAfterAssignment,
    Deadline,
    HeldFor,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    OnAssignment,
    OnDate,
    Start,
)
from milepost.judge.rules import Case
from milepost.judge.spans import Span, held
from milepost.testing.milestone_cases import ZONES

EPOCH = datetime(2026, 3, 20, tzinfo=UTC)
STEP = timedelta(hours=12)
TICKS = 60
"""Thirty days, over the 29th of March, on which clocks in Berlin go forward."""
BERLIN = Calendar("Europe/Berlin")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Of one action, for each tick of the grid, whether its comparison is true from there to the next."""

    true: Sequence[bool]
    held_ticks: int = 0

    def spans(self, start: int) -> list[Span]:
        """As the measure stage tells it: counted as false before the start, and from the last tick on as it was."""
        told: list[Span] = []
        since: int | None = None
        for tick in range(start, TICKS):
            if self.true[tick] and since is None:
                since = tick
            if not self.true[tick] and since is not None:
                told.append(Span(at(since), at(tick), 1.0, 0.0))
                since = None
        if since is not None:
            told.append(Span(at(since), None, 1.0))
        return told

    def is_done(self, tick: int, start: int) -> bool:
        """Whether it is true at this tick and has been, since the start at most, for as long as it must hold."""
        first = tick - self.held_ticks
        return first >= start and all(self.true[one] for one in range(first, tick + 1))


def at(tick: int) -> datetime:
    return EPOCH + tick * STEP


def simulate(
    assigned: AssignedMilestone, truths: Sequence[Truth], *, start: int, opens: int, deadline: datetime | None, now: int
) -> tuple[MilestoneState, datetime]:
    """Walk the ticks up to now and keep the state."""
    latches = assigned.definition.latches
    was_done = [False] * len(truths)
    state, since = MilestoneState.NOT_STARTED, assigned.assigned_at
    achieved_since: int | None = None
    lost_at: int | None = None
    for tick in range(min(start, opens), now + 1):
        is_done = [truth.is_done(tick, start) for truth in truths]
        was_done = [before or done for before, done in zip(was_done, is_done, strict=True)]
        is_all = all(was_done if latches else is_done)
        if is_all and achieved_since is None:
            achieved_since = tick
        elif not is_all and achieved_since is not None:
            achieved_since, lost_at = None, tick
        if tick < opens:
            continue
        if achieved_since is not None:
            is_late = deadline is not None and at(achieved_since) > deadline
            state = MilestoneState.ACHIEVED_LATE if is_late else MilestoneState.ACHIEVED
            since = at(achieved_since)
        elif deadline is not None and at(tick) > deadline:
            state = MilestoneState.MISSED
            missed = deadline if at(opens) == assigned.assigned_at else max(deadline, at(opens))
            since = max(missed, missed if lost_at is None else at(lost_at))
        else:
            state = MilestoneState.IN_PROGRESS
            since = at(max(opens, opens if lost_at is None else lost_at))
    return state, since


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Long stretches, short ones, and everything in between."""
    true: list[bool] = []
    is_true = draw(st.booleans())
    while len(true) < TICKS:
        true += [is_true] * draw(st.integers(1, 14))
        is_true = not is_true
    return Truth(true=true[:TICKS], held_ticks=draw(st.sampled_from([0, 0, 2, 6, 14])))


ticks = st.integers(2, TICKS - 1)
starts = st.one_of(
    st.just(AnyTime()),
    st.just(OnAssignment()),
    st.builds(DaysAfterAssignment, days=st.integers(0, 8)),
    st.builds(OnDate, at=ticks.map(at)),
    st.builds(OnDate, at=ticks.map(lambda tick: at(tick).date())),
)
deadlines = st.one_of(
    st.none(),
    st.builds(AfterDays, days=st.integers(0, 12), at=st.sampled_from(["end_of_day", "instant"])),
    st.builds(OnDate, at=ticks.map(at)),
    st.builds(OnDate, at=ticks.map(lambda tick: at(tick).date())),
)
zones = st.sampled_from(ZONES)


def tick_of(instant: datetime) -> int:
    return (instant - EPOCH) // STEP


@settings(max_examples=600, deadline=None)
@given(
    some=st.lists(truths(), min_size=1, max_size=3),
    start=starts,
    deadline=deadlines,
    latches=st.booleans(),
    zone=zones,
    assigned_at=st.integers(0, 30),
    now=ticks,
)
def test_a_verdict_is_what_one_finds_by_walking_through_time(
    *,
    some: list[Truth],
    start: Start,
    deadline: Deadline | None,
    zone: str,
    latches: bool,
    assigned_at: int,
    now: int,
) -> None:
    actions = _actions(some)
    assigned = AssignedMilestone(
        id=UUID(int=2),
        milestone_id=UUID(int=3),
        company_id=UUID(int=4),
        definition=MilestoneDraft(name="m", start=start, deadline=deadline, latches=latches, actions=actions),
        assigned_at=at(assigned_at),
        state_at=at(assigned_at),
        time_zone="UTC" if isinstance(start, OnDate) and not isinstance(start.at, datetime) else zone,
    )  # elsewhere a day does not begin on the grid
    first = _start_tick(start, assigned_at)
    due = _due(deadline, at(assigned_at if first is None else first), assigned.time_zone)
    assert (assigned.starts_at, assigned.due_at) == (None if first is None else at(first), due)
    counts_from = 0 if first is None else first
    opens = max(assigned_at, counts_from)
    facts = [
        held(truth.spans(counts_from), action.held_for, BERLIN) if action.held_for else truth.spans(counts_from)
        for truth, action in zip(some, actions, strict=True)
    ]
    verdict = Case(assigned, facts).judge(at(now))
    assert (verdict.state, verdict.at) == simulate(
        assigned, some, start=counts_from, opens=opens, deadline=due, now=now
    )


def _actions(some: Sequence[Truth]) -> tuple[AutomaticAction, ...]:
    return tuple(
        AutomaticAction(
            name=f"action {place}",
            metric_id=UUID(int=1),
            operator=Comparison.AT_LEAST,
            value=1,
            held_for=HeldFor(periods=truth.held_ticks // 2, period="day") if truth.held_ticks else None,
        )
        for place, truth in enumerate(some)
    )


def _start_tick(start: Start, assigned_at: int) -> int | None:
    match start:
        case AnyTime():
            return None
        case OnAssignment():
            return assigned_at
        case DaysAfterAssignment(days=days):
            return assigned_at + 2 * days
        case OnDate(at=instant):
            midnight = datetime(instant.year, instant.month, instant.day, tzinfo=UTC)
            return tick_of(instant if isinstance(instant, datetime) else midnight)


def _due(deadline: Deadline | None, start: datetime, zone: str) -> datetime | None:
    match deadline:
        case None:
            return None
        case AfterDays(days=days, at="instant"):
            return start + days * 2 * STEP
        case AfterDays(days=days):
            return _last_of(_there(start, zone) + timedelta(days=days), start, zone)
        case OnDate(at=datetime() as instant):
            return instant
        case OnDate(at=day):
            return _last_of(day, EPOCH - 2 * STEP, zone)


def _there(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def _last_of(day: date, walked: datetime, zone: str) -> datetime:
    """Look at a clock there every quarter of an hour, from an instant before the day ends, until it shows the next."""
    walked = walked.replace(minute=0, second=0, microsecond=0)
    while _there(walked, zone) <= day:
        walked += timedelta(minutes=15)
    return walked - timedelta(milliseconds=1)


@settings(max_examples=300, deadline=None)
@given(
    hours=st.integers(0, 310 * 365 * 24),
    minutes=st.integers(0, 59),
    days=st.one_of(st.integers(0, 400), st.integers(0, 3660)),
    zone=st.sampled_from([*ZONES, "America/New_York", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Beirut"]),
)
def test_a_deadline_days_later_is_the_last_millisecond_of_that_day_there(
    hours: int, minutes: int, days: int, zone: str
) -> None:
    assigned_at = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
    draft = MilestoneDraft(name="m", deadline=AfterDays(days=days), actions=(ManualAction(name="Call"),))
    assigned = AssignedMilestone(
        id=UUID(int=2), milestone_id=UUID(int=3), company_id=UUID(int=4), definition=draft, assigned_at=assigned_at,
        state_at=assigned_at, time_zone=zone,
    )  # fmt: skip
    day = _there(assigned_at, zone) + timedelta(days=days)
    assert assigned.due_at == _last_of(day, assigned_at + timedelta(days=days - 2), zone)
    dated = draft.model_copy(update={"deadline": OnDate(at=day), "start": OnDate(at=day + timedelta(days=1))})
    on_a_date = assigned.model_copy(update={"definition": dated})
    assert on_a_date.due_at == assigned.due_at
    assert on_a_date.starts_at == assigned.due_at + timedelta(milliseconds=1)


@settings(max_examples=200, deadline=None)
@given(
    day=st.integers(0, 800),
    hour=st.integers(0, 23),
    months=st.integers(1, 24),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]),
)
def test_a_month_is_held_at_the_same_time_of_day_there_whatever_the_clocks_do(
    day: int, hour: int, months: int, zone: str
) -> None:
    calendar = Calendar(zone)
    since = datetime(2024, 1, 1, hour, 30, tzinfo=UTC) + timedelta(days=day)
    (done,) = held([Span(since, None, 1.0)], HeldFor(periods=months, period="month"), calendar)
    begin_ms, end_ms = (int(one.timestamp() * 1000) for one in (since, done.since))
    first, last = calendar.day(begin_ms), calendar.day(end_ms)
    elapsed = (last.year - first.year) * 12 + last.month - first.month
    assert elapsed == months
    assert last.day == first.day or (last.day < first.day and (last + timedelta(days=1)).day == 1)
    since_midnight = [one - calendar.midnight(of) for one, of in ((begin_ms, first), (end_ms, last))]
    assert abs(since_midnight[0] - since_midnight[1]) <= 3_600_000, "but for the hour that a day may gain or lose"


def test_a_tick_that_is_moved_or_a_deadline_that_is_moved_on_a_copy_is_all_that_counts() -> None:
    draft = MilestoneDraft(name="m", deadline=OnDate(at=at(10)), actions=(ManualAction(name="Call"),))
    assigned = AssignedMilestone(
        id=UUID(int=2), milestone_id=UUID(int=3), company_id=UUID(int=4), definition=draft, assigned_at=at(0),
        state_at=at(0),
    )  # fmt: skip
    facts = [[Span(at(12))]]
    assert Case(assigned, facts).judge(at(20)).state is MilestoneState.ACHIEVED_LATE
    later = assigned.model_copy(update={"definition": draft.model_copy(update={"deadline": OnDate(at=at(12))})})
    assert Case(later, facts).judge(at(20)).state is MilestoneState.ACHIEVED


def test_a_hold_that_is_complete_only_after_the_deadline_is_late() -> None:
    truth = Truth(true=[False] * 4 + [True] * (TICKS - 4), held_ticks=6)
    action = AutomaticAction(
        name="a", metric_id=UUID(int=1), operator=Comparison.AT_LEAST, value=1,
        held_for=HeldFor(periods=3, period="day"),
    )  # fmt: skip
    draft = MilestoneDraft(name="m", deadline=OnDate(at=at(9)), actions=(action,))
    assigned = AssignedMilestone(
        id=UUID(int=2), milestone_id=UUID(int=3), company_id=UUID(int=4), definition=draft, assigned_at=at(0),
        state_at=at(0),
    )  # fmt: skip
    assert action.held_for is not None
    facts = [held(truth.spans(0), action.held_for, BERLIN)]
    states = [Case(assigned, facts).judge(at(now)).state for now in (9, 10)]
    assert states == [MilestoneState.IN_PROGRESS, MilestoneState.ACHIEVED_LATE]
