"""Counts for the overview: how much is defined, and how many companies are in which state."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from milepost.control.rows import (
    AssignedMilestoneRow,
    AssignedOutcomeRow,
    CompanyRow,
    ConnectionRow,
    MetricRow,
    SignalRow,
)

_COUNTED = {"connections": ConnectionRow, "companies": CompanyRow, "signals": SignalRow, "metrics": MetricRow}


def count_nouns(session: Session) -> dict[str, int]:
    """How many connections, companies, signals and metrics there are."""
    return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in _COUNTED.items()}


def milestone_states(session: Session) -> dict[UUID, dict[str, int]]:
    """By milestone: state -> how many companies."""
    row = AssignedMilestoneRow
    return _states(session, row.milestone_id, row.state)


def outcome_states(session: Session) -> dict[UUID, dict[str, int]]:
    """By outcome: state -> how many companies."""
    row = AssignedOutcomeRow
    return _states(session, row.outcome_id, row.state)


def _states(
    session: Session, definition: InstrumentedAttribute[UUID], state: InstrumentedAttribute[str]
) -> dict[UUID, dict[str, int]]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    for definition_id, name, companies in session.execute(
        select(definition, state, func.count()).group_by(definition, state)
    ):
        counts[definition_id][name] = companies
    return dict(counts)
