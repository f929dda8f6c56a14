"""Stage 5: judges the milestones and outcomes of companies whose signals, definitions or deadlines have moved.

Takes what was emitted, or the time; records and gives the transitions that follow. Cost follows what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.calendar import Calendar
from milepost.domain.identities import Identities
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.unjudged import OF_THE_DATA, Unjudged
from milepost.judge.agenda import Agenda
from milepost.judge.aside import Aside
from milepost.judge.causes import Causes, Touches
from milepost.judge.changes import CausesOf, Changes, Judged
from milepost.judge.facts import RETRY_MS, FactFinder, OutOfTimeError
from milepost.judge.news import NewsDesk
from milepost.judge.outcomes import judge_outcomes
from milepost.judge.ports import Measures, Plans
from milepost.judge.rules import Case, Facts
from milepost.judge.touches import of_primaries
from milepost.kit.clock import Clock, to_datetime, to_unix_ms

AT_ONCE: Final = 200
"""So many companies are looked at together at most: what is known of their plans is in memory at one time."""


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
        self._begun_with: tuple[Mapping[UUID, Basis], Calendar] | None = None
        self._all_look_back = False
        self._is_from_scratch = False
        self._aside = Aside(clock, set_aside)

    def judge(
        self,
        company_ids: Collection[UUID] | None = None,
        touched: Touches | None = None,
        waits_since: Mapping[UUID, int] | None = None,
    ) -> list[Transition]:
        """Judge these companies, or all: at start, and after assignments, ticks, edits, and backfills.

        What is known already of unchanged definitions is not asked again, so say what was emitted meanwhile to these
        companies, as for `emitted`. `waits_since`: since when companies wait to be judged, where they had to.
        """
        if company_ids is None:
            return self._judge_all(touched or {})
        with self._of_news(company_ids, waits_since):
            return self._judge(company_ids, of_primaries(touched or {}, self._identities()), looks_back=True)

    def begin_all(self) -> Sequence[UUID]:
        """A judging of all companies begins: gives those to be judged with `one_of_all`, in any order and portions.

        It may begin again before it has ended, where what numbers rest on has changed once more.
        """
        company_ids = list(self._plans.companies())
        self._agenda.retain(company_ids)
        self._aside.retain(company_ids)
        self._news.begin_all()
        calendar = self._plans.calendar()  # by which months are held
        self._all_look_back = self._calendar not in (None, calendar)
        self._begun_with = self._plans.bases(), calendar
        return company_ids

    def some_of_all(
        self, company_ids: Collection[UUID], touched: Touches, waits_since: Mapping[UUID, int] | None = None
    ) -> list[Transition]:
        """Judge a portion of all; `touched` is what was emitted to these companies meanwhile."""
        with self._of_news(company_ids, waits_since):
            primaries = of_primaries(touched, self._identities())
            return self._judge(company_ids, primaries, looks_back=self._all_look_back)

    def end_all(self) -> None:
        """Every company that `begin_all` gave has been judged."""
        self._news.end_all()
        if self._begun_with is not None:
            self._rested_on, self._calendar = self._begun_with

    def judge_anew(
        self,
        company_ids: Collection[UUID] | None = None,
        waits_since: Mapping[UUID, int] | None = None,
        *,
        forgets: Collection[UUID] | None = None,
    ) -> list[Transition]:
        """Judge from scratch: after emissions were deleted, or moved between companies by a merge or its undoing.

        `forgets` are those of whom no answer is good; all, unless it is said, as where a judging goes on that ran out
        of time.
        """
        if company_ids is None:
            company_ids = self._plans.companies()
        self._facts.forget(company_ids if forgets is None else forgets)
        self._is_from_scratch = True
        try:
            with self._of_news(company_ids, waits_since):
                return self._judge(company_ids, {}, looks_back=True)
        finally:
            self._is_from_scratch = False

    def emitted(self, touched: Touches) -> list[Transition]:
        """Judge what these emissions (see `touches`), readable by now, may have moved."""
        moved = of_primaries(touched, self._identities())
        stale = self._facts.stale(moved, self._plans.bases()) - set(self._aside.companies)
        return self._judge(stale, {key: touch for key, touch in moved.items() if key[1] in stale}) if stale else []

    def due(self, company_ids: Collection[UUID] | None = None) -> list[Transition]:
        """Judge the companies whose states the clock alone may have changed; by what is known, without a query."""
        companies = self.take_due() if company_ids is None else company_ids
        return self._judge(companies, {}) if companies else []

    def take_due(self) -> set[UUID]:
        """The companies whose time has come, to be judged by `due`."""
        return self._agenda.take_due(self._clock())

    def stale(self, touched: Touches) -> set[UUID]:
        """The companies whose states these emissions may have moved."""
        return self._facts.stale(of_primaries(touched, self._identities()), self._plans.bases()) - set(
            self._aside.companies
        )

    def known(self, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis]) -> dict[UUID, Facts]:
        """By copy, the facts that are known; may be called from any thread."""
        return self._facts.known(milestones, by_metric)

    def resolved(self, touched: Touches) -> Touches:
        """The same by the companies that those touched belong to."""
        return of_primaries(touched, self._identities())

    @contextmanager
    def until(self, is_over: Callable[[], bool]) -> Iterator[None]:
        """Inside the block, a judging that asks much ends with OutOfTimeError once the time `is_over`.

        Nothing is recorded then. What was answered by then stays known, so that the next attempt goes on from there.
        """
        self._facts.is_over = is_over
        try:
            yield
        finally:
            self._facts.is_over = lambda: False

    @property
    def next_due_ms(self) -> int | None:
        """When `due` next has something to do, in Unix ms; None while nothing waits for the clock."""
        return self._agenda.next_ms

    def aside(self) -> list[Unjudged]:
        """All that is set aside; may be asked from any thread."""
        return self._aside.everything()

    def _judge_all(self, touched: Touches) -> list[Transition]:
        company_ids = self.begin_all()
        transitions = [
            one
            for first in range(0, len(company_ids), AT_ONCE)
            for one in self.some_of_all(company_ids[first : first + AT_ONCE], touched)
        ]
        self.end_all()
        return transitions

    @contextmanager
    def _of_news(self, company_ids: Collection[UUID], waits_since: Mapping[UUID, int] | None) -> Iterator[None]:
        self._news.begin(company_ids, waits_since or {})
        yield
        self._news.end(company_ids)

    def _judge(self, company_ids: Collection[UUID], touched: Touches, *, looks_back: bool = False) -> list[Transition]:
        """With `looks_back`, the whole course of states is held against the record, wherever things stand now."""
        try:
            return self._judge_who_can_be(company_ids, touched, looks_back=looks_back)
        except OutOfTimeError:
            raise
        except Exception:
            self._facts.forget(company_ids)
            for company_id in company_ids:
                self._agenda.appoint(company_id, self._clock())
            raise

    def _judge_who_can_be(
        self, company_ids: Collection[UUID], touched: Touches, *, looks_back: bool
    ) -> list[Transition]:
        """Look at all at once; where that fails, at either half, until those are found at whom it fails."""
        try:
            transitions = self._look(company_ids, touched, looks_back=looks_back)
        except OF_THE_DATA as error:
            some = list(company_ids)
            if not some:
                raise
            if len(some) == 1:
                self._put_aside(some[0], error)
                return []
            half = len(some) // 2
            halves = (some[:half], some[half:])
            return [one for ids in halves for one in self._judge_who_can_be(ids, touched, looks_back=looks_back)]
        self._aside.take_back(company_ids)
        return transitions

    def _put_aside(self, company_id: UUID, error: Exception) -> None:
        self._facts.forget([company_id])
        self._agenda.appoint(company_id, self._clock() + RETRY_MS)
        self._aside.put(company_id, error)

    def _look(self, company_ids: Collection[UUID], touched: Touches, *, looks_back: bool) -> list[Transition]:
        milestones, outcomes = self._plans.milestones(company_ids), self._plans.outcomes(company_ids)
        facts = self._facts.find(milestones, self._plans.bases(), touched, company_ids)
        now, calendar = to_datetime(self._clock()), self._plans.calendar()
        self._aside.note(company_ids, milestones, self._facts.failures)
        cases = {one.id: Case(one, facts[one.id]) for one in milestones if one.id in facts}
        verdicts = {case_id: case.judge(now, calendar) for case_id, case in cases.items()}
        outcome_verdicts = judge_outcomes(milestones, outcomes, verdicts, now, calendar)
        judged = Judged(milestones, outcomes, cases, verdicts, outcome_verdicts, now, calendar)
        transitions = self._changes(judged, touched, looks_back=looks_back)
        shares = [(one, outcome_verdicts[one.id].progress) for one in outcomes]
        progress = {one.id: share for one, share in shares if share != one.progress}
        if transitions or progress:
            self._plans.record(transitions, progress)
        self._facts.rewritten.difference_update(one.id for one in milestones)
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

    def _appoint(self, company_ids: Collection[UUID], instants: Iterable[tuple[UUID, datetime | None]]) -> None:
        """Bring each company back at its earliest instant, rounded up to what the clock can show."""
        next_ms: dict[UUID, int] = {}
        for company_id, instant in instants:
            if instant is not None:
                at_ms = to_unix_ms(instant + timedelta(microseconds=999))
                next_ms[company_id] = min(at_ms, next_ms.get(company_id, at_ms))
        for company_id in company_ids:
            if self._aside.has_unanswered(company_id):
                at_ms = self._clock() + RETRY_MS
                next_ms[company_id] = min(at_ms, next_ms.get(company_id, at_ms))
            self._agenda.appoint(company_id, next_ms.get(company_id))
