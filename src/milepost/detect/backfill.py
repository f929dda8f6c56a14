"""The job that applies a signal to history: fills its next generation from the event log, and puts it in force.

From its begin on the stream writes that generation too, so nothing is missed and nothing doubled: the job reads the
batches before, span by span, each repeated safely after a crash; one transaction changes over; old rows go last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Protocol
from uuid import UUID

from milepost.control.repos.generations import (
    Building,
    abandon_generation,
    begin_generation,
    find_building,
    put_in_force,
)
from milepost.control.repos.signals import get_signal
from milepost.control.session import Database
from milepost.detect.company import Directory
from milepost.domain.errors import UnavailableError
from milepost.domain.signal import Signal
from milepost.jobs.port import JobCancelledError, JobInterruptedError, RunningJob
from milepost.store.backfill import BackfillStore, Source, Staged

UNIT: Final = "events"
_LONGEST_SPAN: Final = 1_000_000
_SPANS_AT_ONCE: Final = 8
_ENOUGH_BYTES: Final = 64 * 1024 * 1024
_MOST_BYTES: Final = 256 * 1024 * 1024
_BYTES_OF_A_ROW: Final = 64
"""Ids, dates and numbers, beside the texts."""
_LOOK_SECONDS: Final = 0.2


class Stream(Protocol):
    """What the job must know of the reactor."""

    def paused(self) -> AbstractContextManager[None]:
        """While the block runs, no batch is under way; UnavailableError when it does not come to rest."""

    def next_batch(self) -> int:
        """The number that the next batch will have; only true while the stream is paused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the filling of a generation is: events that arrived up to `upto_ms` have been read.

    Of those `read`, so many have `emitted`, and so many matched without a company key (`company_missing`).
    """

    generation: int
    upto_ms: int = -1
    read: int = 0
    emitted: int = 0
    company_missing: int = 0


class Backfill:
    """A job's handler (jobs/port.py); its parameter is `signal_id`. See the module.

    Cancelled or failed, it leaves the signal as it was. `grace_seconds` is how long the old generation's rows stay
    after the change, for those who began to read them before it. Spans are of up to `longest_span` events or so;
    what was found in up to `spans_at_once` is written, and progress saved, at once.
    """

    def __init__(
        self,
        *,
        database: Database,
        directory: Directory,
        open_store: Callable[[], BackfillStore],
        stream: Stream,
        grace_seconds: float,
        longest_span: int = _LONGEST_SPAN,
        spans_at_once: int = _SPANS_AT_ONCE,
    ) -> None:
        self._database = database
        self._directory = directory
        self._open_store = open_store
        self._stream = stream
        self._grace_seconds = grace_seconds
        self._longest_span = longest_span
        self._spans_at_once = spans_at_once

    def __call__(self, job: RunningJob) -> dict[str, Any]:
        """Do it, or go on with it; gives the counts of Progress."""
        signal_id = UUID(job.params["signal_id"])
        with closing(self._open_store()) as store:
            try:
                progress = self._changed_over(job, signal_id) or self._fill(job, signal_id, store)
            except (JobInterruptedError, UnavailableError):
                raise  # it goes on later from here
            except Exception:
                self._undo(signal_id, store)
                raise
            self._sweep(job, signal_id, store, progress)
        counts = asdict(progress)
        del counts["upto_ms"]
        return counts

    def _changed_over(self, job: RunningJob, signal_id: UUID) -> Progress | None:
        """What an earlier attempt did, if it came as far as putting the generation in force."""
        if not job.saved:
            return None
        progress = Progress(**job.saved)
        with self._database.read() as session:
            is_in_force = get_signal(session, signal_id).generation == progress.generation
        return progress if is_in_force else None

    def _fill(self, job: RunningJob, signal_id: UUID, store: BackfillStore) -> Progress:
        job.progress(job.saved.get("read", 0), None, UNIT)  # a job that was cancelled while it waited begins nothing
        building = self._building(job, signal_id)
        progress = Progress(generation=building.twin.generation)
        if job.saved.get("generation") == progress.generation:
            progress = Progress(**job.saved)
        source = Source(building.twin, building.first_batch)
        store.clear(source, progress.upto_ms)
        store.begin(building.twin)
        for reached in self._read(job, store, source, progress):
            progress = reached
            job.save(asdict(progress))
        with self._database.write() as session:
            put_in_force(session, building)
        return progress

    def _building(self, job: RunningJob, signal_id: UUID) -> Building:
        """The generation that this job fills: begun between two batches, unless an earlier attempt has begun it."""
        with self._database.read() as session:
            building = find_building(session, signal_id, job_id=job.id)
        if building is None:
            with self._stream.paused(), self._database.write() as session:
                first_batch = self._stream.next_batch()
                building = begin_generation(session, signal_id, job_id=job.id, first_batch=first_batch)
        return building

    def _read(self, job: RunningJob, store: BackfillStore, source: Source, begun: Progress) -> Iterator[Progress]:
        """Span by span, each as long as its matches fit into memory well; gives what is on disk."""
        progress = begun
        most = _fitting(self._longest_span, store.typical_bytes(source, progress.upto_ms))
        spans = store.spans(source, progress.upto_ms, most)
        total = progress.read + sum(span.events for span in spans)
        held, staged = 0, Staged()
        while spans:
            job.progress(progress.read, total, UNIT)
            span = spans.pop(0)
            before, staged = staged, store.stage(source, progress.upto_ms, span.upto_ms)
            progress = replace(progress, upto_ms=span.upto_ms, read=progress.read + span.events)
            if spans and (grown := staged.bytes - before.bytes) > 2 * _MOST_BYTES:
                most = _fitting(most, grown // span.events)
                spans = store.spans(source, progress.upto_ms, most)
            held += 1
            if not spans or held == self._spans_at_once or staged.bytes > _ENOUGH_BYTES:
                progress = self._write(store, source.signal, staged, progress)
                yield progress
                held, staged = 0, Staged()
        job.progress(progress.read, total, UNIT)

    def _write(self, store: BackfillStore, signal: Signal, staged: Staged, progress: Progress) -> Progress:
        if staged.matched:
            store.learn(self._companies(signal, store.unknown_keys()))
            store.emit(signal, staged.matched)
        return replace(
            progress,
            emitted=progress.emitted + staged.matched - staged.company_missing,
            company_missing=progress.company_missing + staged.company_missing,
        )

    def _companies(self, signal: Signal, values: Collection[str]) -> Mapping[str, UUID]:
        """As the stream has them: made or held where nobody knows them yet."""
        if not values:
            return {}
        space = signal.company.key_space
        found = self._directory.companies([(space, value) for value in values])
        return {value: found[space, value] for value in values}

    def _undo(self, signal_id: UUID, store: BackfillStore) -> None:
        with self._database.write() as session:
            abandon_generation(session, signal_id)
        self._keep_only_in_force(signal_id, store)

    def _sweep(self, job: RunningJob, signal_id: UUID, store: BackfillStore, progress: Progress) -> None:
        """Delete the old rows once nobody reads them any more; it is too late for a wish to cancel."""
        rest = self._grace_seconds
        while rest > 0:
            with suppress(JobCancelledError):
                job.progress(progress.read, progress.read, UNIT)
            time.sleep(min(rest, _LOOK_SECONDS))
            rest -= _LOOK_SECONDS
        self._keep_only_in_force(signal_id, store)

    def _keep_only_in_force(self, signal_id: UUID, store: BackfillStore) -> None:
        with self._database.read() as session:
            store.keep_only(get_signal(session, signal_id))


def _fitting(most: int, bytes_each: int) -> int:
    """How many events to read at once, if each may leave so much in memory."""
    return max(1, min(most, _MOST_BYTES // (bytes_each + _BYTES_OF_A_ROW)))
