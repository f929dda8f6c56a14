"""Whatever is found out when, the record tells the states as they are known to have been: at any instant, of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.history import Life, Recorded, Stay, in_time, is_missed_on_plan, stays_on_record
from milepost.domain.milestone import AssignedMilestone, MilestoneDraft, OnDate, Transition
from milepost.domain.outcome import AssignedOutcome, WeightedMilestone
from milepost.domain.plan import Subject
from milepost.judge.causes import CLOCK
from milepost.judge.changes import CausesOf, Changes, Judged
from milepost.judge.outcomes import judge_outcomes
from milepost.judge.rules import Case, Facts
from milepost.judge.words import UTC_DATES
from milepost.kit.clock import to_unix_ms
from milepost.testing.milestone_cases import EPOCH, MANUAL, copies, facts_of, instants

UNKNOWN_CAUSES = CausesOf(lambda _assigned, _verdict: CLOCK, lambda _copy_id: None)


class Plan:
    """Milestones of one company, an outcome that counts on all of them, and the record of how they fared."""

    def __init__(self, milestones: Sequence[AssignedMilestone], assigned_at: datetime) -> None:
        self.milestones = list(milestones)
        self.outcome = AssignedOutcome(
            id=UUID(int=99),
            outcome_id=UUID(int=99),
            company_id=UUID(int=1),
            name="o",
            milestones=tuple(WeightedMilestone(milestone_id=one.milestone_id) for one in milestones),
            assigned_at=assigned_at,
            state_at=assigned_at,
        )
        self.recorded: dict[UUID, list[Recorded]] = {}

    def judged(self, cases: Mapping[UUID, Case], now: datetime) -> Judged:
        """By the copies that are there at the instant."""
        there = [one for one in self.milestones if one.assigned_at <= now]
        verdicts = {one: case.judge(now) for one, case in cases.items()}
        outcomes = judge_outcomes(there, [self.outcome], verdicts, now)
        return Judged(there, [self.outcome], cases, verdicts, outcomes, now, UTC_DATES)

    def look(self, facts: Mapping[UUID, Facts], now: datetime) -> list[Transition]:
        """Record what is not on record yet; gives it."""
        cases = {one.id: Case(one, facts[one.id]) for one in self.milestones}
        judged = self.judged(cases, now)
        changes = Changes(judged, judged.moved(lambda _: True), self.recorded)
        made = list(changes.transitions(UNKNOWN_CAUSES))
        for one in made:
            self.recorded.setdefault(one.subject_id, []).append(
                Recorded(
                    to_unix_ms(one.at),
                    one.to_state,
                    one.is_correction,
                    None if one.until is None else to_unix_ms(one.until),
                )
            )
        self.milestones = [
            one.model_copy(update={"state": judged.verdicts[one.id].state, "state_at": judged.verdicts[one.id].at})
            for one in self.milestones
        ]
        verdict = judged.outcome_verdicts[self.outcome.id]
        self.outcome = self.outcome.model_copy(update={"state": verdict.state, "state_at": verdict.at})
        return made


@st.composite
def stories(draw: st.DrawFn) -> tuple[Plan, list[tuple[dict[UUID, Facts], datetime]]]:
    """A plan, and what was known when, as time goes on; each time it may all be different."""
    plan = Plan([draw(copies(number)) for number in range(1, draw(st.integers(2, 4)))], draw(instants))
    looks = sorted(draw(st.lists(instants, min_size=1, max_size=5)))
    return plan, [({one.id: draw(facts_of(one)) for one in plan.milestones}, now) for now in looks]


@settings(max_examples=400, deadline=None)
@given(story=stories(), at=instants, about=st.sampled_from([None, -1, 0, 1]))
def test_the_record_tells_the_states_as_they_would_be_judged_for_any_instant(
    story: tuple[Plan, list[tuple[dict[UUID, Facts], datetime]]], at: datetime, about: int | None
) -> None:
    """Also in the very millisecond of a deadline, and in those beside it."""
    plan, looks = story
    if about is not None and plan.milestones[0].due_at is not None:
        at = plan.milestones[0].due_at + timedelta(milliseconds=about)
    for facts, now in looks:
        plan.look(facts, now)
        instant = min(at, now)
        cases = {one.id: Case(one, facts[one.id]) for one in plan.milestones}
        judged = plan.judged(cases, instant)
        for one in plan.milestones:
            assert now < one.assigned_at or _state("milestone", one, plan, instant) in (
                None,
                judged.verdicts[one.id].state.value,
            )
        assert now < plan.outcome.assigned_at or _state("outcome", plan.outcome, plan, instant) in (
            None,
            judged.outcome_verdicts[plan.outcome.id].state.value,
        )


def test_an_outcome_was_missed_at_a_deadline_that_had_passed_before_the_milestone_was_assigned() -> None:
    """Two milestones come to the plan after their deadlines; the second's deadline is when the first one comes."""
    plan = Plan([_late(1, due=1, assigned=2), _late(2, due=0, assigned=1)], EPOCH)
    now = EPOCH + timedelta(days=2)
    plan.look({one.id: [[]] for one in plan.milestones}, now)
    assert _state("outcome", plan.outcome, plan, EPOCH + timedelta(days=1)) == "missed"


def _late(number: int, *, due: int, assigned: int) -> AssignedMilestone:
    """In days after EPOCH."""
    at = EPOCH + timedelta(days=assigned)
    return AssignedMilestone(
        id=UUID(int=number),
        milestone_id=UUID(int=number),
        company_id=UUID(int=1),
        definition=MilestoneDraft(name="m", deadline=OnDate(at=EPOCH + timedelta(days=due)), actions=(MANUAL,)),
        assigned_at=at,
        state_at=at,
    )


@settings(max_examples=200, deadline=None)
@given(story=stories())
def test_what_is_on_record_is_not_recorded_again(
    story: tuple[Plan, list[tuple[dict[UUID, Facts], datetime]]],
) -> None:
    plan, looks = story
    for facts, now in looks:
        for made in plan.look(facts, now):
            assert (made.from_state, made.is_correction) != (made.to_state, False) or made.subject == "outcome"
        assert plan.look(facts, now) == []


def _state(subject: Subject, one: AssignedMilestone | AssignedOutcome, plan: Plan, at: datetime) -> str | None:
    begin_ms, stays = to_unix_ms(one.assigned_at), _stays(subject, one, plan)
    stay = Life(begin_ms, None, stays, in_time(subject, stays, _deadlines(one, plan))).state_at(to_unix_ms(at))
    return None if stay is None else stay.state


def _stays(subject: Subject, one: AssignedMilestone | AssignedOutcome, plan: Plan) -> list[Stay]:
    return stays_on_record(subject, to_unix_ms(one.assigned_at), plan.recorded.get(one.id, ()))


def _deadlines(one: AssignedMilestone | AssignedOutcome, plan: Plan) -> set[int]:
    """Its own; those that its milestones have missed."""
    if isinstance(one, AssignedMilestone):
        return set() if one.due_at is None else {to_unix_ms(one.due_at)}
    return {
        to_unix_ms(part.due_at)
        for part in plan.milestones
        if part.due_at is not None
        and is_missed_on_plan(to_unix_ms(part.assigned_at), _stays("milestone", part, plan), to_unix_ms(part.due_at))
    }
