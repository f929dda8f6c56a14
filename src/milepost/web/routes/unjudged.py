"""What cannot be judged as it is, and why: the operator's list, which names metrics first and companies after them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from milepost.control.repos.company_names import company_names
from milepost.control.repos.metrics import list_metrics
from milepost.control.repos.milestones import list_milestones
from milepost.domain.unjudged import Unjudged
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of

router = APIRouter(tags=["overview"])


class UnjudgedItem(BaseModel):
    """A metric that cannot be evaluated for anyone (`of` is `metric`), or a company of which one cannot, or its plan.

    `companies` is how many are concerned, `milestones` the names of those that keep the states that they have, `since`
    when it was noticed first. It is tried again every ten minutes, and when the definition changes.
    """

    of: Literal["metric", "company"]
    reason: str
    metric_id: UUID | None
    metric_name: str | None
    company_id: UUID | None
    company_name: str | None
    companies: int
    milestones: list[str]
    since: datetime


@router.get("/unjudged")
def list_unjudged(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[UnjudgedItem]:
    """The metrics and companies that are set aside, so that they hold up nobody else: metrics first."""
    grouped: dict[tuple[str, str, str, str], list[Unjudged]] = {}
    for one in deps.judging.aside():
        company_id = "" if one.of == "metric" else str(one.company_id)
        order = "0" if one.of == "metric" else "1"
        grouped.setdefault((order, str(one.metric_id), company_id, one.reason), []).append(one)
    page = some_of(sorted(grouped.items(), key=lambda item: item[0]), cursor, limit, lambda item: item[0])
    some = [alike for _, alike in page.items]
    with deps.database.read() as session:
        metrics = {metric.id: metric.name for metric in list_metrics(session)}
        milestones = {milestone.id: milestone.name for milestone in list_milestones(session)}
        companies = company_names(session, [alike[0].company_id for alike in some if alike[0].of == "company"])
    return Page(items=[_item(alike, metrics, milestones, companies) for alike in some], next=page.next)


def _item(
    alike: Sequence[Unjudged],
    metrics: dict[UUID, str],
    milestones: dict[UUID, str],
    companies: dict[UUID, str],
) -> UnjudgedItem:
    first = alike[0]
    company_id = first.company_id if first.of == "company" else None
    ids = dict.fromkeys(one.milestone_id for one in alike if one.milestone_id is not None)
    return UnjudgedItem(
        of=first.of,
        reason=first.reason,
        metric_id=first.metric_id,
        metric_name=None if first.metric_id is None else metrics.get(first.metric_id),
        company_id=company_id,
        company_name=None if company_id is None else companies.get(company_id),
        companies=len({one.company_id for one in alike}),
        milestones=[milestones[milestone_id] for milestone_id in ids if milestone_id in milestones],
        since=min(one.since for one in alike),
    )
