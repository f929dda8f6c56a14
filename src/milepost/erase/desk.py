"""The desk of privacy requests: answers their jobs, and what the API asks beside the database.

That is a look, whom one is about, and an export's file. For several threads. What is kept for a bounded time goes by
`tidy`.
"""

from __future__ import annotations

import hmac
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from milepost.control.erasure import company_with_members, count_records, what_is_known
from milepost.control.repos.privacy import exports_finished_before, open_requests
from milepost.domain.privacy import CompanySubject, Known, UserSubject
from milepost.erase.exporting import KEPT_MS, delete_export, export_file
from milepost.erase.ports import Premises
from milepost.erase.search import search_for
from milepost.erase.step import answer
from milepost.erase.subject import forget_subject, write_subject
from milepost.jobs.port import RunningJob
from milepost.record.forget import find_mentioning
from milepost.store.marks import Marks, marked_jobs


class PrivacyDesk:
    """See the module. `key` is the data folder's own, for digests that tell nothing without it."""

    def __init__(self, premises: Premises, key: bytes) -> None:
        self._premises = premises
        self._key = key
        self._one_look = threading.Lock()

    def answer(self, job: RunningJob) -> dict[str, Any]:
        """The handler of a request's job (jobs/port.py)."""
        return answer(job, self._premises)

    def look(self, subject: CompanySubject | UserSubject) -> dict[str, int]:
        """How much there is of the subject now, by where it lies; NotFoundError for no company."""
        known = self._known(subject)
        counts: dict[str, int] = {}
        with self._one_look, closing(self._premises.open_store()) as client:
            search = search_for(known, self._premises.database, client)
            marks = Marks(client, uuid4())
            try:
                search.mark(marks)
                counts |= marks.counts()
            finally:
                marks.drop()
        if known.company_ids:
            with self._premises.database.read() as session:
                records = count_records(session, known.company_ids)
            counts |= {f"records_{table}": count for table, count in records.items()}
        pattern, now_ms = search.pattern, self._premises.clock()
        counts["rejections"] = len(find_mentioning(self._premises.rejections, pattern, now_ms)) if pattern else 0
        return counts

    def put_down(self, request_id: UUID, subject: CompanySubject | UserSubject) -> None:
        """Keep whom a request is about, before its job is queued; NotFoundError for no company."""
        write_subject(self._folder(request_id), self._known(subject))

    def forget(self, request_id: UUID) -> None:
        """Let go of whom a request is about."""
        forget_subject(self._folder(request_id))

    def digest(self, user_id: str) -> str:
        """By which requests about a user are found again."""
        return hmac.new(self._key, b"user:" + user_id.encode(), sha256).hexdigest()

    def export_file(self, request_id: UUID) -> Path | None:
        """The file of an export, while it is kept."""
        with self._premises.database.read() as session:
            is_over = request_id in exports_finished_before(session, self._kept_since_ms())
        file = export_file(self._premises.jobs, request_id)
        return file if file.exists() and not is_over else None

    def tidy(self) -> None:
        """Let go of exports that are kept no longer, and of what requests need that nobody will go on with."""
        with self._premises.database.read() as session:
            still_open = open_requests(session)
            old = exports_finished_before(session, self._kept_since_ms())
        for request_id in old:
            delete_export(self._premises.jobs, request_id)
        for file in self._premises.jobs.glob("*/subject.*"):
            if UUID(file.parent.name) not in still_open:
                forget_subject(file.parent)
        with self._one_look, closing(self._premises.open_store()) as client:
            for job in marked_jobs(client):
                if job not in still_open:
                    Marks(client, job).drop()

    def _kept_since_ms(self) -> int:
        return self._premises.clock() - KEPT_MS

    def _folder(self, request_id: UUID) -> Path:
        return self._premises.jobs / str(request_id)

    def _known(self, subject: CompanySubject | UserSubject) -> Known:
        if isinstance(subject, UserSubject):
            return Known(user_id=subject.user_id, paths=subject.paths)
        with self._premises.database.read() as session:
            return what_is_known(session, company_with_members(session, subject.company_id))
