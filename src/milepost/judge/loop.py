"""The judge's own thread: batches touch companies, definitions change, time passes; each is judged soon after.

Works in portions of bounded time. What a person has just done comes first; then each kind of work has its turn.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.event import Emissions
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.plan import Owed
from milepost.domain.unjudged import Unjudged
from milepost.judge.backlog import Backlog
from milepost.judge.causes import Touches
from milepost.judge.facts import OutOfTimeError
from milepost.judge.ports import JudgingJob, Rejudgings
from milepost.judge.rules import Facts
from milepost.judge.step import AT_ONCE, Judge
from milepost.judge.touches import touches
from milepost.kit.clock import Clock, monotonic_ms

_LOOK_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 1.0
_LAST_SECONDS: Final = 10.0
"""How long a stop may take; what is not judged by then is at the next start."""
_PORTION_SECONDS: Final = 2.0
"""A portion that takes longer is put off, so that a person's tick, or others' first judging, waits no longer."""
_LEAST_AT_ONCE: Final = 50
"""A query costs much the same for one company as for fifty, so fewer at once would only take longer in all."""


class JudgingState(NamedTuple):
    """How far behind plans are: how many companies wait, and since when the first of them does; None: none waits.

    `progressed_at_ms` is when companies were judged last, or nothing was left to do, by
    the monotonic clock; `since_ms` is Unix milliseconds.
    """

    waiting: int
    since_ms: int | None
    progressed_at_ms: int


class JudgeLoop:
    """Judges what matters, as soon as it may matter.

    `have_definitions_changed` is asked at every turn: not of plans, but of what all numbers rest on. `watched` gives
    the signals that any metric draws on; `judged` is told each portion's transitions, `failed` an error, and `job`
    shows how far a judging of all companies is.
    """

    def __init__(
        self,
        judge: Judge,
        *,
        rejudgings: Rejudgings,
        have_definitions_changed: Callable[[], bool],
        watched: Callable[[], Collection[UUID]],
        judged: Callable[[Sequence[Transition]], None],
        failed: Callable[[Exception], None],
        clock: Clock,
        job: JudgingJob | None = None,
    ) -> None:
        self._judge = judge
        self._rejudgings = rejudgings
        self._have_definitions_changed = have_definitions_changed
        self._watched = watched
        self._judged = judged
        self._failed = failed
        self._clock = clock
        self._job = job
        self._backlog = Backlog()
        self._due: dict[UUID, None] = {}
        self._most = AT_ONCE
        self._forgotten: dict[UUID, UUID] = {}  # the mark with which a company's answers were let go
        self._lanes = deque([self._all, self._owed, self._slow, self._touched, self._of_the_clock])
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._owes_all = True
        self.state = JudgingState(0, None, monotonic_ms())
        """As of the last turn; may be read from any thread."""

    def touched(self, emissions: Sequence[Emissions]) -> None:
        """These emissions have become readable; may be called from any thread."""
        watched = self._watched()
        fresh = touches(emitted for emitted in emissions if emitted.signal_id in watched)
        if fresh:
            self._backlog.touch(fresh, self._clock())
            self._wake.set()

    def aside(self) -> Sequence[Unjudged]:
        """What cannot be judged as it is, and why; may be asked from any thread."""
        return self._judge.aside()

    def waits_since(self, company_id: UUID) -> int | None:
        """Since when the company waits, but for what the database says it is owed, in Unix ms; from any thread."""
        return self._backlog.waits_since(company_id)

    def known(self, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis]) -> Mapping[UUID, Facts]:
        """By copy, what its state follows from, as far as it is at hand; without a query, from any thread."""
        return self._judge.known(milestones, by_metric)

    def stop(self) -> None:
        """Judge what there is within a few seconds, then end."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Work until stopped. What a crash leaves unjudged is mended by judging all at the next start."""
        while not self._stopping.is_set():
            has_worked = False
            try:
                has_worked = self._turn()
            except Exception as error:  # what failed has been put off, and is tried again
                self._failed(error)
                self._stopping.wait(_RETRY_SECONDS)
            if not has_worked:
                self._wake.wait(_LOOK_SECONDS)
                self._wake.clear()
        end = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < end and self._turn():
            pass

    def look(self) -> None:
        """Judge all there is to judge, on the thread that calls; `run` does so again and again."""
        while self._turn():
            pass

    def _turn(self) -> bool:
        """One portion of work; whether there was any."""
        self._gather()
        has_worked = self._urgent() or any(self._next_lane()() for _ in range(len(self._lanes)))
        self._note_state(has_progressed=True)
        return has_worked

    def _next_lane(self) -> Callable[[], bool]:
        self._lanes.rotate(-1)
        return self._lanes[-1]

    def _gather(self) -> None:
        if self._have_definitions_changed():
            self._owes_all = True
        if self._owes_all:
            self._backlog.begin_all(self._judge.begin_all(), self._clock())
            self._owes_all = False
            self._note_state(has_progressed=False)
        self._backlog.take_in(self._judge.stale, self._judge.resolved)
        due_ms = self._judge.next_due_ms
        if due_ms is not None and due_ms <= self._clock():
            self._due |= dict.fromkeys(self._judge.take_due())

    def _urgent(self) -> bool:
        return self._judge_owed(self._rejudgings.owed(self._most, urgent_only=True))

    def _owed(self) -> bool:
        return self._judge_owed(self._rejudgings.owed(self._most + self._backlog.slow))

    def _slow(self) -> bool:
        group = self._backlog.next_slow()
        owed = self._rejudgings.among(group)
        left = self._backlog.all or {}
        rest = [company_id for company_id in group if company_id in left]
        if owed:
            self._judge_owed(owed)
        elif rest:
            self._some_of_all(rest)
        return bool(group)

    def _all(self) -> bool:
        if self._backlog.all is None:
            return False
        some = self._backlog.next_of_all(self._most)
        if some:
            scratch = [one for one in self._rejudgings.among(some) if one.is_from_scratch]
            if self._judge_owed(scratch):  # what is known of these companies is no ground to judge them on
                return True
            self._some_of_all(some)
        elif not self._backlog.all:
            self._judge.end_all()
            self._backlog.all = None
            if self._job is not None:
                self._job.end()
        return bool(some)

    def _touched(self) -> bool:
        some = self._backlog.touched(self._most)
        if some and not self._judge_owed(self._rejudgings.among(some)):
            taken = self._backlog.take_touches(some)
            self._judged(self._judge.emitted(taken))
        return bool(some)

    def _of_the_clock(self) -> bool:
        some = [one for one in self._due if not self._backlog.is_slow(one)][: self._most]
        if some and not self._judge_owed(self._rejudgings.among(some)):
            for company_id in some:
                self._due.pop(company_id)
            self._judged(self._judge.due(some))
        return bool(some)

    def _judge_owed(self, owed: Sequence[Owed]) -> bool:
        """Judge those who do not take long, in whichever way they are owed; whether there were any."""
        some = [one for one in owed if not self._backlog.is_slow(one.company_id)][: self._most]
        return bool(some) and self._portion([one.company_id for one in some], lambda: self._do_owed(some))

    def _do_owed(self, some: Sequence[Owed]) -> None:
        since = {one.company_id: one.since_ms for one in some}
        scratch = {one.company_id: one.mark for one in some if one.is_from_scratch}
        if scratch:
            fresh = [one for one, mark in scratch.items() if self._forgotten.get(one) != mark]
            self._forgotten |= scratch
            self._judged(self._judge.judge_anew(scratch.keys(), since, forgets=fresh))
        others = since.keys() - scratch.keys()
        if others:
            self._with_touches(others, lambda touched: self._judge.judge(others, touched, since))
        self._rejudgings.settle(some)
        self._backlog.done_of_all(since)  # all that a judging of all looks at has been
        for company_id in since:
            self._forgotten.pop(company_id, None)
            self._due.pop(company_id, None)

    def _some_of_all(self, some: Sequence[UUID]) -> bool:
        return self._portion(some, lambda: self._do_of_all(some))

    def _do_of_all(self, some: Sequence[UUID]) -> None:
        owed = self._rejudgings.among(some)
        since = {one.company_id: one.since_ms for one in owed}
        self._with_touches(some, lambda touched: self._judge.some_of_all(some, touched, since))
        self._rejudgings.settle([one for one in owed if not one.is_from_scratch])
        self._backlog.done_of_all(some)
        for company_id in some:
            self._due.pop(company_id, None)
        left = self._backlog.all
        if self._job is not None and left:
            self._job.progress(self._backlog.all_total - len(left), self._backlog.all_total)

    def _with_touches(self, company_ids: Collection[UUID], judge: Callable[[Touches], Sequence[Transition]]) -> None:
        """Judge them by what touched them too. A lone company has all the time it needs: else it might never end."""
        touched = self._backlog.take_touches(company_ids)
        if touched and len(company_ids) == 1:
            with self._judge.until(lambda: False):
                self._judged(judge(touched))
            return
        try:
            self._judged(judge(touched))
        except OutOfTimeError:
            self._backlog.put_back(touched, self._clock())
            raise

    def _portion(self, company_ids: Sequence[UUID], act: Callable[[], None]) -> bool:
        """Do it, for so long as a portion may take; else, or where it fails, put the companies off."""
        began = time.monotonic()
        try:
            with self._judge.until(lambda: time.monotonic() - began > _PORTION_SECONDS):
                act()
            self._backlog.got_on(company_ids)
        except OutOfTimeError:
            self._backlog.put_off(company_ids)
        except Exception:
            self._backlog.put_off(company_ids, in_halves=True)
            raise
        took = time.monotonic() - began
        if took > _PORTION_SECONDS:
            self._most = max(_LEAST_AT_ONCE, self._most // 2)
        elif took < _PORTION_SECONDS / 4:
            self._most = min(AT_ONCE, self._most * 2)
        return True

    def _note_state(self, *, has_progressed: bool) -> None:
        waiting = self._rejudgings.waiting()
        since = [*self._backlog.since(), *(() if waiting.since_ms is None else (waiting.since_ms,))]
        self.state = JudgingState(
            waiting=max(waiting.companies, self._backlog.waiting),
            since_ms=min(since, default=None),
            progressed_at_ms=monotonic_ms() if has_progressed else self.state.progressed_at_ms,
        )
