"""Jobs: long work in the background, with its progress and its result. Those of privacy requests are for admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from milepost.control.repos import jobs
from milepost.domain.account import Role
from milepost.domain.errors import ForbiddenError
from milepost.domain.job import Job, JobKind, JobState
from milepost.web.auth import Caller, Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/jobs", tags=["jobs"])

_FOR_ADMINS = frozenset({JobKind.PRIVACY})


@router.get("")
def list_jobs(
    *,
    caller: Viewer,
    deps: Deps,
    kind: JobKind | None = None,
    state: JobState | None = None,
    subject_id: Annotated[UUID | None, Query(description="Only jobs about the thing with this id.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Job]:
    """Jobs, newest first; those that are over are kept for 30 days. Who is no admin sees no privacy requests."""
    with deps.database.read() as session:
        found = jobs.page_jobs(
            session,
            kind=kind,
            state=state,
            subject_id=subject_id,
            except_kinds=() if caller.role.includes(Role.ADMIN) else _FOR_ADMINS,
            before=read_cursor(cursor, UUID),
            limit=limit + 1,
        )
    return page_of(found, limit, lambda job: (job.id,))


@router.get("/{job_id}")
def read_job(job_id: UUID, caller: Viewer, deps: Deps) -> Job:
    """How far it is, and once it is over, its result or why it failed."""
    with deps.database.read() as session:
        return _job(session, job_id, caller)


@router.post("/{job_id}/cancel")
def cancel_job(job_id: UUID, caller: Editor, deps: Deps) -> Job:
    """End a job early: a queued one at once, a running one soon; 409 when it is over."""
    with change(deps, caller) as work:
        before = _job(work.session, job_id, caller)
        after = jobs.cancel_job(work.session, job_id, now_ms=work.now_ms)
        work.record("cancel", "job", job_id, before=before, after=after)
    if after.kind is JobKind.PRIVACY and after.state is JobState.CANCELLED:  # a running one does so itself
        deps.privacy.forget(job_id)
    return after


@router.post("/{job_id}/retry")
def retry_job(job_id: UUID, caller: Editor, deps: Deps) -> Job:
    """Let a failed job go on from where it was; 409 when it has not failed."""
    with change(deps, caller) as work:
        before = _job(work.session, job_id, caller)
        after = jobs.retry_job(work.session, job_id)
        work.record("retry", "job", job_id, before=before, after=after)
    return after


def _job(session: Session, job_id: UUID, caller: Caller) -> Job:
    job = jobs.get_job(session, job_id)
    if job.kind in _FOR_ADMINS and not caller.role.includes(Role.ADMIN):
        raise ForbiddenError(f"A job of the kind {job.kind.value} needs the role admin.")
    return job
