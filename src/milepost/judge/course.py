"""The states that a milestone or an outcome has gone through, by all that is known now, against those on record. Pure.

A state may have come and gone between two looks: while nothing ran, or by events that came late. It is recorded too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from milepost.domain.calendar import Calendar
from milepost.domain.history import Stay
from milepost.domain.milestone import AssignedMilestone
from milepost.domain.outcome import AssignedOutcome
from milepost.judge.outcomes import OutcomeVerdict, judge_outcome, part_of
from milepost.judge.rules import Case, Verdict
from milepost.kit.clock import to_unix_ms

AnyVerdict = TypeVar("AnyVerdict", Verdict, OutcomeVerdict)


def milestone_course(case: Case, upto: datetime, calendar: Calendar) -> list[Verdict]:
    """Its verdicts in turn, from its assignment up to the one of now."""

    def judge(instant: datetime) -> tuple[Verdict, datetime | None]:
        verdict = case.judge(instant, calendar)
        return verdict, verdict.next_at

    walked = _walk(judge, case.assigned.assigned_at, upto)
    return _in_turn((verdict for _, verdict in walked), case.assigned.assigned_at)


def outcome_course(
    outcome: AssignedOutcome, parts: Sequence[tuple[Case, float]], upto: datetime, calendar: Calendar
) -> list[OutcomeVerdict]:
    """The same of an outcome; `parts` are its milestones with their weights, each counting from its own assignment."""

    def judge(instant: datetime) -> tuple[OutcomeVerdict, datetime | None]:
        there = [(case, weight) for case, weight in parts if case.assigned.assigned_at <= instant]
        judged = [(case.assigned, case.judge(instant, calendar), weight) for case, weight in there]
        verdict = judge_outcome(outcome.assigned_at, [part_of(*part) for part in judged], instant, calendar)
        ahead = [verdict.next_at, *(one.next_at for _, one, _ in judged)]
        ahead += [case.assigned.assigned_at for case, _ in parts if case.assigned.assigned_at > instant]
        return verdict, min((next_at for next_at in ahead if next_at is not None), default=None)

    return _in_turn(_since_then(_walk(judge, outcome.assigned_at, upto)), outcome.assigned_at)


class PlanCases:
    """The milestones of companies by what counts on them: each company has one copy, whichever outcomes count on it."""

    def __init__(self, milestones: Iterable[AssignedMilestone], cases: Mapping[UUID, Case]) -> None:
        self._cases = {(one.company_id, one.milestone_id): cases.get(one.id) for one in milestones}

    def of(self, outcome: AssignedOutcome) -> list[tuple[Case, float]] | None:
        """Those the outcome counts on, with their weights; None where one of them cannot be measured now."""
        found: list[tuple[Case, float]] = []
        for weighted in outcome.milestones:
            key = (outcome.company_id, weighted.milestone_id)
            case = self._cases.get(key)
            if case is not None:
                found.append((case, weighted.weight))
            elif key in self._cases:
                return None
        return found


class Unrecorded(NamedTuple, Generic[AnyVerdict]):
    """Verdicts to be recorded in turn; `is_correction`: the first takes the place of something that was recorded.

    With `until_ms` they tell of a stretch of the past, which ends with what is on record from then on; `was` is the
    first that was recorded of that stretch, or what was recorded before it.
    """

    verdicts: Sequence[AnyVerdict]
    is_correction: bool = False
    until_ms: int | None = None
    was: Stay | None = None


def unrecorded(
    course: Sequence[AnyVerdict], recorded: Sequence[Stay], contradicts: Callable[[AnyVerdict], bool]
) -> Unrecorded[AnyVerdict]:
    """What must be recorded so that the record (`history.stays` of it) tells this course; nothing where it does.

    `contradicts`: whether a verdict shows that the state recorded last was never true.
    """
    told = [Stay(to_unix_ms(verdict.at), verdict.state.value) for verdict in course]
    first = _common(told, recorded)
    if first == len(recorded):
        return Unrecorded(course[first:])
    same_at_the_end = _common(told[first:][::-1], recorded[first:][::-1])
    until = len(told) - same_at_the_end
    replaced = recorded[first : len(recorded) - same_at_the_end]
    takes_its_place = len(replaced) == 1 and (bool(same_at_the_end) or (first < until and contradicts(course[first])))
    if first == until or (replaced and told[first].since_ms > replaced[0].since_ms and not takes_its_place):
        first -= 1  # from the state before on: it overrules what was recorded after it
    news = course[max(0, first) : until]
    if not same_at_the_end:
        return Unrecorded(news, contradicts(news[0]))
    was = replaced[0] if replaced else recorded[first - 1]
    return Unrecorded(news, bool(replaced), told[until].since_ms, was)


def _common(some: Sequence[Stay], others: Sequence[Stay]) -> int:
    """How many are the same from the beginning on."""
    pairs = zip(some, others, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(some), len(others)))


def _walk(
    judge: Callable[[datetime], tuple[AnyVerdict, datetime | None]], begin: datetime, upto: datetime
) -> Iterator[tuple[datetime, AnyVerdict]]:
    """From one verdict to the instant at which, as it says, it may change, up to the last."""
    instant: datetime | None = begin
    while instant is not None and instant < upto:
        verdict, after = judge(instant)
        yield instant, verdict
        instant = after
    yield upto, judge(upto)[0]


def _since_then(walked: Iterable[tuple[datetime, OutcomeVerdict]]) -> Iterator[OutcomeVerdict]:
    """Each state since it began: not since before another one was judged, and whatever else comes to bear it out.

    By itself a verdict knows what stands, not what was on the way: on track since its first milestone opened, also
    where all were achieved for a while; at risk since the milestone of now, also where another was at risk before.
    """
    before: tuple[datetime, OutcomeVerdict] | None = None
    for instant, verdict in walked:
        told = verdict
        if before is not None and before[1].state is verdict.state:
            told = replace(verdict, at=before[1].at)
        elif before is not None and verdict.at <= before[0]:
            told = replace(verdict, at=instant)
        before = instant, told
        yield told


def _in_turn(verdicts: Iterable[AnyVerdict], begin: datetime) -> list[AnyVerdict]:
    """One verdict for each state, as `history.stays` puts them in order: each begins after the one before."""
    found: list[AnyVerdict] = []
    begin_ms = to_unix_ms(begin)
    for verdict in verdicts:
        at_ms = to_unix_ms(verdict.at)
        while found and (to_unix_ms(found[-1].at) >= at_ms or at_ms <= begin_ms):
            found.pop()
        found.append(verdict)
    return found
