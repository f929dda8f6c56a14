"""The reactor: every accepted submission's way through the stages, in order. The only place where stages meet.

Reads the journal in batches that grow with the backlog; every effect of a batch happens exactly once, across crashes:
its spans are written down first (an intent), a batch made again has the same ids and insert tokens, checkpoint last.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from milepost.domain.errors import MilepostError, UnavailableError
from milepost.domain.event import Detected, Emissions, Located, RecordedGroup
from milepost.domain.fate import ParkReason
from milepost.domain.tally import Tally
from milepost.kit.clock import Clock, monotonic_ms
from milepost.observe.health import ReactorHealth
from milepost.observe.logs import logger
from milepost.observe.metric_names import BATCHES, DOUBTFUL_DATES, EVENTS, SIGNALS
from milepost.observe.pulse import Pulse
from milepost.observe.unharmed import unharmed
from milepost.record.checkpoint import Checkpoints, Intent, Span
from milepost.record.claims.port import Claims
from milepost.record.journal.port import JournalReader
from milepost.record.proof import Left, left_by
from milepost.record.step import counted, counted_flags, park, record

_log = logger("reactor")
_T = TypeVar("_T")

MOST_ENTRIES: Final = 20_000
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_PARKED_IN_A_ROW: Final = 5
_IDLE_SECONDS: Final = 0.01
_BEAT_SECONDS: Final = 0.25
_LONGEST_RETRY_SECONDS: Final = 5.0
_LONG_SECONDS: Final = 0.5
"""What is over sooner is not worth a word in `/ready`."""
_MAY_PASS: Final = (UnavailableError, OSError, sqlite3.OperationalError)
"""What says nothing about an entry, such as a full disk, or no descriptors left: it is tried until it works."""


class Detector(Protocol):
    """Stage 3 (detect/step.py)."""

    def detect(self, groups: Sequence[RecordedGroup]) -> Detected:
        """What the batch's new events emit; unknown companies are created on the way."""


class Store(Protocol):
    """The analytic store's two inserts, each a no-op for a token it has seen."""

    def insert(self, batch: int, token: str, groups: Sequence[RecordedGroup], emissions: Sequence[Emissions]) -> None:
        """Put a batch on disk; UnavailableError when it may work later."""


