"""Jobs: asked for by people, taken and told of by the runner.

Takes a session and gives domain types; refuses to cancel what is over, and to try again what is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from milepost.control.job_rows import ImportLineRow, JobRow
from milepost.control.rows import SignalRow
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.job import Job, JobDraft, JobKind, JobState
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7

_OVER = tuple(state.value for state in JobState if state.is_over)


def add_job(session: Session, draft: JobDraft, *, actor: str, now_ms: int, job_id: UUID | None = None) -> Job:
    """Queue a job; `job_id` where something of it, such as an uploaded file, was put down before."""
    row = JobRow(
        id=job_id or uuid7(now_ms),
        kind=draft.kind.value,
        subject=draft.subject,
        subject_id=draft.subject_id,
        params=draft.params,
        saved={},
        state=JobState.QUEUED.value,
        actor=actor,
        done=0,
        total=None,
        unit="",
        is_cancel_wanted=False,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    return _to_job(row)


def add_running(session: Session, draft: JobDraft, *, actor: str, now_ms: int) -> Job:
    """A job that no runner takes, since it is under way already."""
    job = add_job(session, draft, actor=actor, now_ms=now_ms)
    row = _row(session, job.id)
    row.state, row.started_at_ms = JobState.RUNNING.value, now_ms
    session.flush()
    return _to_job(row)


def get_job(session: Session, job_id: UUID) -> Job:
    """One job; NotFoundError."""
    return _to_job(_row(session, job_id))


def page_jobs(
    session: Session,
    *,
    kind: JobKind | None = None,
    state: JobState | None = None,
    subject_id: UUID | None = None,
    except_kinds: Collection[JobKind] = (),
    before: UUID | None = None,
    limit: int,
) -> tuple[Job, ...]:
    """Newest first; `before` is the id of the last one seen."""
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(JobRow.kind == kind.value)
    if except_kinds:
        query = query.where(JobRow.kind.not_in(except_kinds))
    if state is not None:
        query = query.where(JobRow.state == state.value)
    if subject_id is not None:
        query = query.where(JobRow.subject_id == subject_id)
    if before is not None:
        query = query.where(JobRow.id < before)
    return tuple(_to_job(row) for row in session.scalars(query))


def find_unfinished(session: Session, kind: JobKind, subject_id: UUID) -> Job | None:
    """A job of the kind about this thing that is not over; a second one at the same time would be in its way."""
    query = select(JobRow).where(JobRow.kind == kind.value, JobRow.subject_id == subject_id, JobRow.state.not_in(_OVER))
    row = session.scalars(query.limit(1)).first()
    return _to_job(row) if row else None


def cancel_job(session: Session, job_id: UUID, *, now_ms: int) -> Job:
    """Cancel a queued job at once, and ask a running one to end; ConflictError when it is over, or as good as that."""
    row = _row(session, job_id)
    if JobState(row.state).is_over:
        raise ConflictError(f"The job has {row.state} already.")
    if row.kind == JobKind.BACKFILL and _is_in_force(session, row):
        raise ConflictError("It is too late: the new history is in force, and only old rows are still taken away.")
    if row.kind == JobKind.JUDGING:
        raise ConflictError("Judging cannot be cancelled: states would stay as they were.")
    row.is_cancel_wanted = True
    if row.state == JobState.QUEUED and row.started_at_ms is None:
        row.state = JobState.CANCELLED.value
        row.finished_at_ms = now_ms
    session.flush()
    return _to_job(row)


def _is_in_force(session: Session, row: JobRow) -> bool:
    signal = session.get(SignalRow, row.subject_id) if row.subject_id else None
    return signal is not None and row.saved.get("generation") == signal.generation


def retry_job(session: Session, job_id: UUID) -> Job:
    """Queue a failed job again, to go on from what it saved; ConflictError when it has not failed."""
    row = _row(session, job_id)
    if row.state != JobState.FAILED:
        raise ConflictError(f"Only a failed job is tried again; this one is {row.state}.")
    row.state = JobState.QUEUED.value
    row.error = None
    row.finished_at_ms = None
    session.flush()
    return _to_job(row)


def requeue_running(
    session: Session, *, now_ms: int, begun_before_ms: int, kinds: Collection[JobKind] = tuple(JobKind)
) -> None:
    """At the runner's start: what ran when its process ended goes on. A judging of all is begun anew by the judge."""
    running = update(JobRow).where(JobRow.state == JobState.RUNNING.value)
    is_judging = JobRow.kind == JobKind.JUDGING.value
    session.execute(running.where(~is_judging, JobRow.kind.in_(kinds)).values(state=JobState.QUEUED.value))
    broken_off = running.where(is_judging, JobRow.created_at_ms < begun_before_ms)
    session.execute(broken_off.values(state=JobState.CANCELLED.value, finished_at_ms=now_ms))


