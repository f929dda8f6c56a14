"""What holds of verdicts whatever happens: they keep until the instant they name, and judging twice changes nothing."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.milestone import AssignedMilestone, MilestoneState
from milepost.judge.outcomes import Part, judge_outcome, part_of
from milepost.judge.rules import Case, Facts, deadline_of
from milepost.judge.transitions import has_moved
from milepost.testing.milestone_cases import EPOCH, cases, instants

SETTLED = (MilestoneState.ACHIEVED, MilestoneState.ACHIEVED_LATE)

thorough = settings(max_examples=300, deadline=None)


@thorough
@given(case=cases(), now=instants, later=instants)
def test_a_verdict_keeps_until_the_instant_it_names(
    case: tuple[AssignedMilestone, Facts], now: datetime, later: datetime
) -> None:
    verdict = Case(*case).judge(now)
    assert verdict.next_at is None or verdict.next_at > now
    if now <= later and (verdict.next_at is None or later < verdict.next_at):
        after = Case(*case).judge(later)
        assert (after.state, after.at) == (verdict.state, verdict.at)
        assert after.reason == verdict.reason or verdict.state is MilestoneState.IN_PROGRESS  # which tells what is left


@thorough
@given(case=cases(), now=instants)
def test_a_state_never_began_in_the_future(case: tuple[AssignedMilestone, Facts], now: datetime) -> None:
    verdict = Case(*case).judge(now)
    assert verdict.at <= now or verdict.state is MilestoneState.NOT_STARTED


@thorough
@given(case=cases(), now=instants, later=instants)
def test_what_latches_stays_achieved_as_time_goes_on(
    case: tuple[AssignedMilestone, Facts], now: datetime, later: datetime
) -> None:
    verdict = Case(*case).judge(now)
    if case[0].definition.latches and verdict.state in SETTLED and later >= now:
        assert Case(*case).judge(later) == verdict


@thorough
@given(case=cases(), now=instants)
def test_judging_twice_makes_no_second_transition(case: tuple[AssignedMilestone, Facts], now: datetime) -> None:
    assigned, facts = case
    verdict = Case(assigned, facts).judge(now)
    after = assigned.model_copy(update={"state": verdict.state, "state_at": verdict.at})
    assert not has_moved(after, Case(after, facts).judge(now))


@thorough
@given(case=cases(), now=instants)
def test_an_achievement_lies_within_every_action_and_on_its_side_of_the_deadline(
    case: tuple[AssignedMilestone, Facts], now: datetime
) -> None:
    assigned, facts = case
    verdict = Case(assigned, facts).judge(now)
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
        return [part_of(assigned, Case(assigned, facts).judge(at), 2) for assigned, facts in some]

    verdict = judge_outcome(EPOCH, parts(now), now)
    ahead = [verdict.next_at, *(Case(assigned, facts).judge(now).next_at for assigned, facts in some)]
    assert verdict.at <= max(now, EPOCH)
    assert 0 <= verdict.progress <= 1
    if now <= later and all(instant is None or later < instant for instant in ahead):
        after = judge_outcome(EPOCH, parts(later), later)
        assert (after.state, after.at, after.progress) == (verdict.state, verdict.at, verdict.progress)
