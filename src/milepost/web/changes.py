"""One change through the API: its transaction, who makes it, and its line in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.orm import Session

from milepost.control.repos.audit import record_change, record_changes
from milepost.control.revisions import read_connections_revision
from milepost.web.auth import Caller
from milepost.web.deps import WebDeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change under way; it is committed when its block ends."""

    session: Session
    actor: str
    now_ms: int

    def record(
        self,
        action: str,
        subject: str,
        subject_id: UUID | str,
        *,
        before: BaseModel | None = None,
        after: BaseModel | None = None,
    ) -> None:
        """Put it into the audit log, in the same transaction."""
        record_change(
            self.session,
            actor=self.actor,
            action=action,
            subject=subject,
            subject_id=subject_id,
            now_ms=self.now_ms,
            before=before,
            after=after,
        )

    def record_each(self, action: str, subject: str, changes: Mapping[UUID, tuple[BaseModel, BaseModel]]) -> None:
        """The same for many things at once: each id with how it was before and after."""
        record_changes(
            self.session, actor=self.actor, action=action, subject=subject, now_ms=self.now_ms, changes=changes
        )


@contextmanager
def change_of_connections(deps: WebDeps, caller: Caller) -> Iterator[Change]:
    """The same, and its end waits for the front doors: clients stop for good on a key that is refused for a moment."""
    with change(deps, caller) as work:
        yield work
    deps.wait_for_doors(read_connections_revision(deps.database))


@contextmanager
def change(deps: WebDeps, caller: Caller) -> Iterator[Change]:
    """A transaction that belongs to this caller."""
    with deps.database.write() as session:
        yield Change(session=session, actor=caller.name, now_ms=deps.clock())
