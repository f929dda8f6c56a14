"""Stage 5: judges the milestones and outcomes of companies whose signals, definitions or deadlines have moved.

Takes what was emitted, or the time; records and gives the transitions that follow. Cost follows what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.calendar import Calendar
from milepost.domain.event import Emissions, EventId
from milepost.domain.identities import Identities
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.unjudged import Unjudged
from milepost.judge.agenda import Agenda
from milepost.judge.asking import OF_THE_DATA, reason_of
from milepost.judge.causes import Causes, Touch, Touches
from milepost.judge.changes import CausesOf, Changes, Judged
from milepost.judge.facts import RETRY_MS, FactFinder
from milepost.judge.news import NewsDesk
from milepost.judge.outcomes import judge_outcomes
from milepost.judge.ports import Measures, Plans
from milepost.judge.rules import Case
from milepost.kit.clock import Clock, to_datetime, to_unix_ms


def touches(emissions: Iterable[Emissions]) -> dict[tuple[UUID, UUID], Touch]:
    """What a batch's emissions touch: (signal id, company id) -> the earliest event."""
    touched: dict[tuple[UUID, UUID], Touch] = {}
    for group in emissions:
        dates = group.event_date_ms
        earliest: dict[bytes, int] = {}
        for place, company_id in enumerate(group.company_ids):
            before = earliest.get(company_id)
            if before is None or dates[place] < dates[before]:
                earliest[company_id] = place
        for company_id, place in earliest.items():
            key = (group.signal_id, UUID(bytes=company_id))
            event = EventId(UUID(bytes=group.request_ids[place]), group.items[place])
            touch = Touch(dates[place], event)
            touched[key] = min(touch, touched.get(key, touch))
    return touched


def of_primaries(touched: Touches, identities: Identities) -> dict[tuple[UUID, UUID], Touch]:
    """What touches members of a company touches the company; hidden ones have no plan to touch."""
    found: dict[tuple[UUID, UUID], Touch] = {}
    for (signal_id, company_id), touch in touched.items():
        if company_id not in identities.hidden:
            key = (signal_id, identities.resolve(company_id))
            found[key] = min(touch, found.get(key, touch))
    return found


