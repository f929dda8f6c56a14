"""The audit log; for admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from milepost.control.repos.audit import page_audit
from milepost.domain.account import AuditEntry
from milepost.web.auth import Admin
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("")
def list_audit(
    _: Admin,
    deps: Deps,
    subject_id: Annotated[str | None, Query(description="Only changes of the thing with this id.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AuditEntry]:
    """Who changed what, newest first."""
    with deps.database.read() as session:
        entries = page_audit(session, subject_id=subject_id, before=read_cursor(cursor, UUID), limit=limit + 1)
    return page_of(entries, limit, lambda entry: (entry.id,))
