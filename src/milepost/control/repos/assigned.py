"""What companies have: copies of milestones with their ticks, and outcomes, each with its state.

Takes a session and gives domain types; refuses a tick of what is not a manual action. Writes raise `definitions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.checks import check_milestone
from milepost.control.repos.identities import of_shown_company
from milepost.control.repos.milestones import parse_milestone
from milepost.control.repos.outcomes import parse_outcome
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, TickRow
from milepost.domain.errors import Fault, InvalidInputError, NotFoundError
from milepost.domain.milestone import AssignedMilestone, ManualAction, MilestoneDraft, MilestoneState
from milepost.domain.outcome import AssignedOutcome, OutcomeState
from milepost.kit.clock import to_datetime, to_unix_ms


def list_assigned_milestones(
    session: Session, company_ids: Collection[UUID] | None = None
) -> tuple[AssignedMilestone, ...]:
    """The copies on these companies, or on all; none of companies that are not shown."""
    everything = select(AssignedMilestoneRow).where(of_shown_company(AssignedMilestoneRow.company_id))
    if company_ids is None:
        ticks = _ticks(session.scalars(select(TickRow)))
        return tuple(_to_milestone(row, ticks) for row in session.scalars(everything))
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
    _milestone_row(session, assigned_id)
    return _with_ticks(session, select(AssignedMilestoneRow).where(AssignedMilestoneRow.id == assigned_id))[0]


def update_assigned_milestone(session: Session, assigned_id: UUID, draft: MilestoneDraft) -> AssignedMilestone:
    """Change one company's copy; ticks stay with the manual actions that keep their place and name."""
    row = _milestone_row(session, assigned_id)
    check_milestone(session, draft)
    before = parse_milestone(row.definition)
    row.definition = draft.model_dump_json()
    for tick in session.scalars(select(TickRow).where(TickRow.assigned_id == assigned_id)):
        kept = tick.action < len(draft.actions) and draft.actions[tick.action].kind == "manual"
        if not kept or draft.actions[tick.action].name != before.actions[tick.action].name:
            session.delete(tick)
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return get_assigned_milestone(session, assigned_id)


def tick_action(session: Session, assigned_id: UUID, action: int, at: datetime) -> AssignedMilestone:
    """Mark a manual action as done at an instant; ticking again moves the instant."""
    _check_manual(session, assigned_id, action)
    session.merge(TickRow(assigned_id=assigned_id, action=action, ticked_at_ms=to_unix_ms(at)))
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return get_assigned_milestone(session, assigned_id)


def untick_action(session: Session, assigned_id: UUID, action: int) -> AssignedMilestone:
    """Mark a manual action as not done; nothing happens when it was not ticked."""
    _check_manual(session, assigned_id, action)
    tick = session.get(TickRow, (assigned_id, action))
    if tick is not None:
        session.delete(tick)
        raise_revision(session, Scope.DEFINITIONS)
        session.flush()
    return get_assigned_milestone(session, assigned_id)


def list_assigned_outcomes(
    session: Session, company_ids: Collection[UUID] | None = None
) -> tuple[AssignedOutcome, ...]:
    """The outcomes on these companies' plans, or on all; none of companies that are not shown."""
    everything = select(AssignedOutcomeRow).where(of_shown_company(AssignedOutcomeRow.company_id))
    if company_ids is None:
        return tuple(_to_outcome(row) for row in session.scalars(everything))
    found: list[AssignedOutcome] = []
    for chunk in chunks(company_ids):
        of_chunk = everything.where(AssignedOutcomeRow.company_id.in_(chunk)).order_by(AssignedOutcomeRow.id)
        found += (_to_outcome(row) for row in session.scalars(of_chunk))
    return tuple(found)


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
    return tuple(_to_outcome(row) for row in session.scalars(query))


def _milestone_row(session: Session, assigned_id: UUID) -> AssignedMilestoneRow:
    row = session.get(AssignedMilestoneRow, assigned_id)
    if row is None:
        raise NotFoundError(f"No assigned milestone has the id {assigned_id}.")
    return row


def _check_manual(session: Session, assigned_id: UUID, action: int) -> None:
    actions = parse_milestone(_milestone_row(session, assigned_id).definition).actions
    if not 0 <= action < len(actions):
        raise NotFoundError(f"The milestone has {len(actions)} actions, counted from 0; there is no action {action}.")
    if not isinstance(actions[action], ManualAction):
        reason = "is automatic: its metric decides, and nobody ticks it"
        raise InvalidInputError(
            "Only manual actions are ticked.", faults=(Fault(path=f"actions[{action}]", reason=reason),)
        )


def _with_ticks(session: Session, query: Select[AssignedMilestoneRow]) -> tuple[AssignedMilestone, ...]:
    rows = session.scalars(query).all()
    ticks: dict[UUID, dict[int, datetime]] = {}
    for chunk in chunks([row.id for row in rows]):
        ticks.update(_ticks(session.scalars(select(TickRow).where(TickRow.assigned_id.in_(chunk)))))
    return tuple(_to_milestone(row, ticks) for row in rows)


def _ticks(rows: Iterable[TickRow]) -> dict[UUID, dict[int, datetime]]:
    ticks: dict[UUID, dict[int, datetime]] = defaultdict(dict)
    for row in rows:
        ticks[row.assigned_id][row.action] = to_datetime(row.ticked_at_ms)
    return dict(ticks)


def _to_milestone(row: AssignedMilestoneRow, ticks: dict[UUID, dict[int, datetime]]) -> AssignedMilestone:
    return AssignedMilestone(
        id=row.id,
        milestone_id=row.milestone_id,
        company_id=row.company_id,
        outcome_id=row.outcome_id,
        definition=parse_milestone(row.definition),
        assigned_at=to_datetime(row.assigned_at_ms),
        ticks=ticks.get(row.id, {}),
        state=MilestoneState(row.state),
        state_at=to_datetime(row.state_at_ms),
    )


def _to_outcome(row: AssignedOutcomeRow) -> AssignedOutcome:
    template = parse_outcome(row.definition)
    return AssignedOutcome(
        id=row.id,
        outcome_id=row.outcome_id,
        company_id=row.company_id,
        name=template.name,
        milestones=template.milestones,
        assigned_at=to_datetime(row.assigned_at_ms),
        state=OutcomeState(row.state),
        state_at=to_datetime(row.state_at_ms),
        progress=row.progress,
    )
