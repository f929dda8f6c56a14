"""Metrics: their definitions. Their numbers are in metric_values.py."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from milepost.control.repos import metrics
from milepost.domain.metric import AnyMetric, AnyMetricDraft
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of
from milepost.web.versions import Versioned

router = APIRouter(prefix="/metrics", tags=["metrics"])


@router.get("")
def list_metrics(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[AnyMetric]:
    """All metrics, oldest first: aggregates of a signal, and formulas over other metrics."""
    with deps.database.read() as session:
        return some_of(metrics.list_metrics(session), cursor, limit, lambda one: (one.id,))


@router.post("", status_code=201)
def add_metric(draft: AnyMetricDraft, caller: Editor, deps: Deps, version: Versioned) -> AnyMetric:
    """Put a metric in force; it covers all that its signal has emitted."""
    with change(deps, caller) as work:
        metric = metrics.create_metric(work.session, draft, now_ms=work.now_ms)
        work.record("create", "metric", metric.id, after=metric)
    return version.tagged(metric)


@router.get("/{metric_id}")
def read_metric(metric_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> AnyMetric:
    """One metric."""
    with deps.database.read() as session:
        return version.tagged(metrics.get_metric(session, metric_id))


@router.put("/{metric_id}")
def replace_metric(metric_id: UUID, draft: AnyMetricDraft, caller: Editor, deps: Deps, version: Versioned) -> AnyMetric:
    """Change a metric; its numbers change at once, over all history."""
    with change(deps, caller) as work:
        before = metrics.get_metric(work.session, metric_id)
        version.require(before, draft)
        after = metrics.update_metric(work.session, metric_id, draft)
        work.record("update", "metric", metric_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{metric_id}", status_code=204)
def remove_metric(metric_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> None:
    """Take a metric away; 409 while a milestone is judged by it, or a formula made of it."""
    with change(deps, caller) as work:
        version.require(metrics.get_metric(work.session, metric_id))
        work.record("delete", "metric", metric_id, before=metrics.delete_metric(work.session, metric_id))
