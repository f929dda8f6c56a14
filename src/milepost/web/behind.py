"""Whether states are as of now, or still to be judged again after something that has happened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.orm import Session

from milepost.control.repos.rejudgings import owed_among
from milepost.domain.unjudged import count_unjudged
from milepost.kit.clock import monotonic_ms, to_datetime
from milepost.web.deps import WebDeps


class Behind(BaseModel):
    """States are as they were before something that happened at `since`, and are judged again soon."""

    since: datetime
    seconds: float

    @classmethod
    def of(cls, since_ms: int, now_ms: int) -> Self:
        """As seen now."""
        return cls(since=to_datetime(since_ms), seconds=max(0, now_ms - since_ms) / 1000)


class JudgingView(BaseModel):
    """How far the judge is: how many companies wait to be judged again, and for how long the first of them has."""

    waiting: int
    behind_seconds: float
    since: datetime | None
    progressed_at: datetime
    unjudged_companies: int
    unjudged_metrics: int


def judging_view(deps: WebDeps) -> JudgingView:
    """As of the judge's last turn."""
    state = deps.judging.state
    since_ms = state.since_ms
    companies, metrics = count_unjudged(deps.judging.aside())
    return JudgingView(
        waiting=state.waiting,
        behind_seconds=0.0 if since_ms is None else max(0, deps.clock() - since_ms) / 1000,
        since=None if since_ms is None else to_datetime(since_ms),
        progressed_at=to_datetime(deps.clock() - max(0, monotonic_ms() - state.progressed_at_ms)),
        unjudged_companies=companies,
        unjudged_metrics=metrics,
    )


def behind_since(deps: WebDeps, session: Session, company_ids: Collection[UUID]) -> dict[UUID, Behind]:
    """Those of these companies whose plans are behind."""
    now_ms = deps.clock()
    since = {one.company_id: one.since_ms for one in owed_among(session, company_ids, now_ms=now_ms)}
    for company_id in company_ids:
        waits_since = deps.judging.waits_since(company_id)
        if waits_since is not None:
            since[company_id] = min(waits_since, since.get(company_id, waits_since))
    return {company_id: Behind.of(since_ms, now_ms) for company_id, since_ms in since.items()}
