"""Counts for the overview: how much is defined, and how many companies are in which state."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from milepost.control.repos.identities import SHOWN, of_shown_company
from milepost.control.rows import (
    AssignedMilestoneRow,
    AssignedOutcomeRow,
    CompanyRow,
    ConnectionRow,
    MetricRow,
    SignalRow,
)

_COUNTED = {
    "connections": select(func.count()).select_from(ConnectionRow),
    "companies": select(func.count()).select_from(CompanyRow).where(SHOWN),
    "signals": select(func.count()).select_from(SignalRow),
    "metrics": select(func.count()).select_from(MetricRow),
}


def count_nouns(session: Session) -> dict[str, int]:
    """How many connections, companies, signals and metrics there are."""
    return {name: session.scalar(counted) or 0 for name, counted in _COUNTED.items()}


def milestone_states(session: Session) -> dict[UUID, dict[str, int]]:
    """By milestone: state -> how many companies."""
    row = AssignedMilestoneRow
    return _states(session, row.milestone_id, row.state, row.company_id)


def outcome_states(session: Session) -> dict[UUID, dict[str, int]]:
    """By outcome: state -> how many companies."""
    row = AssignedOutcomeRow
    return _states(session, row.outcome_id, row.state, row.company_id)


def _states(
    session: Session,
    definition: InstrumentedAttribute[UUID],
    state: InstrumentedAttribute[str],
    company_id: InstrumentedAttribute[UUID],
) -> dict[UUID, dict[str, int]]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    for definition_id, name, companies in session.execute(
        select(definition, state, func.count()).where(of_shown_company(company_id)).group_by(definition, state)
    ):
        counts[definition_id][name] = companies
    return dict(counts)
