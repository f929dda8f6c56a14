"""Privacy requests and their receipts; each has a job of the same id.

Takes a session and gives domain types. Nothing here says whom a request is about, but for a company's id.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.job_rows import JobRow, PrivacyRequestRow
from milepost.control.repos.jobs import add_job
from milepost.domain.errors import NotFoundError
from milepost.domain.job import JobDraft, JobKind, JobState
from milepost.domain.privacy import PrivacyAction, PrivacyRequest, Receipt
from milepost.kit.clock import to_datetime, to_unix_ms

_GONE = {
    PrivacyAction.DELETE: ("events_processed", "events_duplicate", "events_parked"),
    PrivacyAction.ANONYMISE: ("events_parked",),
}


def add_privacy_request(
    session: Session,
    request_id: UUID,
    action: PrivacyAction,
    *,
    about_company: UUID | None,
    user_digest: str | None,
    actor: str,
    now_ms: int,
) -> PrivacyRequest:
    """Keep a request and queue its job, which says nothing of whom it is about."""
    row = PrivacyRequestRow(
        id=request_id,
        action=action.value,
        about_company=about_company,
        user_digest=user_digest,
        actor=actor,
        requested_at_ms=now_ms,
        receipt=None,
    )
    session.add(row)
    session.flush()
    words = f"{action.value.capitalize()} everything of one {'user' if about_company is None else 'company'}"
    draft = JobDraft(kind=JobKind.PRIVACY, subject=words, subject_id=request_id)
    add_job(session, draft, actor=actor, now_ms=now_ms, job_id=request_id)
    return _to_request(row)


def get_privacy_request(session: Session, request_id: UUID) -> PrivacyRequest:
    """One request; NotFoundError."""
    return _to_request(_row(session, request_id))


def page_privacy_requests(
    session: Session,
    *,
    about_company: UUID | None = None,
    user_digest: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> tuple[PrivacyRequest, ...]:
    """Newest first; `before` is the id of the last one seen."""
    query = select(PrivacyRequestRow).order_by(PrivacyRequestRow.id.desc()).limit(limit)
    if about_company is not None:
        query = query.where(PrivacyRequestRow.about_company == about_company)
    if user_digest is not None:
        query = query.where(PrivacyRequestRow.user_digest == user_digest)
    if before is not None:
        query = query.where(PrivacyRequestRow.id < before)
    return tuple(_to_request(row) for row in session.scalars(query))


def progress_of(session: Session, request_ids: Collection[UUID]) -> dict[UUID, tuple[JobState, str | None]]:
    """How far the jobs of these requests are, and why one has failed; without those whose job is forgotten."""
    found: dict[UUID, tuple[JobState, str | None]] = {}
    for chunk in chunks(request_ids):
        query = select(JobRow.id, JobRow.state, JobRow.error).where(JobRow.id.in_(chunk))
        found |= {job_id: (JobState(state), error) for job_id, state, error in session.execute(query)}
    return found


def write_receipt(session: Session, request_id: UUID, receipt: Receipt) -> PrivacyRequest:
    """The request is done."""
    row = _row(session, request_id)
    row.receipt = receipt.model_dump(mode="json")
    session.flush()
    return _to_request(row)


def open_requests(session: Session) -> set[UUID]:
    """The requests that something is still to be done for, or may be: a failed one can be tried again."""
    is_open = JobRow.state.not_in((JobState.SUCCEEDED.value, JobState.CANCELLED.value))
    return set(session.scalars(select(JobRow.id).where(JobRow.kind == JobKind.PRIVACY.value, is_open)))


def exports_finished_before(session: Session, instant_ms: int) -> list[UUID]:
    """Exports that are kept no longer, by when their receipts were written."""
    exports = select(PrivacyRequestRow).where(PrivacyRequestRow.action == PrivacyAction.EXPORT.value)
    found = [_to_request(row) for row in session.scalars(exports)]
    return [one.id for one in found if one.receipt and to_unix_ms(one.receipt.finished_at) < instant_ms]


def exports_about_the_same(session: Session, request_id: UUID) -> list[UUID]:
    """Exports about the same company or user as this request."""
    row = _row(session, request_id)
    is_same = (
        PrivacyRequestRow.user_digest == row.user_digest
        if row.about_company is None
        else PrivacyRequestRow.about_company == row.about_company
    )
    exports = select(PrivacyRequestRow.id).where(is_same, PrivacyRequestRow.action == PrivacyAction.EXPORT.value)
    return list(session.scalars(exports))


def count_erased_events(session: Session) -> int:
    """How many events of the log were deleted by requests."""
    erased = 0
    for row in session.scalars(select(PrivacyRequestRow).where(PrivacyRequestRow.receipt.is_not(None))):
        request = _to_request(row)
        gone = _GONE.get(request.action, ())
        erased += sum(request.receipt.counts.get(name, 0) for name in gone) if request.receipt else 0
    return erased


def _row(session: Session, request_id: UUID) -> PrivacyRequestRow:
    row = session.get(PrivacyRequestRow, request_id)
    if row is None:
        raise NotFoundError(f"No privacy request has the id {request_id}.")
    return row


def _to_request(row: PrivacyRequestRow) -> PrivacyRequest:
    return PrivacyRequest(
        id=row.id,
        action=PrivacyAction(row.action),
        subject="company" if row.about_company else "user",
        company_id=row.about_company,
        user_digest=row.user_digest,
        requested_by=row.actor,
        requested_at=to_datetime(row.requested_at_ms),
        receipt=None if row.receipt is None else Receipt.model_validate(row.receipt),
    )
