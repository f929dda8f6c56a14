"""From a look at plans to what must be recorded: whatever of the course of states is not on record, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from milepost.domain.calendar import Calendar
from milepost.domain.history import Recorded, Stay, stays_on_record
from milepost.domain.milestone import AssignedMilestone, MilestoneState, Transition
from milepost.domain.outcome import AssignedOutcome
from milepost.domain.plan import Subject
from milepost.judge.causes import CLOCK, Cause
from milepost.judge.course import PlanCases, Unrecorded, milestone_course, outcome_course, unrecorded
from milepost.judge.outcomes import OutcomeVerdict
from milepost.judge.rules import Case, Verdict, is_correction
from milepost.judge.transitions import contradicts, has_moved, transitions
from milepost.kit.clock import to_datetime, to_unix_ms


class Judged(NamedTuple):
    """The copies on companies' plans as judged at `now`; a milestone that cannot be measured has no case."""

    milestones: Sequence[AssignedMilestone]
    outcomes: Sequence[AssignedOutcome]
    cases: Mapping[UUID, Case]
    verdicts: Mapping[UUID, Verdict]
    outcome_verdicts: Mapping[UUID, OutcomeVerdict]
    now: datetime
    calendar: Calendar

    def moved(
        self, in_question: Callable[[UUID], bool]
    ) -> tuple[Sequence[AssignedMilestone], Sequence[AssignedOutcome]]:
        """Those whose state is another, or whose past may be: what is in question, and what counts on what moved."""
        milestones = [
            one
            for one in self.milestones
            if one.id in self.cases and (in_question(one.id) or has_moved(one, self.verdicts[one.id]))
        ]
        behind = {(one.company_id, one.milestone_id) for one in milestones}
        outcomes = [
            one
            for one in self.outcomes
            if in_question(one.id)
            or one.state is not self.outcome_verdicts[one.id].state
            or any((one.company_id, weighted.milestone_id) in behind for weighted in one.milestones)
        ]
        return milestones, outcomes


class CausesOf(NamedTuple):
    """Why a milestone in one state takes a verdict, and what a person did to a copy, if that is why."""

    of_milestone: Callable[[AssignedMilestone, Verdict], Cause]
    done_to: Callable[[UUID], Cause | None]


class Changes:
    """What is to be recorded of these milestones and outcomes, of which `recorded` is on record."""

    def __init__(
        self,
        judged: Judged,
        moved: tuple[Sequence[AssignedMilestone], Sequence[AssignedOutcome]],
        recorded: Mapping[UUID, Sequence[Recorded]],
    ) -> None:
        self._judged = judged
        self._recorded = recorded
        self._cases = PlanCases(judged.milestones, judged.cases)
        milestones, outcomes = moved
        of_milestones = [(one, self._of_milestone(one)) for one in milestones]
        self._of_milestones = [(one, news) for one, news in of_milestones if news.verdicts]
        corrected = {(one.company_id, one.milestone_id) for one, news in of_milestones if news.is_correction}
        of_outcomes = [(one, self._of_outcome(one, corrected)) for one in outcomes]
        self._of_outcomes = [(one, news) for one, news in of_outcomes if news.verdicts]

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self._of_milestones or self._of_outcomes)

    def transitions(self, causes: CausesOf) -> Iterator[Transition]:
        """What is to be recorded, in this order."""
        now, calendar = self._judged.now, self._judged.calendar
        behind: dict[tuple[UUID, UUID], list[tuple[datetime, Cause]]] = {}
        for one, news in self._of_milestones:
            whys = _causes(one, news, causes.of_milestone)
            behind[one.company_id, one.milestone_id] = [
                (one.at, why) for one, why in zip(news.verdicts, whys, strict=True)
            ]
            yield from transitions(one, news, whys, now, calendar)
        for outcome, news_of_outcome in self._of_outcomes:
            keys = ((outcome.company_id, weighted.milestone_id) for weighted in outcome.milestones)
            parts = sorted((part for key in keys for part in behind.get(key, ())), key=lambda part: part[0])
            done = causes.done_to(outcome.id)
            whys = [done or _cause_behind(verdict, parts) for verdict in news_of_outcome.verdicts]
            yield from transitions(outcome, news_of_outcome, whys, now, calendar)

    def _of_milestone(self, one: AssignedMilestone) -> Unrecorded[Verdict]:
        course = milestone_course(self._judged.cases[one.id], self._judged.now, self._judged.calendar)
        return unrecorded(course, self._stays("milestone", one), lambda verdict: is_correction(one, verdict))

    def _of_outcome(self, one: AssignedOutcome, corrected: Collection[tuple[UUID, UUID]]) -> Unrecorded[OutcomeVerdict]:
        """One that counts on what cannot be measured now has no course that is known."""
        is_corrected = any((one.company_id, weighted.milestone_id) in corrected for weighted in one.milestones)
        parts = self._cases.of(one)
        if parts is None:
            verdict = self._judged.outcome_verdicts[one.id]
            news = [] if one.state is verdict.state else [verdict]
            return Unrecorded(news, is_corrected and contradicts(one, verdict))
        course = outcome_course(one, parts, self._judged.now, self._judged.calendar)
        return unrecorded(
            course, self._stays("outcome", one), lambda verdict: is_corrected and contradicts(one, verdict)
        )

    def _stays(self, subject: Subject, one: AssignedMilestone | AssignedOutcome) -> Sequence[Stay]:
        return stays_on_record(subject, to_unix_ms(one.assigned_at), self._recorded.get(one.id, ()))


def _causes(
    one: AssignedMilestone, news: Unrecorded[Verdict], of: Callable[[AssignedMilestone, Verdict], Cause]
) -> list[Cause]:
    """Why each verdict is taken, after the one before."""
    found: list[Cause] = []
    if news.was is not None:
        one = _in_state(one, MilestoneState(news.was.state), to_datetime(news.was.since_ms))
    for verdict in news.verdicts:
        found.append(of(one, verdict))
        one = _in_state(one, verdict.state, verdict.at)
    return found


def _in_state(one: AssignedMilestone, state: MilestoneState, since: datetime) -> AssignedMilestone:
    return one.model_copy(update={"state": state, "state_at": since})


def _cause_behind(verdict: OutcomeVerdict, parts: Sequence[tuple[datetime, Cause]]) -> Cause:
    """Why the last of its milestones changed by then; the clock, where none did."""
    by_then = [cause for at, cause in parts if at <= verdict.at]
    return by_then[-1] if by_then else CLOCK
