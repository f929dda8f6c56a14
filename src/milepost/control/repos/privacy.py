"""Privacy requests and their receipts; each has a job of the same id.

Takes a session and gives domain types. Whom a request is about is kept only until it is done.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from milepost.control.repos.jobs import add_job
from milepost.control.rows import JobRow, PrivacyRequestRow
from milepost.domain.errors import NotFoundError
from milepost.domain.job import JobDraft, JobKind, JobState
from milepost.domain.privacy import Known, PrivacyAction, PrivacyRequest, Receipt
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7

_DONE_WITH = (JobState.SUCCEEDED.value, JobState.CANCELLED.value)
_WORDS = {PrivacyAction.DELETE: "Delete", PrivacyAction.ANONYMISE: "Anonymise", PrivacyAction.EXPORT: "Export"}


def add_privacy_request(
    session: Session, action: PrivacyAction, known: Known, *, user_digest: str | None, actor: str, now_ms: int
) -> PrivacyRequest:
    """Keep a request and queue its job, which says nothing of whom it is about."""
    row = PrivacyRequestRow(
        id=uuid7(now_ms),
        action=action.value,
        about_company=known.company_ids[0] if known.company_ids else None,
        user_digest=user_digest,
        known=known.model_dump(mode="json"),
        actor=actor,
        requested_at_ms=now_ms,
        receipt=None,
    )
    session.add(row)
    session.flush()
    words = f"{_WORDS[action]} everything of one {'company' if known.company_ids else 'user'}"
    draft = JobDraft(kind=JobKind.PRIVACY, subject=words, subject_id=row.id)
    add_job(session, draft, actor=actor, now_ms=now_ms, job_id=row.id)
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


def read_known(session: Session, request_id: UUID) -> Known:
    """Whom it is about; NotFoundError once it is done."""
    known = _row(session, request_id).known
    if known is None:
        raise NotFoundError("The request is done, and whom it was about is forgotten.")
    return Known.model_validate(known)


def write_known(session: Session, request_id: UUID, known: Known) -> None:
    """Keep what has been found out since."""
    _row(session, request_id).known = known.model_dump(mode="json")


def write_receipt(session: Session, request_id: UUID, receipt: Receipt) -> PrivacyRequest:
    """The request is done: from now on only the receipt knows of it."""
    row = _row(session, request_id)
    row.receipt = receipt.model_dump(mode="json")
    row.known = None
    session.flush()
    return _to_request(row)


def forget_subjects(session: Session) -> None:
    """Whom requests were about that are done with: cancelled, or failed so long ago that their job is gone."""
    waiting = select(JobRow.id).where(JobRow.state.not_in(_DONE_WITH))
    known = PrivacyRequestRow.known.is_not(None)
    session.execute(update(PrivacyRequestRow).where(known, PrivacyRequestRow.id.not_in(waiting)).values(known=None))


def unfinished_requests(session: Session) -> set[UUID]:
    """The requests that are still to be done."""
    return set(session.scalars(select(PrivacyRequestRow.id).where(PrivacyRequestRow.known.is_not(None))))


def earlier_exports(session: Session, request_id: UUID) -> list[UUID]:
    """Exports about the same one as this request."""
    row = _row(session, request_id)
    same = or_(PrivacyRequestRow.about_company == row.about_company, PrivacyRequestRow.user_digest == row.user_digest)
    exports = select(PrivacyRequestRow.id).where(same, PrivacyRequestRow.action == PrivacyAction.EXPORT.value)
    return list(session.scalars(exports))


def count_erased_events(session: Session) -> int:
    """How many events of the log were deleted by requests."""
    of_log = [PrivacyRequestRow.receipt["counts"][f"events_{fate}"] for fate in ("processed", "duplicate", "parked")]
    erased = 0
    for action, counts in (
        (PrivacyAction.DELETE, of_log),
        (PrivacyAction.ANONYMISE, of_log[2:]),
    ):
        for count in counts:
            total = select(func.sum(count.as_integer())).where(PrivacyRequestRow.action == action.value)
            erased += session.scalar(total) or 0
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
