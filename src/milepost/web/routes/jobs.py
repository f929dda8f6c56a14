"""Jobs: long work in the background, with its progress and its result."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from milepost.control.repos import jobs
from milepost.domain.job import Job, JobKind, JobState
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("")
def list_jobs(
    *,
    _: Viewer,
    deps: Deps,
    kind: JobKind | None = None,
    state: JobState | None = None,
    subject_id: Annotated[UUID | None, Query(description="Only jobs about the thing with this id.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Job]:
    """Jobs, newest first; those that are over are kept for 30 days."""
    before = read_cursor(cursor, UUID)
    with deps.database.read() as session:
        found = jobs.page_jobs(session, kind=kind, state=state, subject_id=subject_id, before=before, limit=limit + 1)
    return page_of(found, limit, lambda job: (job.id,))


@router.get("/{job_id}")
def read_job(job_id: UUID, _: Viewer, deps: Deps) -> Job:
    """How far it is, and once it is over, its result or why it failed."""
    with deps.database.read() as session:
        return jobs.get_job(session, job_id)


@router.post("/{job_id}/cancel")
def cancel_job(job_id: UUID, caller: Editor, deps: Deps) -> Job:
    """End a job early: a queued one at once, a running one soon; 409 when it is over."""
    with change(deps, caller) as work:
        before = jobs.get_job(work.session, job_id)
        after = jobs.cancel_job(work.session, job_id, now_ms=work.now_ms)
        work.record("cancel", "job", job_id, before=before, after=after)
    return after


@router.post("/{job_id}/retry")
def retry_job(job_id: UUID, caller: Editor, deps: Deps) -> Job:
    """Let a failed job go on from where it was; 409 when it has not failed."""
    with change(deps, caller) as work:
        before = jobs.get_job(work.session, job_id)
        after = jobs.retry_job(work.session, job_id)
        work.record("retry", "job", job_id, before=before, after=after)
    return after