def is_queued(session: Session, kinds: Collection[JobKind]) -> bool:
    """Whether there is a job of these kinds to take."""
    queued = select(JobRow.id).where(JobRow.state == JobState.QUEUED.value, JobRow.kind.in_(kinds))
    return session.scalars(queued.limit(1)).first() is not None


def take_job(
    session: Session, *, now_ms: int, kinds: Collection[JobKind] = tuple(JobKind)
) -> tuple[Job, dict[str, Any]] | None:
    """The job of these kinds queued longest, now running, with what an earlier attempt saved; in a writing session."""
    queued = select(JobRow).where(JobRow.state == JobState.QUEUED.value, JobRow.kind.in_(kinds))
    queued = queued.order_by(JobRow.id).limit(1)
    row = session.scalars(queued.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    row.state = JobState.RUNNING.value
    row.started_at_ms = row.started_at_ms or now_ms
    session.flush()
    return _to_job(row), row.saved


def get_saved(session: Session, job_id: UUID) -> Mapping[str, Any]:
    """What was saved last."""
    return _row(session, job_id).saved


def save_state(session: Session, job_id: UUID, saved: Mapping[str, Any]) -> None:
    """Keep what the next attempt needs."""
    session.execute(update(JobRow).where(JobRow.id == job_id).values(saved=dict(saved)))


def note_progress(session: Session, job_id: UUID, *, done: int, total: int | None, unit: str) -> bool:
    """Write down how far it is; gives whether its cancellation is wanted."""
    row = _row(session, job_id)
    row.done, row.total, row.unit = done, total, unit
    return row.is_cancel_wanted


def end_job(
    session: Session,
    job_id: UUID,
    state: JobState,
    *,
    now_ms: int,
    result: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """The last word on a job; a failed one may be tried again, and need not remember a wish to cancel it."""
    row = _row(session, job_id)
    row.state = state.value
    row.finished_at_ms = now_ms
    row.result = result
    row.error = error
    row.is_cancel_wanted = state is JobState.CANCELLED


def forget_lines(session: Session, *, finished_before_ms: int, most: int) -> bool:
    """Drop so many lines of reports of jobs that have been over for long; whether there may be more."""
    old = select(JobRow.id).where(JobRow.state.in_(_OVER), JobRow.finished_at_ms < finished_before_ms)
    place = tuple_(ImportLineRow.job_id, ImportLineRow.line)
    query = select(ImportLineRow.job_id, ImportLineRow.line).where(ImportLineRow.job_id.in_(old))
    some = [tuple(found) for found in session.execute(query.limit(most))]
    if some:
        session.execute(delete(ImportLineRow).where(place.in_(some)))
    return len(some) == most


def forget_jobs(session: Session, *, finished_before_ms: int) -> Collection[UUID]:
    """Drop what has been over for long; gives the ids, whose folders can go."""
    old = select(JobRow.id).where(JobRow.state.in_(_OVER), JobRow.finished_at_ms < finished_before_ms)
    ids = session.scalars(old).all()
    session.execute(delete(JobRow).where(JobRow.state.in_(_OVER), JobRow.finished_at_ms < finished_before_ms))
    return ids


def _row(session: Session, job_id: UUID) -> JobRow:
    row = session.get(JobRow, job_id)
    if row is None:
        raise NotFoundError(f"No job has the id {job_id}.")
    return row


def _to_job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        subject=row.subject,
        subject_id=row.subject_id,
        params=row.params,
        state=JobState(row.state),
        actor=row.actor,
        done=row.done,
        total=row.total,
        unit=row.unit,
        is_cancel_wanted=row.is_cancel_wanted,
        result=row.result,
        error=row.error,
        created_at=to_datetime(row.created_at_ms),
        started_at=None if row.started_at_ms is None else to_datetime(row.started_at_ms),
        finished_at=None if row.finished_at_ms is None else to_datetime(row.finished_at_ms),
    )
