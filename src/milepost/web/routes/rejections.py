"""Refused submissions of known connections: what the doors answered no to, and why; kept for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from milepost.domain.rejection import Rejection, RejectionFilter
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.errors import ProblemFault
from milepost.web.instants import AskedInstant
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/rejections", tags=["rejections"])


class RejectionView(BaseModel):
    """A refused submission. `path` is that of the first fault; `status` is what the sender was answered."""

    id: UUID
    connection_id: UUID
    received_at: datetime
    door: str
    status: int
    code: str
    path: str
    reason: str
    faults: list[ProblemFault]
    excerpt: str = Field(description="What was sent, in part, with secrets as ***.")


@router.get("")
def list_rejections(
    *,
    _: Viewer,
    deps: Deps,
    connection_id: UUID | None = None,
    door: str | None = None,
    code: Annotated[str | None, Query(description="Why, such as invalid_input or over_limit.")] = None,
    since: Annotated[AskedInstant | None, Query(description="Refused at or after this instant.")] = None,
    until: Annotated[AskedInstant | None, Query(description="Refused before this instant.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RejectionView]:
    """Refused submissions, newest first. A refusal is here within a second; those of unknown senders are counted."""
    wanted = RejectionFilter(
        connection_id=connection_id,
        door=door,
        code=code,
        since_ms=to_unix_ms(since) if since else None,
        until_ms=to_unix_ms(until) if until else None,
    )
    found = deps.rejections.page(wanted, older_than=read_cursor(cursor, UUID), limit=limit + 1)
    return page_of([_view(one) for one in found], limit, lambda one: (one.id,))


def _view(rejection: Rejection) -> RejectionView:
    return RejectionView(
        id=rejection.id,
        connection_id=rejection.connection_id,
        received_at=to_datetime(rejection.received_at_ms),
        door=rejection.door,
        status=rejection.status,
        code=rejection.code,
        path=rejection.path,
        reason=rejection.reason,
        faults=[ProblemFault(path=fault.path, reason=fault.reason) for fault in rejection.faults],
        excerpt=rejection.excerpt,
    )
