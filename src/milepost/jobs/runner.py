"""Takes queued jobs one after the other, calls their handlers, and keeps what they say.

What a crash or a stop interrupts goes on at the next start, from what its handler saved. Refuses nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from milepost.control.pace import MOST_COPIES
from milepost.control.repos import jobs
from milepost.control.session import Database
from milepost.domain.errors import MilepostError, UnavailableError
from milepost.domain.job import Job, JobKind, JobState
from milepost.jobs.port import Handler, JobCancelledError, JobInterruptedError
from milepost.kit.clock import Clock
from milepost.observe.logs import logger

_log = logger("jobs")

_LOOK_SECONDS: Final = 0.25
_TELL_SECONDS: Final = 0.25
_TIDY_SECONDS: Final = 3600.0
_MOST_ATTEMPTS: Final = 8
_LONGEST_PAUSE_SECONDS: Final = 30.0
_KEPT_MS: Final = 30 * 86_400_000
_MAY_PASS: Final = (UnavailableError, OSError, sqlite3.OperationalError)
"""What is no mistake of the job's: a part that is away, a disk that is full, no descriptors left."""


class JobRunner:
    """Runs on a thread of its own; one job at a time, so that long work never takes the machine from the stream.

    It takes jobs of the kinds that it has handlers for: two runners have two queues.

    `tidy` is called at the beginning and once an hour, between two jobs.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[JobKind, Handler],
        folder: Path,
        clock: Clock,
        *,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._tidy = tidy
        self._tidied_at: float | None = None
        self._handlers = handlers
        self._folder = folder
        self._clock = clock
        self._made_at_ms = clock()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Interrupt the job under way at its next word, and come home."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop."""
        self._until_it_works(self._begin)
        while not self._stop.is_set():
            self._tidy_up()
            taken = self._until_it_works(self._take)
            if taken is None:
                self._stop.wait(_LOOK_SECONDS)
            else:
                self._do(*taken)

    def _begin(self) -> None:
        with self._database.write() as session:
            jobs.requeue_running(
                session, now_ms=self._clock(), begun_before_ms=self._made_at_ms, kinds=self._handlers.keys()
            )

    def _tidy_up(self) -> None:
        """Once an hour, what is kept for a bounded time. What fails is tried an hour later."""
        if self._tidied_at is not None and time.monotonic() - self._tidied_at < _TIDY_SECONDS:
            return
        self._tidied_at = time.monotonic()
        try:
            self._forget()
            self._tidy()
        except Exception as error:
            _log.warning("not_tidied", reason=error.message if isinstance(error, MilepostError) else repr(error))

    def _forget(self) -> None:
        before_ms, has_more = self._clock() - _KEPT_MS, True
        while has_more:
            with self._database.write() as session:
                has_more = jobs.forget_lines(session, finished_before_ms=before_ms, most=MOST_COPIES)
        with self._database.write() as session:
            forgotten = jobs.forget_jobs(session, finished_before_ms=before_ms)
        for job_id in forgotten:
            shutil.rmtree(self._folder / str(job_id), ignore_errors=True)

    def _take(self) -> tuple[Job, dict[str, Any]] | None:
        with self._database.read() as session:  # a look must not make writers wait
            if not jobs.is_queued(session, self._handlers.keys()):
                return None
        with self._database.write() as session:
            return jobs.take_job(session, now_ms=self._clock(), kinds=self._handlers.keys())

    def _do(self, job: Job, saved: dict[str, Any]) -> None:
        running = _Running(self._database, job, saved, self._folder / str(job.id), self._stop)
        _log.info("job_begun", job=str(job.id), kind=job.kind.value, is_resumed=bool(saved))
        try:
            result = self._attempts(running, self._handlers[job.kind])
        except JobInterruptedError:
            _log.info("job_interrupted", job=str(job.id), kind=job.kind.value)
            return
        except JobCancelledError:
            self._end(running, JobState.CANCELLED)
        except MilepostError as error:
            self._end(running, JobState.FAILED, error=error.message)
        except Exception:
            _log.exception("job_broke", job=str(job.id), kind=job.kind.value)
            self._end(running, JobState.FAILED, error="The job broke off by a mistake of ours; the log says where.")
        else:
            self._end(running, JobState.SUCCEEDED, result=result)

    def _attempts(self, running: _Running, handler: Handler) -> dict[str, Any]:
        """What stands in the way may pass: try again, from what was saved."""
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            try:
                running.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                return handler(running)
            except _MAY_PASS as error:
                reason = error.message if isinstance(error, UnavailableError) else str(error)
                _log.warning("job_waits_for_a_part", job=str(running.id), reason=reason, attempt=attempt)
                if attempt == _MOST_ATTEMPTS:
                    raise UnavailableError(reason) from error
                if self._stop.wait(min(2.0**attempt / 4, _LONGEST_PAUSE_SECONDS)):
                    raise JobInterruptedError from error
        raise AssertionError("the last attempt returns or raises")

    def _end(
        self, running: _Running, state: JobState, *, result: dict[str, Any] | None = None, error: str | None = None
    ) -> None:
        def end() -> None:
            with self._database.write() as session:
                running.put_down(session)
                jobs.end_job(session, running.id, state, now_ms=self._clock(), result=result, error=error)

        self._until_it_works(end)
        _log.info("job_ended", job=str(running.id), state=state.value)

    def _until_it_works(self, act: Callable[[], Any]) -> Any:
        while True:
            try:
                return act()
            except UnavailableError as error:
                _log.warning("waiting_for_a_part", reason=error.message, seconds=_LOOK_SECONDS)
                if self._stop.wait(_LOOK_SECONDS):
                    return None


class _Running:
    """See jobs/port.py. Progress reaches the database a few times a second at most."""

    def __init__(
        self, database: Database, job: Job, saved: dict[str, Any], folder: Path, stop: threading.Event
    ) -> None:
        self._database = database
        self._job = job
        self._saved = saved
        self._folder = folder
        self._stop = stop
        self._progress = (job.done, job.total, job.unit)
        self._told_at = 0.0
        self._is_cancel_wanted = False

    @property
    def id(self) -> UUID:
        return self._job.id

    @property
    def actor(self) -> str:
        return self._job.actor

    @property
    def params(self) -> Mapping[str, Any]:
        return self._job.params

    @property
    def saved(self) -> Mapping[str, Any]:
        return self._saved

    @property
    def folder(self) -> Path:
        return self._folder

    def save(self, state: Mapping[str, Any]) -> None:
        with self._database.write() as session:
            jobs.save_state(session, self.id, state)
        self._saved = dict(state)

    def save_within(self, session: Session, state: Mapping[str, Any], *, done: int) -> None:
        jobs.save_state(session, self.id, state)
        self._progress = (done, *self._progress[1:])
        self._is_cancel_wanted = self.put_down(session)
        self._told_at = time.monotonic()

    def progress(self, done: int, total: int | None, unit: str) -> None:
        if self._stop.is_set():
            raise JobInterruptedError
        self._progress = (done, total, unit)
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            with self._database.write() as session:
                self._is_cancel_wanted = self.put_down(session)
            self._told_at = time.monotonic()
        if self._is_cancel_wanted:
            raise JobCancelledError

    def put_down(self, session: Any) -> bool:
        """Write how far it is; gives whether its cancellation is wanted."""
        done, total, unit = self._progress
        return jobs.note_progress(session, self.id, done=done, total=total, unit=unit)
