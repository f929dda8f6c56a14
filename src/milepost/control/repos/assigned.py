"""What companies have: copies of milestones with their ticks, and outcomes, each with its state.

Takes a session and gives domain types, one by one, in pages or all; how they are changed is in copies.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.plan_rows import TickRow
from milepost.control.repos.identities import of_shown_company
from milepost.control.repos.milestones import parse_milestone
from milepost.control.repos.outcomes import parse_outcome
from milepost.control.repos.settings import read_settings
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, MilestoneRow, OutcomeRow
from milepost.domain.errors import NotFoundError
from milepost.domain.milestone import AssignedMilestone, MilestoneState
from milepost.domain.outcome import AssignedOutcome, OutcomeState
from milepost.kit.clock import to_datetime


def list_assigned_milestones(
    session: Session, company_ids: Collection[UUID] | None = None
) -> tuple[AssignedMilestone, ...]:
    """The copies on these companies, or on all; none of companies that are not shown."""
    everything = select(AssignedMilestoneRow).where(of_shown_company(AssignedMilestoneRow.company_id))
    if company_ids is None:
        ticks, now = _ticks(session.scalars(select(TickRow))), _milestones_now(session)
        zone = read_settings(session).time_zone
        return tuple(_to_milestone(row, ticks, now, zone) for row in session.scalars(everything))
    found: list[AssignedMilestone] = []
    for chunk in chunks(company_ids):
        found += _with_ticks(session, everything.where(AssignedMilestoneRow.company_id.in_(chunk)))
    return tuple(found)


def page_assigned_milestones(
    session: Session,
    *,
    milestone_id: UUID | None = None,
    company_id: UUID | None = None,
    state: MilestoneState | None = None,
    after: UUID | None = None,
    limit: int,
) -> tuple[AssignedMilestone, ...]:
    """Copies by id (so by when they were assigned), from the one after `after`."""
    shown = of_shown_company(AssignedMilestoneRow.company_id)
    query = select(AssignedMilestoneRow).where(shown).order_by(AssignedMilestoneRow.id).limit(limit)
    if milestone_id is not None:
        query = query.where(AssignedMilestoneRow.milestone_id == milestone_id)
    if company_id is not None:
        query = query.where(AssignedMilestoneRow.company_id == company_id)
    if state is not None:
        query = query.where(AssignedMilestoneRow.state == state.value)
    if after is not None:
        query = query.where(AssignedMilestoneRow.id > after)
    return _with_ticks(session, query)


def get_assigned_milestone(session: Session, assigned_id: UUID) -> AssignedMilestone:
    """One copy; NotFoundError."""
    assigned_milestone_row(session, assigned_id)
    return _with_ticks(session, select(AssignedMilestoneRow).where(AssignedMilestoneRow.id == assigned_id))[0]


def list_assigned_outcomes(
    session: Session, company_ids: Collection[UUID] | None = None
) -> tuple[AssignedOutcome, ...]:
    """The outcomes on these companies' plans, or on all; none of companies that are not shown."""
    everything = select(AssignedOutcomeRow).where(of_shown_company(AssignedOutcomeRow.company_id))
    now = _outcomes_now(session)
    if company_ids is None:
        return tuple(_to_outcome(row, now) for row in session.scalars(everything))
    found: list[AssignedOutcome] = []
    for chunk in chunks(company_ids):
        of_chunk = everything.where(AssignedOutcomeRow.company_id.in_(chunk)).order_by(AssignedOutcomeRow.id)
        found += (_to_outcome(row, now) for row in session.scalars(of_chunk))
    return tuple(found)


def get_assigned_outcome(session: Session, assigned_id: UUID) -> AssignedOutcome:
    """One outcome on one plan; NotFoundError."""
    return _to_outcome(assigned_outcome_row(session, assigned_id), _outcomes_now(session))


