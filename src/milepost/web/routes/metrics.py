"""Metrics and their values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from milepost.control.repos import companies, metrics
from milepost.control.repos.signals import get_signal
from milepost.domain.company import Company
from milepost.domain.metric import Metric, MetricDraft
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, everything, page_of, read_cursor

router = APIRouter(prefix="/metrics", tags=["metrics"])


class CompanyValue(BaseModel):
    """A metric's value for one company."""

    company_id: UUID
    company_name: str
    value: float


class MetricValuePage(Page[CompanyValue]):
    """Values at an instant, by the companies' names."""

    metric_id: UUID
    at: datetime


@router.get("")
def list_metrics(_: Viewer, deps: Deps) -> Page[Metric]:
    """All metrics, oldest first."""
    with deps.database.read() as session:
        return everything(metrics.list_metrics(session))


@router.post("", status_code=201)
def add_metric(draft: MetricDraft, caller: Editor, deps: Deps) -> Metric:
    """Put a metric in force; it covers all that its signal has emitted."""
    with change(deps, caller) as work:
        metric = metrics.create_metric(work.session, draft, now_ms=work.now_ms)
        work.record("create", "metric", metric.id, after=metric)
    return metric


@router.get("/{metric_id}")
def read_metric(metric_id: UUID, _: Viewer, deps: Deps) -> Metric:
    """One metric."""
    with deps.database.read() as session:
        return metrics.get_metric(session, metric_id)


@router.put("/{metric_id}")
def replace_metric(metric_id: UUID, draft: MetricDraft, caller: Editor, deps: Deps) -> Metric:
    """Change a metric."""
    with change(deps, caller) as work:
        before = metrics.get_metric(work.session, metric_id)
        after = metrics.update_metric(work.session, metric_id, draft)
        work.record("update", "metric", metric_id, before=before, after=after)
    return after


@router.delete("/{metric_id}", status_code=204)
def remove_metric(metric_id: UUID, caller: Editor, deps: Deps) -> None:
    """Take a metric away; 409 while a milestone is judged by it."""
    with change(deps, caller) as work:
        work.record("delete", "metric", metric_id, before=metrics.delete_metric(work.session, metric_id))


@router.get("/{metric_id}/values")
def read_values(
    *,
    metric_id: UUID,
    _: Viewer,
    deps: Deps,
    company_id: Annotated[UUID | None, Query(description="Only this company's value.")] = None,
    at: Annotated[AwareDatetime | None, Query(description="As of this instant; now unless given.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> MetricValuePage:
    """The metric's value for every company, those without emissions included, or for one."""
    as_of_ms = to_unix_ms(at) if at else deps.clock()
    with deps.database.read() as session:
        metric = metrics.get_metric(session, metric_id)
        signal = get_signal(session, metric.signal_id)
        if company_id is not None:
            found: tuple[Company, ...] = (companies.get_company(session, company_id),)
        else:
            after = read_cursor(cursor, lambda name, last_id: (str(name), UUID(last_id)))
            found = companies.list_companies(session, after=after, limit=limit + 1)
    page = page_of(found, limit, lambda company: (company.name, company.id))
    values = deps.metrics.values(metric, signal, as_of_ms, [company.id for company in page.items])
    return MetricValuePage(
        metric_id=metric_id,
        at=to_datetime(as_of_ms),
        items=[
            CompanyValue(company_id=company.id, company_name=company.name, value=values[company.id])
            for company in page.items
        ],
        next=page.next,
    )
