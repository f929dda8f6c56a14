"""The reactor: every accepted submission's way through the stages, in order. The only place where stages meet.

Reads the journal in batches that grow with the backlog; every effect of a batch happens exactly once, across crashes:
its spans are written down first (an intent), a batch made again has the same ids and insert tokens, checkpoint last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from milepost.domain.errors import MilepostError, UnavailableError
from milepost.domain.event import Detected, Emissions, Located, RecordedGroup
from milepost.domain.fate import ParkReason
from milepost.domain.tally import Tally
from milepost.kit.clock import Clock
from milepost.observe.health import ReactorHealth
from milepost.observe.logs import logger
from milepost.observe.metric_names import BATCHES, DOUBTFUL_DATES, EVENTS, LAG_ENTRIES, SIGNALS
from milepost.record.checkpoint import Checkpoints, Intent, Span
from milepost.record.claims.port import Claims
from milepost.record.journal.port import JournalReader
from milepost.record.step import counted, counted_flags, park, record

_log = logger("reactor")
_T = TypeVar("_T")

MOST_ENTRIES: Final = 20_000
MOST_BYTES: Final = 8 * 1024 * 1024
MOST_PARKED_IN_A_ROW: Final = 5
_IDLE_SECONDS: Final = 0.01
_HEALTH_MS: Final = 250
_LONGEST_RETRY_SECONDS: Final = 5.0


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
    clock: Clock


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
        self._reported_at_ms = 0
        self._progressed_at_ms = parts.clock()

    def stop(self) -> None:
        """Finish the batch under way and come home."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop; reports a stopped line and keeps reporting it, so that `/ready` stays red."""
        with ThreadPoolExecutor(1, thread_name_prefix="settle") as settling:
            try:
                self._run(settling)
            except Exception as error:
                _log.exception("line_stopped")
                reason = error.message if isinstance(error, MilepostError) else repr(error)
                while not self._stop.wait(_HEALTH_MS / 1000):
                    self._report(stopped_because=reason)

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
        for intent in self._parts.checkpoints.open_intents():
            _log.info("batch_made_again", batch=intent.batch)
            self._settle(self._work(intent, self._entries(intent.spans)))
            self._advance(intent.spans)
        ahead: Future[None] | None = None
        while not self._stop.is_set():
            is_pausing = self._pause.is_set()
            entries = self._next_entries(self._catch_up_to if is_pausing else None)
            if entries:
                intent = self._parts.checkpoints.begin(_spans(entries, self._reached))
                self._advance(intent.spans)
                worked = self._work(intent, entries)
                if ahead:
                    ahead.result()
                ahead = settling.submit(self._settle, worked)
            elif ahead:
                ahead.result()
                ahead = None
            else:
                (self._stands_still if is_pausing else self._is_idle).set()
                self._stop.wait(_IDLE_SECONDS)
            self._report()
        if ahead:
            ahead.result()

    def _work(self, intent: Intent, entries: Sequence[Located]) -> Worked:
        """The stages that make no lasting effect but claims and companies: repeatable."""
        try:
            groups, detected = self._again(lambda: self._stages(entries))
            self._parked_in_a_row = 0
        except Exception:
            _log.exception("batch_has_a_poison_entry", batch=intent.batch)
            groups, detected = self._one_by_one(entries)
        return Worked(intent, groups, detected.emissions, detected.tallies)

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
            lambda: self._parts.store.insert(worked.intent.batch, worked.intent.token, worked.groups, worked.emissions)
        )
        self._parts.checkpoints.finish(worked.intent, worked.tallies)
        self._progressed_at_ms = self._parts.clock()
        for fate, count in counted(worked.groups).items():
            EVENTS.labels(fate.value).inc(count)
        for flag, count in counted_flags(worked.groups).items():
            DOUBTFUL_DATES.labels(flag.value).inc(count)
        SIGNALS.inc(sum(tally.matched - tally.company_missing for tally in worked.tallies))
        BATCHES.inc()
        self._parts.settled(worked.intent.batch, {emitted.signal_id for emitted in worked.emissions})
        if worked.emissions:
            self._parts.touched(worked.emissions)

    def _again(self, act: Callable[[], _T]) -> _T:
        """Do it until it works, as long as what stands in the way may pass; then the backlog waits, nothing is lost."""
        pause = 0.1
        while True:
            try:
                return act()
            except UnavailableError as error:
                _log.warning("waiting_for_a_part", reason=error.message, seconds=pause)
                if self._stop.wait(pause):
                    raise
                pause = min(pause * 2, _LONGEST_RETRY_SECONDS)

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

    def _report(self, stopped_because: str = "") -> None:
        now = self._parts.clock()
        if now - self._reported_at_ms < _HEALTH_MS:
            return
        self._reported_at_ms = now
        lag = self._lag()
        LAG_ENTRIES.set(lag)
        self._parts.report(
            ReactorHealth(
                at_ms=now,
                progressed_at_ms=self._progressed_at_ms if lag else now,
                lag_entries=lag,
                stopped_because=stopped_because,
            )
        )


def _spans(entries: Iterable[Located], reached: dict[int, int]) -> list[Span]:
    last = {located.partition: located.offset for located in entries}  # later entries have higher offsets
    return [Span(partition, reached.get(partition, 0), upto) for partition, upto in last.items()]


def _reason(error: Exception) -> ParkReason:
    is_unreadable = isinstance(error, msgspec.MsgspecError | ValueError)
    return ParkReason.UNREADABLE_ENTRY if is_unreadable else ParkReason.STAGE_FAILED