class Worked(NamedTuple):
    """A batch after its pure stages, ready for the store."""

    intent: Intent
    groups: list[RecordedGroup]
    emissions: list[Emissions]
    tallies: list[Tally]
    left: Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a reactor is made of.

    `touched` is told of the emissions that have become readable, and `settled` of every batch: its number, and the
    signals that emitted something.
    """

    reader: JournalReader
    checkpoints: Checkpoints
    claims: Claims
    detector: Detector
    store: Store
    touched: Callable[[Sequence[Emissions]], None]
    settled: Callable[[int, Collection[UUID]], None]
    report: Callable[[ReactorHealth], None]
    clock: Clock = monotonic_ms


class StoppedLineError(MilepostError):
    """Too many entries in a row could not be processed: going on would park everything. A person must look."""

    code = "line_stopped"


class Reactor:
    """Runs on a thread of its own; the store's work of one batch overlaps the stages of the next."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reached = parts.checkpoints.reached()
        self._stop = threading.Event()
        self._is_idle = threading.Event()
        self._pause = threading.Event()
        self._stands_still = threading.Event()
        self._one_pause = threading.Lock()
        self._catch_up_to: Mapping[int, int] = {}
        self._parked_in_a_row = 0
        self._pulse = Pulse(self._lag, parts.report, parts.clock)

    def stop(self) -> None:
        """Finish the batch under way and come home."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop; reports a stopped line and keeps reporting it, so that `/ready` stays red.

        Any other error is raised: it ends the thread and with it the process, and the next one makes the batch again.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="settle") as settling:
            try:
                self._run(settling)
            except StoppedLineError as error:
                _log.exception("line_stopped")
                while not self._stop.wait(_BEAT_SECONDS):
                    self._pulse.beat(stopped_because=error.message)
            except _MAY_PASS:
                if not self._stop.is_set():
                    raise

    def drain(self, deadline_seconds: float) -> bool:
        """From another thread: wait until the journal is read to its end and settled; whether it was, in time."""
        self._is_idle.clear()
        return self._is_idle.wait(deadline_seconds)

    @contextmanager
    def paused(self, patience_seconds: float) -> Iterator[None]:
        """From another thread: while the block runs, no batch is under way and every one begun is settled.

        UnavailableError when the reactor does not come to rest in time, as when its line is stopped.
        """
        with self._one_pause:
            self._stands_still.clear()
            self._pause.set()
            try:
                if not self._stands_still.wait(patience_seconds):
                    raise UnavailableError(f"The reactor did not come to rest within {patience_seconds:g} seconds.")
                yield
            finally:
                self._catch_up_to = {}
                self._pause.clear()

    def catch_up(self, upto: Mapping[int, int]) -> None:
        """While it is paused: process what lies up to these offsets after all, and nothing beyond."""
        self._catch_up_to = dict(upto)

    def _run(self, settling: ThreadPoolExecutor) -> None:
        for intent in self._again(self._parts.checkpoints.open_intents):
            _log.info("batch_made_again", batch=intent.batch)
            entries = self._again(lambda spans=intent.spans: self._entries(spans))  # type: ignore[misc]
            self._finish(settling.submit(self._settle, self._work(intent, entries)))
            self._advance(intent.spans)
        ahead: Future[None] | None = None
        while not self._stop.is_set():
            is_pausing = self._pause.is_set()
            bounds = self._catch_up_to if is_pausing else None
            entries = self._again(lambda bounds=bounds: self._next_entries(bounds))  # type: ignore[misc]
            if entries:
                spans = _spans(entries, self._reached)
                intent = self._again(lambda spans=spans: self._parts.checkpoints.begin(spans))  # type: ignore[misc]
                self._advance(intent.spans)
                worked = self._work(intent, entries)
                if ahead:
                    self._finish(ahead)
                ahead = settling.submit(self._settle, worked)
            elif ahead:
                self._finish(ahead)
                ahead = None
            else:
                (self._stands_still if is_pausing else self._is_idle).set()
                self._stop.wait(_IDLE_SECONDS)
            self._pulse.beat()
        if ahead:
            ahead.result()

    def _finish(self, ahead: Future[None]) -> None:
        """Wait until the batch is settled, and say meanwhile that this thread lives."""
        while not wait([ahead], _BEAT_SECONDS).done:
            self._pulse.beat()
        ahead.result()

    def _work(self, intent: Intent, entries: Sequence[Located]) -> Worked:
        """The stages that make no lasting effect but claims and companies: repeatable."""
        try:
            groups, detected = self._again(lambda: self._stages(entries))
            self._parked_in_a_row = 0
        except Exception:
            _log.exception("batch_has_a_poison_entry", batch=intent.batch)
            groups, detected = self._one_by_one(entries)
        left = left_by(groups, detected.emissions, self._parts.claims.sequence)
        return Worked(intent, groups, detected.emissions, detected.tallies, left)

    def _stages(self, entries: Sequence[Located]) -> tuple[list[RecordedGroup], Detected]:
        groups = record(entries, self._parts.claims)
        return groups, self._parts.detector.detect(groups)

    def _one_by_one(self, entries: Sequence[Located]) -> tuple[list[RecordedGroup], Detected]:
        """Find the entries that fail and set each aside with its reason; the others go on."""
        groups: list[RecordedGroup] = []
        detected = Detected([], [])
        for entry in entries:
            try:
                some_groups, some = self._again(lambda entry=entry: self._stages([entry]))  # type: ignore[misc]
            except Exception as error:
                self._parked_in_a_row += 1
                if self._parked_in_a_row > MOST_PARKED_IN_A_ROW:
                    raise StoppedLineError(
                        f"{self._parked_in_a_row} entries in a row could not be processed, the last one at partition"
                        f" {entry.partition}, offset {entry.offset}: {error!r}"
                    ) from error
                groups.append(park(entry, _reason(error)))
            else:
                self._parked_in_a_row = 0
                groups += some_groups
                detected.emissions.extend(some.emissions)
                detected.tallies.extend(some.tallies)
        return groups, detected

    def _settle(self, worked: Worked) -> None:
        """Every lasting effect of a batch: store, then checkpoint, then live tails and the judge are told."""
        self._again(
            lambda: self._parts.store.insert(worked.intent.batch, worked.intent.token, worked.groups, worked.emissions),
            is_reporting=False,
        )
        finish = self._parts.checkpoints.finish
        self._again(lambda: finish(worked.intent, worked.tallies, worked.left), is_reporting=False)
        self._pulse.progressed()
        with unharmed("a batch"):
            for fate, count in counted(worked.groups).items():
                EVENTS.labels(fate.value).inc(count)
            for flag, count in counted_flags(worked.groups).items():
                DOUBTFUL_DATES.labels(flag.value).inc(count)
            SIGNALS.inc(sum(tally.matched - tally.company_missing for tally in worked.tallies))
            BATCHES.inc()
        self._parts.settled(worked.intent.batch, {emitted.signal_id for emitted in worked.emissions})
        if worked.emissions:
            self._parts.touched(worked.emissions)

    def _again(self, act: Callable[[], _T], *, is_reporting: bool = True) -> _T:
        """Do it until it works, as long as what stands in the way may pass; then the backlog waits, nothing is lost.

        Only the line's own thread reports; while another one waits, that one is what the line's thread waits for.
        """
        who = "line" if is_reporting else "settling"
        pause, waited = 0.1, 0.0
        while True:
            try:
                result = act()
            except _MAY_PASS as error:
                reason = error.message if isinstance(error, UnavailableError) else str(error)
                _log.warning("waiting_for_a_part", reason=reason, seconds=pause)
                if waited > _LONG_SECONDS:
                    self._pulse.waits(who, reason)
                if self._pulse.rest(pause, self._stop, is_beating=is_reporting):
                    raise
                waited += pause
                pause = min(pause * 2, _LONGEST_RETRY_SECONDS)
            else:
                self._pulse.waits(who, "")
                return result

    def _next_entries(self, bounds: Mapping[int, int] | None) -> list[Located]:
        """What lies beyond the last batch, from every partition its fair share; with bounds, up to those offsets."""
        partitions = self._parts.reader.partitions()
        entries: list[Located] = []
        for partition in partitions:
            after, most = self._reached.get(partition, 0), MOST_ENTRIES // len(partitions)
            if bounds is not None:
                most = min(most, bounds.get(partition, 0) - after)
            if most > 0:
                entries += self._parts.reader.read(partition, after, most, MOST_BYTES // len(partitions))
        return entries

    def _entries(self, spans: Iterable[Span]) -> list[Located]:
        found: list[Located] = []
        for span in spans:
            found += self._parts.reader.read(span.partition, span.after, span.upto - span.after, 1 << 62)
        return found

    def _advance(self, spans: Iterable[Span]) -> None:
        self._reached |= {span.partition: span.upto for span in spans}

    def _lag(self) -> int:
        reached = self._parts.checkpoints.reached()
        return sum(
            max(0, self._parts.reader.extent(partition).last - reached.get(partition, 0))
            for partition in self._parts.reader.partitions()
        )


def _spans(entries: Iterable[Located], reached: dict[int, int]) -> list[Span]:
    last = {located.partition: located.offset for located in entries}  # later entries have higher offsets
    return [Span(partition, reached.get(partition, 0), upto) for partition, upto in last.items()]


def _reason(error: Exception) -> ParkReason:
    is_unreadable = isinstance(error, msgspec.MsgspecError | ValueError)
    return ParkReason.UNREADABLE_ENTRY if is_unreadable else ParkReason.STAGE_FAILED
