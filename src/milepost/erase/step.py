"""The job of a privacy request, from what it is asked to its receipt. Takes a running job; gives its result.

Deleting and anonymising go in two parts. Up to the cut nothing is lost, and it can be cancelled. At the cut, while the
reactor stands still, it is settled which events belong to the request, and the control plane lets go of the company, in
one transaction with the job's state. What follows can be done any number of times, and always comes to its end.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from milepost.control.erasure import (
    company_with_members,
    count_records,
    delete_companies,
    rename_companies,
    what_is_known,
)
from milepost.control.mentions import find_audit_lines, scrub_audit
from milepost.control.repos.audit import record_change
from milepost.control.repos.jobs import save_state
from milepost.control.repos.privacy import get_privacy_request, write_receipt
from milepost.criteria.convert import to_number
from milepost.domain.privacy import Check, Known, PrivacyAction, PrivacyRequest, Receipt
from milepost.erase.clearing import Clearing
from milepost.erase.exporting import delete_export, export
from milepost.erase.ports import Premises
from milepost.erase.progress import accepted, arrived_by, wait_until_processed, wait_until_settled
from milepost.erase.search import Search, search_for
from milepost.erase.subject import forget_subject, read_subject, write_subject
from milepost.erase.telling import Telling
from milepost.jobs.port import JobCancelledError, RunningJob
from milepost.kit.clock import to_datetime
from milepost.store.marks import Instant, Marks
from milepost.store.quiet import QuietClient

AUDITED: Final = "privacy_request"
_PATIENCE_SECONDS: Final = 30.0
_LONGEST_SEARCH_MS: Final = 600_000


def answer(job: RunningJob, premises: Premises) -> dict[str, Any]:
    """Do what the request with the job's id asks for; gives its receipt."""
    with premises.database.read() as session:
        request = get_privacy_request(session, job.id)
    if request.receipt is None:
        with closing(premises.open_store()) as client:
            work = _Work(
                job=job,
                request=request,
                premises=premises,
                client=client,
                marks=Marks(client, job.id),
                telling=Telling(job, request.action),
            )
            try:
                receipt = work.exported() if request.action is PrivacyAction.EXPORT else work.erased()
            except JobCancelledError:
                work.let_go()
                raise
            work.marks.drop()
        request = _finish(request, receipt, premises)
    forget_subject(job.folder)
    assert request.receipt is not None
    return request.receipt.model_dump(mode="json")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A request in work."""

    job: RunningJob
    request: PrivacyRequest
    premises: Premises
    client: QuietClient
    marks: Marks
    telling: Telling

    def let_go(self) -> None:
        """Leave nothing of the request's own behind, since nobody will go on with it."""
        self.marks.drop()
        delete_export(self.premises.jobs, self.job.id)
        forget_subject(self.job.folder)

    def exported(self) -> Receipt:
        search = self._prepare()
        return export(self.job, search, self.premises, self.marks, self.premises.clock())

    def erased(self) -> Receipt:
        is_resumed = "cut" in self.job.saved
        if not is_resumed:
            begun = Instant(self.marks.last_batch(), self.premises.clock())
            self._cut(self._prepare(), begun)
        self.telling.late_step_done()
        clearing = Clearing(
            job=self.job,
            action=self.request.action,
            search=search_for(read_subject(self.job.folder), self.premises.database, self.client),
            premises=self.premises,
            client=self.client,
            marks=self.marks,
            told=self.telling.word_too_late,
        )
        if is_resumed:
            clearing.mark_again()
        for step in (clearing.count, clearing.store, clearing.files, clearing.judge_anew):
            step()
            self.telling.late_step_done()
        checks = clearing.checks()
        self.telling.late_step_done()
        return self._receipt(checks, self.job.saved)

    def _receipt(self, checks: tuple[Check, ...], saved: Mapping[str, Any]) -> Receipt:
        return Receipt(
            upto=to_datetime(saved["cut"]["upto_ms"]),
            finished_at=to_datetime(self.premises.clock()),
            counts=saved["counts"],
            companies_judged_anew=len(saved["touched"]),
            checks=checks,
        )

    def _prepare(self) -> Search:
        """Wait for what was accepted before, find out what identifies the subject, and mark what there is of it."""
        self.telling.word()
        wait_until_processed(self.premises.checkpoints, accepted(self.premises.journal), self.telling.word)
        self.telling.step_done()
        search = search_for(self._learn(), self.premises.database, self.client)
        self.marks.drop()
        self.telling.word()
        search.mark(self.marks)
        self.telling.step_done()
        return search

    def _learn(self) -> Known:
        """What identifies the subject now, put down, since it is needed when the subject itself is gone."""
        known = read_subject(self.job.folder)
        if self.request.company_id is not None:
            with self.premises.database.read() as session:
                known = what_is_known(session, company_with_members(session, self.request.company_id))
        if self.request.action is PrivacyAction.ANONYMISE:
            known = known.model_copy(update={"pseudonyms": {value: _pseudonym(value) for value in known.values}})
        write_subject(self.job.folder, known)
        return known

    def _cut(self, search: Search, begun: Instant) -> None:
        """See the module. What came in since the work was begun has not been marked yet.

        The cut is at an instant: what had arrived by then is processed first, in every partition, and nothing later.
        """
        premises = self.premises
        wait_until_processed(premises.checkpoints, accepted(premises.journal), self.telling.word)
        with premises.reactor.paused(_PATIENCE_SECONDS):
            upto_ms = premises.clock()
            wait_until_settled(premises.settling_seconds, self.telling.word)
            arrived = arrived_by(premises.journal, premises.checkpoints, upto_ms)
            premises.reactor.catch_up(arrived)
            wait_until_processed(premises.checkpoints, arrived, self.telling.word)
            search.mark(self.marks, among=begun.since())
            cut = {
                "upto_ms": upto_ms,
                "batch": self.marks.last_batch(),
                "offsets": [list(pair) for pair in accepted(self.premises.journal).items()],
            }
            saved = {"cut": cut, "records": self._let_go(search.known, {"cut": cut})}
        self.job.save(saved)

    def _let_go(self, known: Known, saved: Mapping[str, Any]) -> dict[str, int]:
        """Of the company; gives how many rows each table had of it.

        The audit log is searched before the transaction, which shuts out all other writers: in it, only its last lines.
        """
        company_ids, since_ms = known.company_ids, max(0, self.premises.clock() - _LONGEST_SEARCH_MS)
        with self.premises.database.read() as session:
            earlier = find_audit_lines(session, company_ids)
        with self.premises.database.write() as session:
            records: dict[str, int] = {}
            if company_ids:
                lines = {*earlier, *find_audit_lines(session, company_ids, since_ms=since_ms)}
                scrub_audit(session, lines)
                records = {**count_records(session, company_ids), "audit": len(lines)}
                if self.request.action is PrivacyAction.DELETE:
                    delete_companies(session, company_ids)
                else:
                    rename_companies(session, known)
            save_state(session, self.job.id, {**saved, "records": records})
        return records


def _pseudonym(value: str) -> str:
    """What can be read as a number stays so, for the sake of fields that read it as one."""
    return f"anon-{uuid4().hex}" if to_number(value) is None else str(2**52 + secrets.randbelow(2**52))


def _finish(request: PrivacyRequest, receipt: Receipt, premises: Premises) -> PrivacyRequest:
    """The receipt, and its line in the audit log."""
    with premises.database.write() as session:
        finished = write_receipt(session, request.id, receipt)
        record_change(
            session,
            actor=request.requested_by,
            action=f"finish_{request.action.value}",
            subject=AUDITED,
            subject_id=request.id,
            now_ms=premises.clock(),
            after=receipt,
        )
    return finished
