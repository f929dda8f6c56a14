"""The audit log; for admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from milepost.control.repos.audit import AuditFilter, page_audit
from milepost.domain.account import AuditEntry
from milepost.kit.clock import to_unix_ms
from milepost.web.auth import Admin
from milepost.web.deps import Deps
from milepost.web.instants import AskedInstant
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("")
def list_audit(
    *,
    _: Admin,
    deps: Deps,
    actor: Annotated[str | None, Query(description="Only what this person or machine did.")] = None,
    action: Annotated[str | None, Query(description="Only what was done so: create, update, tick, ...")] = None,
    subject: Annotated[str | None, Query(description="Only things of this kind: metric, company, ...")] = None,
    subject_id: Annotated[str | None, Query(description="Only changes of the thing with this id.")] = None,
    since: Annotated[AskedInstant | None, Query(alias="from", description="From this instant on.")] = None,
    until: Annotated[AskedInstant | None, Query(alias="to", description="Before this instant.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AuditEntry]:
    """Who changed what, newest first."""
    wanted = AuditFilter(
        actor=actor,
        action=action,
        subject=subject,
        subject_id=subject_id,
        since_ms=None if since is None else to_unix_ms(since),
        until_ms=None if until is None else to_unix_ms(until),
    )
    with deps.database.read() as session:
        entries = page_audit(session, wanted, before=read_cursor(cursor, UUID), limit=limit + 1)
    return page_of(entries, limit, lambda entry: (entry.id,))
