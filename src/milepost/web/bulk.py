"""What is too much for one answer: a bulk change begins as a job, and the answer is 202 with the job to watch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel

from milepost.control.pace import companies_at_once
from milepost.control.repos.jobs import add_job
from milepost.domain.bulk_change import BulkChange
from milepost.domain.job import Job, JobDraft, JobKind
from milepost.jobs.bulk_change import write_ids
from milepost.kit.ids import uuid7
from milepost.web.auth import Caller, Editor
from milepost.web.changes import Change, change
from milepost.web.deps import Deps, WebDeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An editor's request for a change that may turn out large, and the answer's head."""

    deps: WebDeps
    caller: Caller
    response: Response


def _asking(caller: Editor, deps: Deps, response: Response) -> Asking:
    return Asking(deps=deps, caller=caller, response=response)


AskedByEditor = Annotated[Asking, Depends(_asking)]


class Begun(BaseModel):
    """The change goes on as a job; once it has succeeded, its `result` has the counts of the usual answer.

    `matched` is how many companies are meant, those to which nothing needs to be done included.
    """

    job: Job
    matched: int
    unknown: list[str] = []


BEGUN: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": Begun, "description": "It is for too many to be done at once, and goes on as a job."}
}


class BulkAsked(BaseModel):
    """What the audit log keeps when a bulk change is asked for; each part of it is a line of its own later."""

    asked: BaseModel | dict[str, Any]
    companies: int = 0
    job: UUID


def is_much(count: int, copies_each: int = 1) -> bool:
    """Whether so many companies, each with so many copies, are more than others should wait for."""
    return count > companies_at_once(copies_each)


@contextmanager
def begun(
    asking: Asking, wanted: BulkChange, ids: Sequence[UUID], *, subject: str, asked: BaseModel
) -> Iterator[tuple[Change, Job]]:
    """A transaction that queues the change of these; what else belongs to it can be done in the same one."""
    deps = asking.deps
    job_id = uuid7(deps.clock())
    folder = deps.jobs_folder / str(job_id)
    draft = JobDraft(
        kind=JobKind.BULK_CHANGE, subject=subject, subject_id=wanted.of_id, params=wanted.model_dump(mode="json")
    )
    try:
        write_ids(folder, ids)
        with change(deps, asking.caller) as work:
            job = add_job(work.session, draft, actor=work.actor, now_ms=work.now_ms, job_id=job_id)
            note = BulkAsked(asked=asked.model_dump(mode="json"), job=job_id)
            work.record(wanted.act.value, wanted.of, wanted.of_id or job_id, after=note)
            yield work, job
        asking.response.status_code = 202
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
