"""What a stage that does a job sees of it: parameters in, progress and a result out; two ways to be broken off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session


class JobCancelledError(Exception):
    """A person no longer wants the job: raised in the handler, which may undo what it began, and lets it pass."""


class JobInterruptedError(Exception):
    """The process stops: raised in the handler, which lets it pass at once. It is called again at the next start."""


class RunningJob(Protocol):
    """A job in its handler's hands (`jobs.runner`). A handler is `(RunningJob) -> result`, for one thread.

    It is called again after a crash, so every effect must bear repetition, or be told of by `save` once it is done.
    A MilepostError fails the job with its message; an UnavailableError has it tried again first.
    """

    @property
    def id(self) -> UUID:
        """The job's id, the same in every attempt."""

    @property
    def actor(self) -> str:
        """Who asked for it."""

    @property
    def params(self) -> Mapping[str, Any]:
        """What the draft said."""

    @property
    def saved(self) -> Mapping[str, Any]:
        """What an earlier attempt saved last; empty in the first one."""

    @property
    def folder(self) -> Path:
        """For files that belong to the job; it exists, and goes away with the job."""

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep this for later attempts; on disk when it returns."""

    def save_within(self, session: Session, state: Mapping[str, Any], *, done: int) -> None:
        """The same in a transaction of the handler's own: what it did, and this, are both there after it, or neither.

        `done` is how far it is then. `saved` stays as it was when the attempt began.
        """

    def progress(self, done: int, total: int | None, unit: str) -> None:
        """Say how far it is, as often as you like. JobCancelledError, JobInterruptedError.

        It raises the first of these also where `save_within` found that the cancellation is wanted.
        """


Handler = Callable[[RunningJob], dict[str, Any]]
"""Does a job; gives its result."""
