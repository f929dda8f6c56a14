"""A judging of all companies as a job that people can watch: the judge does it, and tells here how far it is."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

from milepost.control.repos import jobs
from milepost.control.repos.plan_changes import MILEPOST
from milepost.control.session import Database
from milepost.domain.errors import NotFoundError
from milepost.domain.job import JobDraft, JobKind, JobState
from milepost.kit.clock import Clock

_TELL_SECONDS: Final = 0.5


class JudgingJobs:
    """See judge/ports.py. What a crash interrupts is begun anew by the next start, as a job of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._job_id: UUID | None = None
        self._told_at = 0.0
        self._total = 0

    def progress(self, done: int, total: int) -> None:
        """See the port."""
        if self._job_id is not None and time.monotonic() - self._told_at < _TELL_SECONDS:
            return
        self._told_at, self._total = time.monotonic(), total
        with self._database.write() as session:
            if self._job_id is None:
                draft = JobDraft(kind=JobKind.JUDGING, subject="All companies' plans")
                self._job_id = jobs.add_running(session, draft, actor=MILEPOST, now_ms=self._clock()).id
            jobs.note_progress(session, self._job_id, done=done, total=total, unit="companies")

    def end(self) -> None:
        """See the port."""
        job_id, self._job_id = self._job_id, None
        if job_id is None:
            return
        with self._database.write() as session:
            try:
                jobs.note_progress(session, job_id, done=self._total, total=self._total, unit="companies")
                result = {"companies": self._total}
                jobs.end_job(session, job_id, JobState.SUCCEEDED, now_ms=self._clock(), result=result)
            except NotFoundError:  # it took longer than jobs are kept
                pass
