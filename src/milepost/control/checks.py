"""What a single definition cannot know: that what it refers to exists and fits.

Takes a session and a draft; refuses with InvalidInputError, naming every fault and its path.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.rows import ConnectionRow, MetricRow, MilestoneRow, OutcomeRow
from milepost.criteria.check import check, check_fields
from milepost.domain.basis import basis_of
from milepost.domain.calendar import Calendar
from milepost.domain.criterion import FieldType
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.metric import Aggregation, Formula, FormulaDraft, Metric, MetricDraft
from milepost.domain.milestone import AutomaticAction, MilestoneDraft
from milepost.domain.outcome import OutcomeDraft
from milepost.domain.plan import PlanTemplateDraft
from milepost.domain.signal import Signal, SignalDraft
from milepost.domain.text import name_fault

_COMPANY_FIELD_TYPES = (FieldType.TEXT, FieldType.NUMBER)
_NUMBERS = (FieldType.NUMBER,)
_ORDERED = (FieldType.NUMBER, FieldType.BOOLEAN, FieldType.ISO_DATE, FieldType.UNIX_MS_DATE)
_AGGREGATED_TYPES: Mapping[Aggregation, Sequence[FieldType]] = {
    Aggregation.SUM: _NUMBERS,
    Aggregation.AVERAGE: _NUMBERS,
    Aggregation.MINIMUM: _ORDERED,
    Aggregation.MAXIMUM: _ORDERED,
    Aggregation.FIRST: _ORDERED,
    Aggregation.LATEST: _ORDERED,
}
"""What an aggregation can read, where that is not everything: booleans are 0 and 1, dates are Unix milliseconds."""


def check_signal(session: Session, draft: SignalDraft) -> None:
    """Its connection exists, its field names differ, and its company and rules speak of its fields."""
    faults = name_faults(draft.name)
    if session.get(ConnectionRow, draft.connection_id) is None:
        faults.append(Fault(path="connection_id", reason=f"no connection has the id {draft.connection_id}"))
    faults += check_fields(draft.fields)
    types = {field.name: field.type for field in draft.fields}
    company_type = types.get(draft.company.field)
    if company_type is None:
        faults.append(Fault(path="company.field", reason=_not_a_field(draft.company.field, draft)))
    elif company_type not in _COMPANY_FIELD_TYPES:
        reason = f"{draft.company.field!r} is of type {company_type.value}; a company is known by a text or a number"
        faults.append(Fault(path="company.field", reason=reason))
    if not draft.company.key_space.strip() or len(draft.company.key_space) > 120:
        faults.append(Fault(path="company.key_space", reason="must be 1 to 120 characters long"))
    faults += check(draft.rules, draft.fields)
    _raise("The signal is not valid.", faults)


def check_metric(
    draft: MetricDraft | FormulaDraft, metrics: Mapping[UUID, Metric | Formula], signals: Mapping[UUID, Signal]
) -> None:
    """What it speaks of exists and fits. One that is in force has its id, and formulas over it must still hold."""
    _raise("The metric is not valid.", name_faults(draft.name))
    basis_of(draft, metrics, signals, Calendar())
    if isinstance(draft, MetricDraft):
        _raise("The metric is not valid.", metric_misfits(draft, signals[draft.signal_id]))
    if isinstance(draft, Metric | Formula):
        _check_users(draft, metrics, signals)


def _check_users(
    draft: Metric | Formula, metrics: Mapping[UUID, Metric | Formula], signals: Mapping[UUID, Signal]
) -> None:
    """Formulas that are made of this one must not grow too large by it; those that were before are no reason.

    An aggregate in the place of a formula makes them larger too, where it is not among those that they come down to.
    """
    faults = []
    for user in metrics.values():
        if not isinstance(user, Formula) or user.id == draft.id or _does_not_fit(user, metrics, signals):
            continue
        misfit = _does_not_fit(user, {**metrics, draft.id: draft}, signals)
        if misfit is not None:
            reason = f"the formula {user.name!r}, which is made of this one, would not hold: it {misfit}"
            faults.append(Fault(path="formula", reason=reason))
    _raise("Formulas that are made of this one would not hold any more.", faults)


def _does_not_fit(
    formula: Formula, metrics: Mapping[UUID, Metric | Formula], signals: Mapping[UUID, Signal]
) -> str | None:
    """Why it cannot be put in force; None if it can."""
    try:
        basis_of(formula, metrics, signals, Calendar())
    except InvalidInputError as error:
        return error.faults[0].reason
    return None


def metric_misfits(metric: MetricDraft, signal: SignalDraft) -> list[Fault]:
    """Why the signal's fields do not give what the metric aggregates, or is broken down by."""
    types = {field.name: field.type for field in signal.fields}
    faults = [
        Fault(path=path, reason=_not_a_field(name, signal))
        for path, name in (("field", metric.field), ("group_by", metric.group_by))
        if name is not None and name not in types
    ]
    if metric.field in types and types[metric.field] not in _AGGREGATED_TYPES.get(metric.aggregation, types.values()):
        needed = " or ".join(one.value for one in _AGGREGATED_TYPES[metric.aggregation])
        found = f"{metric.field!r} is of type {types[metric.field].value}"
        reason = f"{metric.aggregation.value} needs a field of type {needed}, and {found}"
        faults.append(Fault(path="field", reason=reason))
    return faults


