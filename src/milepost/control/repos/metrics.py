"""Metrics: takes a session, gives domain types, refuses what does not fit its signal. Writes raise `definitions`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.checks import check_metric
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedMilestoneRow, MetricRow, MilestoneRow
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.metric import Metric, MetricDraft
from milepost.domain.milestone import MilestoneDraft
from milepost.kit.ids import uuid7


def create_metric(session: Session, draft: MetricDraft, *, now_ms: int) -> Metric:
    """Put a metric in force; it covers all that its signal has emitted."""
    check_metric(session, draft)
    row = MetricRow(
        id=uuid7(now_ms), signal_id=draft.signal_id, definition=draft.model_dump_json(), created_at_ms=now_ms
    )
    session.add(row)
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_metric(row)


def update_metric(session: Session, metric_id: UUID, draft: MetricDraft) -> Metric:
    """Change a metric; milestones that use it are judged by its new meaning from now on."""
    row = _row(session, metric_id)
    check_metric(session, draft)
    row.signal_id = draft.signal_id
    row.definition = draft.model_dump_json()
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_metric(row)


def list_metrics(session: Session) -> tuple[Metric, ...]:
    """All of them, oldest first."""
    return tuple(_to_metric(row) for row in session.scalars(select(MetricRow).order_by(MetricRow.id)))


def get_metric(session: Session, metric_id: UUID) -> Metric:
    """One metric; NotFoundError."""
    return _to_metric(_row(session, metric_id))


def delete_metric(session: Session, metric_id: UUID) -> Metric:
    """Take a metric away; ConflictError while a milestone, or a company's copy of one, is judged by it."""
    row = _row(session, metric_id)
    metric = _to_metric(row)
    for table in (MilestoneRow, AssignedMilestoneRow):
        user = session.scalar(select(table.definition).where(table.definition.contains(str(metric_id))).limit(1))
        if user is not None:
            name = MilestoneDraft.model_validate_json(user).name
            raise ConflictError(f"The milestone {name!r} is judged by this metric. Change or unassign it first.")
    session.delete(row)
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return metric


def _row(session: Session, metric_id: UUID) -> MetricRow:
    row = session.get(MetricRow, metric_id)
    if row is None:
        raise NotFoundError(f"No metric has the id {metric_id}.")
    return row


def _to_metric(row: MetricRow) -> Metric:
    return Metric(**dict(MetricDraft.model_validate_json(row.definition)), id=row.id)
