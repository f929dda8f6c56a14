"""A Job: long work that is asked for through the API, done in the background, watched, cancelled and resumed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class JobState(StrEnum):
    """Where a job is. A running one whose process dies stays running, and goes on at the next start."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done for it."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class JobKind(StrEnum):
    """What jobs there are; the wiring has a handler for each, but for judging, which the judge does by itself."""

    BACKFILL = "backfill"
    COMPANY_IMPORT = "company_import"
    PRIVACY = "privacy"
    JUDGING = "judging"
    BULK_CHANGE = "bulk_change"


class JobDraft(BaseModel):
    """What is asked for. `subject` says in words what it is about; `params` are the handler's own."""

    model_config = ConfigDict(frozen=True)

    kind: JobKind
    subject: str
    subject_id: UUID | None = None
    params: dict[str, Any] = {}


class Job(JobDraft):
    """A job as people see it.

    `done` of `total` are in the handler's own `unit` (events, lines); a total of None is not known yet. `result` is
    what a succeeded one found or did, `error` why a failed one failed.
    """

    id: UUID
    state: JobState
    actor: str
    done: int = 0
    total: int | None = None
    unit: str = ""
    is_cancel_wanted: bool = False
    result: dict[str, Any] | None = None
    error: str | None = None
    created_at: datetime
    started_at: datetime | None = Field(default=None, description="When it was first begun.")
    finished_at: datetime | None = None
