"""Metrics: takes a session, gives domain types, refuses what does not fit its signal. Writes raise `definitions`."""

from __future__ import annotations

from functools import lru_cache
from typing import overload
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.checks import check_metric
from milepost.control.repos.signals import list_signals
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedMilestoneRow, MetricRow, MilestoneRow
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.metric import DRAFTS, Formula, FormulaDraft, Metric, MetricDraft, in_force
from milepost.domain.milestone import MilestoneDraft
from milepost.kit.ids import uuid7


@overload
def create_metric(session: Session, draft: MetricDraft, *, now_ms: int) -> Metric: ...
@overload
def create_metric(session: Session, draft: FormulaDraft, *, now_ms: int) -> Formula: ...
def create_metric(session: Session, draft: MetricDraft | FormulaDraft, *, now_ms: int) -> Metric | Formula:
    """Put a metric in force; it covers all that its signals have emitted."""
    check_draft(session, draft)
    row = MetricRow(
        id=uuid7(now_ms), signal_id=_signal_id(draft), definition=draft.model_dump_json(), created_at_ms=now_ms
    )
    session.add(row)
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return in_force(draft, row.id, row.revision)


def update_metric(session: Session, metric_id: UUID, draft: MetricDraft | FormulaDraft) -> Metric | Formula:
    """Change a metric; milestones that use it are judged by its new meaning from now on."""
    row = _row(session, metric_id)
    check_draft(session, in_force(draft, metric_id))
    row.signal_id = _signal_id(draft)
    row.definition = draft.model_dump_json()
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_metric(row)


def list_metrics(session: Session) -> tuple[Metric | Formula, ...]:
    """All of them, oldest first."""
    return tuple(_to_metric(row) for row in session.scalars(select(MetricRow).order_by(MetricRow.id)))


def get_metric(session: Session, metric_id: UUID) -> Metric | Formula:
    """One metric; NotFoundError."""
    return _to_metric(_row(session, metric_id))


def delete_metric(session: Session, metric_id: UUID) -> Metric | Formula:
    """Take a metric away; ConflictError while a milestone, or a company's copy, or a formula rests on it."""
    row = _row(session, metric_id)
    metric = _to_metric(row)
    for table in (MilestoneRow, AssignedMilestoneRow):
        user = session.scalar(select(table.definition).where(table.definition.contains(str(metric_id))).limit(1))
        if user is not None:
            name = MilestoneDraft.model_validate_json(user).name
            raise ConflictError(f"The milestone {name!r} is judged by this metric. Change or unassign it first.")
    for definition in session.scalars(select(MetricRow.definition).where(MetricRow.signal_id.is_(None))):
        formula = FormulaDraft.model_validate_json(definition)
        if metric_id in formula.terms.values():
            raise ConflictError(f"The formula {formula.name!r} is made of this metric. Change it first.")
    session.delete(row)
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return metric


def _row(session: Session, metric_id: UUID) -> MetricRow:
    row = session.get(MetricRow, metric_id)
    if row is None:
        raise NotFoundError(f"No metric has the id {metric_id}.")
    return row


def check_draft(session: Session, draft: MetricDraft | FormulaDraft) -> None:
    """InvalidInputError where the draft would not be put in force."""
    metrics = {metric.id: metric for metric in list_metrics(session)}
    check_metric(draft, metrics, {signal.id: signal for signal in list_signals(session)})


def _signal_id(draft: MetricDraft | FormulaDraft) -> UUID | None:
    """None for a formula: it draws on signals through other metrics."""
    return draft.signal_id if isinstance(draft, MetricDraft) else None


def _to_metric(row: MetricRow) -> Metric | Formula:
    return _parsed(row.definition, row.id, row.revision)


@lru_cache(maxsize=4096)
def _parsed(definition: str, metric_id: UUID, revision: int) -> Metric | Formula:
    """Hundreds are read for one page, and they are frozen: each is parsed once."""
    return in_force(DRAFTS.validate_json(definition), metric_id, revision)