def page_assigned_outcomes(
    session: Session,
    *,
    outcome_id: UUID | None = None,
    company_id: UUID | None = None,
    state: OutcomeState | None = None,
    after: UUID | None = None,
    limit: int,
) -> tuple[AssignedOutcome, ...]:
    """Outcomes on plans by id (so by when they were assigned), from the one after `after`."""
    shown = of_shown_company(AssignedOutcomeRow.company_id)
    query = select(AssignedOutcomeRow).where(shown).order_by(AssignedOutcomeRow.id).limit(limit)
    if outcome_id is not None:
        query = query.where(AssignedOutcomeRow.outcome_id == outcome_id)
    if company_id is not None:
        query = query.where(AssignedOutcomeRow.company_id == company_id)
    if state is not None:
        query = query.where(AssignedOutcomeRow.state == state.value)
    if after is not None:
        query = query.where(AssignedOutcomeRow.id > after)
    now = _outcomes_now(session)
    return tuple(_to_outcome(row, now) for row in session.scalars(query))


def companies_with_plans(session: Session) -> set[UUID]:
    """The companies that have a copy of anything, also those that are not shown."""
    of_both = (select(row.company_id).distinct() for row in (AssignedMilestoneRow, AssignedOutcomeRow))
    return {company_id for query in of_both for company_id in session.scalars(query)}


def assigned_milestone_row(session: Session, assigned_id: UUID) -> AssignedMilestoneRow:
    """The row itself, for what changes it; NotFoundError."""
    row = session.get(AssignedMilestoneRow, assigned_id)
    if row is None:
        raise NotFoundError(f"No assigned milestone has the id {assigned_id}.")
    return row


def assigned_outcome_row(session: Session, assigned_id: UUID) -> AssignedOutcomeRow:
    """The row itself, for what changes it; NotFoundError."""
    row = session.get(AssignedOutcomeRow, assigned_id)
    if row is None:
        raise NotFoundError(f"No assigned outcome has the id {assigned_id}.")
    return row


def _milestones_now(session: Session) -> dict[UUID, str]:
    return {row.id: row.definition for row in session.execute(select(MilestoneRow.id, MilestoneRow.definition))}


def _outcomes_now(session: Session) -> dict[UUID, str]:
    return {row.id: row.definition for row in session.execute(select(OutcomeRow.id, OutcomeRow.definition))}


def _with_ticks(session: Session, query: Select[AssignedMilestoneRow]) -> tuple[AssignedMilestone, ...]:
    rows = session.scalars(query).all()
    ticks: dict[UUID, dict[int, datetime]] = {}
    for chunk in chunks([row.id for row in rows]):
        ticks.update(_ticks(session.scalars(select(TickRow).where(TickRow.assigned_id.in_(chunk)))))
    now, zone = _milestones_now(session), read_settings(session).time_zone
    return tuple(_to_milestone(row, ticks, now, zone) for row in rows)


def _ticks(rows: Iterable[TickRow]) -> dict[UUID, dict[int, datetime]]:
    ticks: dict[UUID, dict[int, datetime]] = defaultdict(dict)
    for row in rows:
        ticks[row.assigned_id][row.action] = to_datetime(row.ticked_at_ms)
    return dict(ticks)


def _to_milestone(
    row: AssignedMilestoneRow, ticks: dict[UUID, dict[int, datetime]], now: dict[UUID, str], time_zone: str
) -> AssignedMilestone:
    definition = now[row.milestone_id]
    return AssignedMilestone(
        id=row.id,
        milestone_id=row.milestone_id,
        company_id=row.company_id,
        outcome_id=row.outcome_id,
        definition=parse_milestone(row.definition),
        is_edited=row.is_edited,
        differs=row.definition != definition and parse_milestone(row.definition) != parse_milestone(definition),
        assigned_at=to_datetime(row.assigned_at_ms),
        ticks=ticks.get(row.id, {}),
        state=MilestoneState(row.state),
        state_at=to_datetime(row.state_at_ms),
        time_zone=time_zone,
    )


def _to_outcome(row: AssignedOutcomeRow, now: dict[UUID, str]) -> AssignedOutcome:
    template = parse_outcome(row.definition)
    return AssignedOutcome(
        id=row.id,
        outcome_id=row.outcome_id,
        company_id=row.company_id,
        name=template.name,
        description=template.description,
        milestones=template.milestones,
        is_edited=row.is_edited,
        differs=template != parse_outcome(now[row.outcome_id]),
        assigned_at=to_datetime(row.assigned_at_ms),
        state=OutcomeState(row.state),
        state_at=to_datetime(row.state_at_ms),
        progress=row.progress,
    )
