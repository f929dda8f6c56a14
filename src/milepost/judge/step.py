"""Stage 5: judges the milestones and outcomes of companies whose signals, definitions or deadlines have moved.

Takes what was emitted, or the time; records and gives the transitions that follow. Cost follows what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from milepost.domain.event import Emissions
from milepost.domain.identities import Identities
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.outcome import AssignedOutcome
from milepost.judge.agenda import Agenda
from milepost.judge.facts import FactFinder, Touches
from milepost.judge.outcomes import OutcomeVerdict, Part, judge_outcome
from milepost.judge.ports import Measures, Plans
from milepost.judge.rules import Verdict, deadline_of, judge_milestone, opens_at
from milepost.judge.transitions import milestone_transition, outcome_transition
from milepost.kit.clock import Clock, to_datetime, to_unix_ms


def touches(emissions: Iterable[Emissions]) -> dict[tuple[UUID, UUID], int]:
    """What a batch's emissions touch: (signal id, company id) -> the earliest event date in Unix ms."""
    touched: dict[tuple[UUID, UUID], int] = {}
    for group in emissions:
        earliest: dict[bytes, int] = {}
        for company_id, at_ms in zip(group.company_ids, group.event_date_ms, strict=True):
            if at_ms < earliest.get(company_id, at_ms + 1):
                earliest[company_id] = at_ms
        for company_id, at_ms in earliest.items():
            key = (group.signal_id, UUID(bytes=company_id))
            touched[key] = min(at_ms, touched.get(key, at_ms))
    return touched


def of_primaries(touched: Touches, identities: Identities) -> dict[tuple[UUID, UUID], int]:
    """What touches members of a company touches the company; hidden ones have no plan to touch."""
    found: dict[tuple[UUID, UUID], int] = {}
    for (signal_id, company_id), at_ms in touched.items():
        if company_id not in identities.hidden:
            key = (signal_id, identities.resolve(company_id))
            found[key] = min(at_ms, found.get(key, at_ms))
    return found


class Judge:
    """Keeps every company's states true. For one thread at a time; the states live in the control plane.

    Judge all once at start: that makes the clock's agenda, and mends what a crash left unjudged. An error of the
    store or the control plane comes through, and the companies concerned are due again, from scratch.
    """

    def __init__(
        self, measures: Measures, plans: Plans, clock: Clock, identities: Callable[[], Identities] = Identities
    ) -> None:
        self._facts = FactFinder(measures)
        self._plans = plans
        self._clock = clock
        self._identities = identities
        self._agenda = Agenda()

    def judge(self, company_ids: Collection[UUID] | None = None, touched: Touches | None = None) -> list[Transition]:
        """Judge these companies, or all: at start, and after assignments, ticks, edits, and backfills.

        What is known already of unchanged definitions is not asked again, so say what was emitted meanwhile to these
        companies, as for `emitted`.
        """
        return self._judge(company_ids, of_primaries(touched or {}, self._identities()))

    def judge_anew(self, company_ids: Collection[UUID] | None = None) -> list[Transition]:
        """Judge from scratch: after emissions were deleted, or moved between companies by a merge or its undoing."""
        self._facts.forget(company_ids)
        return self._judge(company_ids, {})

    def emitted(self, touched: Touches) -> list[Transition]:
        """Judge what these emissions (see `touches`), readable by now, may have moved."""
        moved = of_primaries(touched, self._identities())
        return self._judge({company_id for _, company_id in moved}, moved) if moved else []

    def due(self) -> list[Transition]:
        """Judge the companies whose states the clock alone may have changed; by what is known, without a query."""
        companies = self._agenda.take_due(self._clock())
        return self._judge(companies, {}) if companies else []

    @property
    def next_due_ms(self) -> int | None:
        """When `due` next has something to do, in Unix ms; None while nothing waits for the clock."""
        return self._agenda.next_ms

    def _judge(self, company_ids: Collection[UUID] | None, touched: Touches) -> list[Transition]:
        try:
            return self._look(company_ids, touched)
        except Exception:
            self._facts.forget(company_ids)
            for company_id in company_ids or ():
                self._agenda.appoint(company_id, self._clock())
            raise

    def _look(self, company_ids: Collection[UUID] | None, touched: Touches) -> list[Transition]:
        milestones, outcomes = self._plans.milestones(company_ids), self._plans.outcomes(company_ids)
        facts = self._facts.find(milestones, self._plans.bases(), touched)
        now = to_datetime(self._clock())
        verdicts = {one.id: judge_milestone(one, facts[one.id], now) for one in milestones if one.id in facts}
        outcome_verdicts = _judge_outcomes(milestones, outcomes, verdicts, now)
        transitions = [
            transition
            for transition in (
                *(milestone_transition(one, verdicts[one.id], now) for one in milestones if one.id in verdicts),
                *(outcome_transition(one, outcome_verdicts[one.id], now) for one in outcomes),
            )
            if transition is not None
        ]
        judged = [(one, outcome_verdicts[one.id].progress) for one in outcomes]
        progress = {one.id: share for one, share in judged if share != one.progress}
        if transitions or progress:
            self._plans.record(transitions, progress)
        self._appoint(
            company_ids,
            [
                *((one.company_id, verdicts[one.id].next_at) for one in milestones if one.id in verdicts),
                *((one.company_id, outcome_verdicts[one.id].next_at) for one in outcomes),
            ],
        )
        return transitions

    def _appoint(self, company_ids: Collection[UUID] | None, instants: Iterable[tuple[UUID, datetime | None]]) -> None:
        """Bring each company back at its earliest instant, rounded up to what the clock can show."""
        next_ms: dict[UUID, int] = {}
        for company_id, instant in instants:
            if instant is not None:
                at_ms = to_unix_ms(instant + timedelta(microseconds=999))
                next_ms[company_id] = min(at_ms, next_ms.get(company_id, at_ms))
        if company_ids is None:
            self._agenda.clear()
        for company_id in next_ms if company_ids is None else company_ids:
            self._agenda.appoint(company_id, next_ms.get(company_id))


def _judge_outcomes(
    milestones: Sequence[AssignedMilestone],
    outcomes: Sequence[AssignedOutcome],
    verdicts: Mapping[UUID, Verdict],
    now: datetime,
) -> dict[UUID, OutcomeVerdict]:
    """A company has one copy of a milestone, whichever of its outcomes count on it."""
    copies = {(one.company_id, one.milestone_id): one for one in milestones}
    return {
        outcome.id: judge_outcome(
            outcome.assigned_at,
            [
                _part(copy, verdicts.get(copy.id), weighted.weight)
                for weighted in outcome.milestones
                if (copy := copies.get((outcome.company_id, weighted.milestone_id))) is not None
            ],
            now,
        )
        for outcome in outcomes
    }


def _part(assigned: AssignedMilestone, verdict: Verdict | None, weight: float) -> Part:
    """Without a verdict, where the milestone cannot be measured now, the state it had stays."""
    return Part(
        name=assigned.definition.name,
        weight=weight,
        state=assigned.state if verdict is None else verdict.state,
        at=assigned.state_at if verdict is None else verdict.at,
        opens=opens_at(assigned),
        deadline=deadline_of(assigned),
    )
