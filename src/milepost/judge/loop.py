"""The judge's own thread: batches touch companies, definitions change, time passes; each is judged soon after.

Touches that come while it works are merged, so that a burst of small batches costs one judging.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final
from uuid import UUID

from milepost.domain.event import Emissions
from milepost.domain.milestone import Transition
from milepost.domain.unjudged import Unjudged
from milepost.judge.causes import Touch
from milepost.judge.ports import Rejudgings
from milepost.judge.step import Judge, touches
from milepost.kit.clock import Clock

_LOOK_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 1.0


class JudgeLoop:
    """Judges what matters, as soon as it may matter.

    `have_definitions_changed` is asked at every look: not of plans, but of what all numbers rest on. `watched` gives
    the signals that any metric draws on; `judged` is told each round's transitions, `failed` an error.
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
    ) -> None:
        self._judge = judge
        self._rejudgings = rejudgings
        self._have_definitions_changed = have_definitions_changed
        self._watched = watched
        self._judged = judged
        self._failed = failed
        self._clock = clock
        self._lock = threading.Lock()
        self._touched: dict[tuple[UUID, UUID], Touch] = {}
        self._wake = threading.Event()
        self._is_stopping = False
        self._owes_all = True

    def touched(self, emissions: Sequence[Emissions]) -> None:
        """These emissions have become readable; may be called from any thread."""
        watched = self._watched()
        fresh = touches(emitted for emitted in emissions if emitted.signal_id in watched)
        if not fresh:
            return
        with self._lock:
            for key, touch in fresh.items():
                self._touched[key] = min(touch, self._touched.get(key, touch))
        self._wake.set()

    @property
    def unjudged(self) -> int:
        """How many companies cannot be judged as they are; may be asked from any thread."""
        return self._judge.unjudged

    def aside(self) -> Sequence[Unjudged]:
        """What cannot be judged as it is, and why; may be asked from any thread."""
        return self._judge.aside()

    def stop(self) -> None:
        """Judge what is touched by now, then come home."""
        self._is_stopping = True
        self._wake.set()

    def run(self) -> None:
        """Work until stopped. What a crash leaves unjudged is mended by judging all at the next start."""
        while not self._is_stopping:
            try:
                self.look()
            except Exception as error:  # the judge has put what failed back on its agenda
                self._failed(error)
                self._wake.wait(_RETRY_SECONDS)
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()
        self.look()

    def look(self) -> None:
        """Judge what there is to judge, on the thread that calls; `run` does so again and again."""
        if self._have_definitions_changed():
            self._owes_all = True
        # Before all else: what is known of these companies is no ground to judge them on.
        owed = self._rejudgings.owed()
        if owed:
            self._judged(self._judge.judge_anew(set(owed.values())))
            self._rejudgings.settle(owed.keys())
            self._wake.set()  # there may be more; what is touched meanwhile need not wait for all of them
        changed_plans = self._rejudgings.owed_for_plans()
        with self._lock:
            touched, self._touched = self._touched, {}
        if self._owes_all:
            self._judged(self._judge.judge(touched=touched))
            self._owes_all = False
        else:
            if touched:
                self._judged(self._judge.emitted(touched))
            if changed_plans:
                self._judged(self._judge.judge(set(changed_plans.values())))
        if changed_plans:
            self._rejudgings.settle(changed_plans.keys())
        due_ms = self._judge.next_due_ms
        if due_ms is not None and due_ms <= self._clock():
            self._judged(self._judge.due())