class Judge:
    """Keeps every company's states true. For one thread at a time; the states live in the control plane.

    Judge all once at start: that makes the clock's agenda, and mends what a crash left unjudged. An error of the
    store or the control plane comes through, and the companies concerned are due again, from scratch. A company that
    itself cannot be judged is set aside, with a word to `set_aside`, and holds up no other; so is a condition on a
    metric that cannot be evaluated, with a word to `unanswered`.
    """

    def __init__(
        self,
        measures: Measures,
        plans: Plans,
        clock: Clock,
        identities: Callable[[], Identities] = Identities,
        *,
        set_aside: Callable[[UUID, Exception], None] = lambda _company, _error: None,
        unanswered: Callable[[UUID, Exception], None] = lambda _metric, _error: None,
    ) -> None:
        self._facts = FactFinder(measures, clock, unanswered)
        self._plans = plans
        self._clock = clock
        self._identities = identities
        self._agenda = Agenda()
        self._news = NewsDesk(plans, clock)
        self._rested_on: Mapping[UUID, Basis] = {}
        self._calendar: Calendar | None = None
        self._is_from_scratch = False
        self._set_aside = set_aside
        self._unjudged: dict[UUID, Unjudged] = {}
        self._unanswered: dict[UUID, tuple[Unjudged, ...]] = {}

    def judge(self, company_ids: Collection[UUID] | None = None, touched: Touches | None = None) -> list[Transition]:
        """Judge these companies, or all: at start, and after assignments, ticks, edits, and backfills.

        What is known already of unchanged definitions is not asked again, so say what was emitted meanwhile to these
        companies, as for `emitted`.
        """
        self._news.begin(company_ids)
        primaries = of_primaries(touched or {}, self._identities())
        before, self._calendar = self._calendar, self._plans.calendar()  # by which months are held
        looks_back = company_ids is not None or before not in (None, self._calendar)
        judged = self._judge(company_ids, primaries, looks_back=looks_back)
        self._news.end(company_ids)
        if company_ids is None:
            self._rested_on = self._plans.bases()
        return judged

    def judge_anew(self, company_ids: Collection[UUID] | None = None) -> list[Transition]:
        """Judge from scratch: after emissions were deleted, or moved between companies by a merge or its undoing."""
        self._facts.forget(company_ids)
        self._news.begin(company_ids)
        self._is_from_scratch = True
        try:
            judged = self._judge(company_ids, {}, looks_back=True)
        finally:
            self._is_from_scratch = False
        self._news.end(company_ids)
        return judged

    def emitted(self, touched: Touches) -> list[Transition]:
        """Judge what these emissions (see `touches`), readable by now, may have moved."""
        moved = of_primaries(touched, self._identities())
        stale = self._facts.stale(moved, self._plans.bases()) - self._unjudged.keys()
        return self._judge(stale, {key: touch for key, touch in moved.items() if key[1] in stale}) if stale else []

    def due(self) -> list[Transition]:
        """Judge the companies whose states the clock alone may have changed; by what is known, without a query."""
        companies = self._agenda.take_due(self._clock())
        return self._judge(companies, {}) if companies else []

    @property
    def next_due_ms(self) -> int | None:
        """When `due` next has something to do, in Unix ms; None while nothing waits for the clock."""
        return self._agenda.next_ms

    @property
    def unjudged(self) -> int:
        """How many companies are set aside, since they cannot be judged as they are."""
        return len(self._unjudged)

    def aside(self) -> list[Unjudged]:
        """All that is set aside; may be asked from any thread."""
        return [*self._unjudged.copy().values(), *chain.from_iterable(list(self._unanswered.values()))]

    def _judge(
        self, company_ids: Collection[UUID] | None, touched: Touches, *, looks_back: bool = False
    ) -> list[Transition]:
        """With `looks_back`, the whole course of states is held against the record, wherever things stand now."""
        try:
            return self._judge_who_can_be(company_ids, touched, looks_back=looks_back)
        except Exception:
            self._facts.forget(company_ids)
            for company_id in company_ids or ():
                self._agenda.appoint(company_id, self._clock())
            raise

    def _judge_who_can_be(
        self, company_ids: Collection[UUID] | None, touched: Touches, *, looks_back: bool
    ) -> list[Transition]:
        """Look at all at once; where that fails, at either half, until those are found at whom it fails."""
        try:
            transitions = self._look(company_ids, touched, looks_back=looks_back)
        except OF_THE_DATA as error:
            some = list(self._plans.companies() if company_ids is None else company_ids)
            if not some:
                raise
            if company_ids is None:
                self._agenda.clear()
                self._keep_aside(some)
            if len(some) == 1:
                self._put_aside(some[0], error)
                return []
            half = len(some) // 2
            halves = (some[:half], some[half:])
            return [one for ids in halves for one in self._judge_who_can_be(ids, touched, looks_back=looks_back)]
        for company_id in list(self._unjudged) if company_ids is None else company_ids:
            self._unjudged.pop(company_id, None)
        return transitions

    def _keep_aside(self, company_ids: Collection[UUID]) -> None:
        """Of those that are set aside, only these still have a plan."""
        for some in (self._unjudged, self._unanswered):
            for company_id in some.keys() - set(company_ids):
                del some[company_id]

    def _put_aside(self, company_id: UUID, error: Exception) -> None:
        self._facts.forget([company_id])
        self._agenda.appoint(company_id, self._clock() + RETRY_MS)
        if company_id not in self._unjudged:
            since = to_datetime(self._clock())
            self._unjudged[company_id] = Unjudged(
                of="company", company_id=company_id, reason=reason_of(error), since=since
            )
            self._set_aside(company_id, error)

    def _look(self, company_ids: Collection[UUID] | None, touched: Touches, *, looks_back: bool) -> list[Transition]:
        milestones, outcomes = self._plans.milestones(company_ids), self._plans.outcomes(company_ids)
        facts = self._facts.find(milestones, self._plans.bases(), touched, company_ids)
        now, calendar = to_datetime(self._clock()), self._plans.calendar()
        self._note_unanswered(milestones, company_ids)
        cases = {one.id: Case(one, facts[one.id]) for one in milestones if one.id in facts}
        verdicts = {case_id: case.judge(now, calendar) for case_id, case in cases.items()}
        outcome_verdicts = judge_outcomes(milestones, outcomes, verdicts, now, calendar)
        judged = Judged(milestones, outcomes, cases, verdicts, outcome_verdicts, now, calendar)
        transitions = self._changes(judged, touched, looks_back=looks_back)
        shares = [(one, outcome_verdicts[one.id].progress) for one in outcomes]
        progress = {one.id: share for one, share in shares if share != one.progress}
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

    def _changes(self, judged: Judged, touched: Touches, *, looks_back: bool) -> list[Transition]:
        """What changed, with its cause, which is looked for only where something did."""
        moved = judged.moved(lambda copy_id: looks_back or copy_id in self._facts.rewritten)
        company_of = {one.id: one.company_id for some in moved for one in some}
        changes = Changes(judged, moved, self._plans.recorded(company_of.keys())) if company_of else None
        if not changes:
            return []
        bases = self._plans.bases()
        causes = Causes(
            self._news.fresh(set(company_of.values())),
            touched,
            judged.now,
            self._rested_on,
            from_scratch=self._is_from_scratch,
        )
        return list(
            changes.transitions(
                CausesOf(lambda assigned, verdict: causes.of_milestone(assigned, verdict, bases), causes.done_to)
            )
        )

    def _appoint(self, company_ids: Collection[UUID] | None, instants: Iterable[tuple[UUID, datetime | None]]) -> None:
        """Bring each company back at its earliest instant, rounded up to what the clock can show."""
        next_ms: dict[UUID, int] = {}
        for company_id, instant in instants:
            if instant is not None:
                at_ms = to_unix_ms(instant + timedelta(microseconds=999))
                next_ms[company_id] = min(at_ms, next_ms.get(company_id, at_ms))
        if company_ids is None:
            self._agenda.clear()
        for company_id in self._unanswered if company_ids is None else self._unanswered.keys() & set(company_ids):
            at_ms = self._clock() + RETRY_MS
            next_ms[company_id] = min(at_ms, next_ms.get(company_id, at_ms))
        for company_id in next_ms if company_ids is None else company_ids:
            self._agenda.appoint(company_id, next_ms.get(company_id))

    def _note_unanswered(self, milestones: Iterable[AssignedMilestone], company_ids: Collection[UUID] | None) -> None:
        """What could not be evaluated just now, since when."""
        before = {(one.company_id, one.milestone_id): one for some in self._unanswered.values() for one in some}
        found: dict[UUID, list[Unjudged]] = {}
        for one in milestones:
            if one.id in self._facts.failures:
                metric_id, failure = self._facts.failures[one.id]
                earlier = before.get((one.company_id, one.milestone_id))
                unjudged = Unjudged(
                    of="metric" if failure.of_definition else "company",
                    company_id=one.company_id,
                    milestone_id=one.milestone_id,
                    metric_id=metric_id,
                    reason=failure.reason,
                    since=earlier.since if earlier is not None else to_datetime(self._clock()),
                )
                found.setdefault(one.company_id, []).append(unjudged)
        for company_id in list(self._unanswered) if company_ids is None else company_ids:
            self._unanswered.pop(company_id, None)
        self._unanswered.update({company_id: tuple(some) for company_id, some in found.items()})