def check_metrics_still_fit(session: Session, signal_id: UUID, draft: SignalDraft) -> None:
    """A changed signal must not pull a field from under the metrics that aggregate it."""
    metrics = session.scalars(select(MetricRow).where(MetricRow.signal_id == signal_id).order_by(MetricRow.id))
    faults = [
        Fault(path="fields", reason=f"the metric {metric.name!r} would break: {misfit.reason}")
        for metric in (MetricDraft.model_validate_json(row.definition) for row in metrics)
        for misfit in metric_misfits(metric, draft)
    ]
    _raise("Metrics need what this change takes away.", faults)


def check_milestone(session: Session, draft: MilestoneDraft) -> None:
    """The metrics of its automatic actions exist, and their targets are numbers one can reach."""
    faults = name_faults(draft.name)
    for place, action in enumerate(draft.actions):
        faults += name_faults(action.name, f"actions[{place}].name")
        if not isinstance(action, AutomaticAction):
            continue
        if session.get(MetricRow, action.metric_id) is None:
            reason = f"no metric has the id {action.metric_id}"
            faults.append(Fault(path=f"actions[{place}].metric_id", reason=reason))
        if not math.isfinite(action.value):
            faults.append(Fault(path=f"actions[{place}].value", reason="must be a finite number"))
    _raise("The milestone is not valid.", faults)


def check_outcome(session: Session, draft: OutcomeDraft) -> None:
    """Its milestones exist, each named once."""
    faults = name_faults(draft.name)
    counts = Counter(weighted.milestone_id for weighted in draft.milestones)
    for place, weighted in enumerate(draft.milestones):
        path = f"milestones[{place}].milestone_id"
        if session.get(MilestoneRow, weighted.milestone_id) is None:
            faults.append(Fault(path=path, reason=f"no milestone has the id {weighted.milestone_id}"))
        elif counts[weighted.milestone_id] > 1:
            faults.append(Fault(path=path, reason="is named more than once"))
    _raise("The outcome is not valid.", faults)


def check_plan_template(session: Session, draft: PlanTemplateDraft) -> None:
    """Its outcomes and milestones exist."""
    faults = name_faults(draft.name) + [
        Fault(path=f"{path}[{place}]", reason=f"no {noun} has the id {definition_id}")
        for path, noun, table, ids in (
            ("outcome_ids", "outcome", OutcomeRow, draft.outcome_ids),
            ("milestone_ids", "milestone", MilestoneRow, draft.milestone_ids),
        )
        for place, definition_id in enumerate(ids)
        if session.get(table, definition_id) is None
    ]
    _raise("The plan template is not valid.", faults)


def name_faults(name: str, path: str = "name") -> list[Fault]:
    """What is wrong with the name of a definition."""
    fault = name_fault(name)
    return [] if fault is None else [Fault(path=path, reason=fault)]


def _not_a_field(name: str, signal: SignalDraft) -> str:
    names = ", ".join(field.name for field in signal.fields)
    return f"{name!r} is not a field of the signal; its fields are {names}"


def _raise(message: str, faults: Sequence[Fault]) -> None:
    if faults:
        raise InvalidInputError(message, faults=tuple(faults[:20]))
