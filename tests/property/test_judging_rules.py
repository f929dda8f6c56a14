"""What holds of verdicts whatever happens: they keep until the instant they name, and judging twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.milestone import (
    AfterDays,
    AnyTime,
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    OnAssignment,
    OnDate,
)
from milepost.judge.outcomes import Part, judge_outcome
from milepost.judge.rules import Facts, deadline_of, judge_milestone, opens_at
from milepost.judge.spans import Span
from milepost.judge.transitions import has_moved

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
SETTLED = (MilestoneState.ACHIEVED, MilestoneState.ACHIEVED_LATE)

instants = st.integers(0, 40).map(lambda half_days: EPOCH + timedelta(hours=12 * half_days))
starts = st.one_of(
    st.just(AnyTime()),
    st.just(OnAssignment()),
    st.builds(OnDate, at=instants),
    st.builds(AfterDays, days=st.integers(0, 8)),
)
deadlines = st.one_of(st.none(), st.builds(OnDate, at=instants), st.builds(AfterDays, days=st.integers(0, 8)))
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
def cases(draw: st.DrawFn) -> tuple[AssignedMilestone, Facts]:
    actions = draw(st.lists(st.sampled_from([AUTOMATIC, MANUAL]), min_size=1, max_size=3).map(tuple))
    assigned_at = draw(instants)
    draft = MilestoneDraft(
        name="m", start=draw(starts), deadline=draw(deadlines), actions=actions, latches=draw(st.booleans())
    )
    assigned = AssignedMilestone(
        id=UUID(int=2),
        milestone_id=UUID(int=3),
        company_id=UUID(int=4),
        definition=draft,
        assigned_at=assigned_at,
        state_at=assigned_at,
    )
    return assigned, [draw(spans(is_manual=action is MANUAL)) for action in actions]


thorough = settings(max_examples=300, deadline=None)


@thorough
@given(case=cases(), now=instants, later=instants)
def test_a_verdict_keeps_until_the_instant_it_names(
    case: tuple[AssignedMilestone, Facts], now: datetime, later: datetime
) -> None:
    verdict = judge_milestone(*case, now)
    assert verdict.next_at is None or verdict.next_at > now
    if now <= later and (verdict.next_at is None or later < verdict.next_at):
        after = judge_milestone(*case, later)
        assert (after.state, after.at) == (verdict.state, verdict.at)
        assert after.reason == verdict.reason or verdict.state is MilestoneState.IN_PROGRESS  # which tells what is left


@thorough
@given(case=cases(), now=instants)
def test_a_state_never_began_in_the_future(case: tuple[AssignedMilestone, Facts], now: datetime) -> None:
    verdict = judge_milestone(*case, now)
    assert verdict.at <= now or verdict.state is MilestoneState.NOT_STARTED


@thorough
@given(case=cases(), now=instants, later=instants)
def test_what_latches_stays_achieved_as_time_goes_on(
    case: tuple[AssignedMilestone, Facts], now: datetime, later: datetime
) -> None:
    verdict = judge_milestone(*case, now)
    if case[0].definition.latches and verdict.state in SETTLED and later >= now:
        assert judge_milestone(*case, later) == verdict


@thorough
@given(case=cases(), now=instants)
def test_judging_twice_makes_no_second_transition(case: tuple[AssignedMilestone, Facts], now: datetime) -> None:
    assigned, facts = case
    verdict = judge_milestone(assigned, facts, now)
    after = assigned.model_copy(update={"state": verdict.state, "state_at": verdict.at})
    assert not has_moved(after, judge_milestone(after, facts, now))


@thorough
@given(case=cases(), now=instants)
def test_an_achievement_lies_within_every_action_and_on_its_side_of_the_deadline(
    case: tuple[AssignedMilestone, Facts], now: datetime
) -> None:
    assigned, facts = case
    verdict = judge_milestone(assigned, facts, now)
    if verdict.state not in SETTLED:
        return
    deadline = deadline_of(assigned)
    assert (verdict.state is MilestoneState.ACHIEVED) is (deadline is None or verdict.at <= deadline)
    for done in facts:
        if assigned.definition.latches:
            assert done[0].since <= verdict.at
        else:
            assert any(span.since <= verdict.at and (span.until is None or now < span.until) for span in done)


@thorough
@given(some=st.lists(cases(), max_size=4), now=instants, later=instants)
def test_an_outcome_keeps_until_it_or_one_of_its_milestones_moves(
    some: list[tuple[AssignedMilestone, Facts]], now: datetime, later: datetime
) -> None:
    def parts(at: datetime) -> list[Part]:
        verdicts = [(assigned, judge_milestone(assigned, facts, at)) for assigned, facts in some]
        return [
            Part(
                name="m",
                weight=2,
                state=verdict.state,
                at=verdict.at,
                opens=opens_at(assigned),
                deadline=deadline_of(assigned),
            )
            for assigned, verdict in verdicts
        ]

    verdict = judge_outcome(EPOCH, parts(now), now)
    ahead = [verdict.next_at, *(judge_milestone(assigned, facts, now).next_at for assigned, facts in some)]
    assert verdict.at <= max(now, EPOCH)
    assert 0 <= verdict.progress <= 1
    if now <= later and all(instant is None or later < instant for instant in ahead):
        after = judge_outcome(EPOCH, parts(later), later)
        assert (after.state, after.at, after.progress) == (verdict.state, verdict.at, verdict.progress)
