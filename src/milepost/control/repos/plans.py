"""Success plans: copying milestone and outcome definitions to companies, those yet to come included.

A company has a milestone once, however many outcomes count on it; assigning again changes nothing. Writes of
people raise `definitions`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks, insert_new
from milepost.control.repos.companies import check_companies_exist
from milepost.control.repos.identities import SHOWN
from milepost.control.repos.milestones import milestone_row
from milepost.control.repos.outcomes import outcome_row, parse_outcome
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, CompanyRow, MilestoneRow, OutcomeRow
from milepost.domain.errors import ConflictError
from milepost.domain.milestone import MilestoneState
from milepost.domain.outcome import OutcomeState
from milepost.kit.ids import uuid7


def assign_milestone(session: Session, milestone_id: UUID, company_ids: Collection[UUID], *, now_ms: int) -> int:
    """Copy the definition to companies; gives how many did not have it. InvalidInputError for unknown companies."""
    row = milestone_row(session, milestone_id)
    check_companies_exist(session, company_ids)
    raise_revision(session, Scope.DEFINITIONS)
    return _copy_milestone(session, row, dict.fromkeys(company_ids), now_ms)


def assign_milestone_to_all(session: Session, milestone_id: UUID, *, new_companies_too: bool, now_ms: int) -> int:
    """Copy it to every company that is shown, and say whether each new company gets it as well."""
    row = milestone_row(session, milestone_id)
    row.assigns_new_companies = new_companies_too
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _copy_milestone(session, row, dict.fromkeys(session.scalars(select(CompanyRow.id).where(SHOWN))), now_ms)


def assign_outcome(session: Session, outcome_id: UUID, company_ids: Collection[UUID], *, now_ms: int) -> int:
    """Put the outcome and its milestones on companies' plans; gives how many did not have it."""
    row = outcome_row(session, outcome_id)
    check_companies_exist(session, company_ids)
    raise_revision(session, Scope.DEFINITIONS)
    return _copy_outcome(session, row, tuple(company_ids), now_ms)


def assign_outcome_to_all(session: Session, outcome_id: UUID, *, new_companies_too: bool, now_ms: int) -> int:
    """Put it on every company's plan, and say whether each new company gets it as well."""
    row = outcome_row(session, outcome_id)
    row.assigns_new_companies = new_companies_too
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _copy_outcome(session, row, session.scalars(select(CompanyRow.id).where(SHOWN)).all(), now_ms)


def assign_missing(session: Session, now_ms: int) -> int:
    """Give companies made since the last call what every new company gets; gives how many companies that were.

    Call it in the transaction that made them. A company is looked at once, so what a person takes off its plan
    later stays off. Raises no revision, for the reactor knows what it made.
    """
    waiting = session.scalars(select(CompanyRow.id).where(CompanyRow.awaits_plan)).all()
    if not waiting:
        return 0
    for outcome in session.scalars(select(OutcomeRow).where(OutcomeRow.assigns_new_companies)).all():
        _copy_outcome(session, outcome, waiting, now_ms)
    for milestone in session.scalars(select(MilestoneRow).where(MilestoneRow.assigns_new_companies)).all():
        _copy_milestone(session, milestone, dict.fromkeys(waiting), now_ms)
    for chunk in chunks(waiting):
        session.execute(update(CompanyRow).where(CompanyRow.id.in_(chunk)).values(awaits_plan=False))
    return len(waiting)


def unassign_milestone(session: Session, milestone_id: UUID, company_ids: Collection[UUID]) -> int:
    """Take the copies away; their transitions stay. ConflictError where an outcome of the company counts on one."""
    milestone_row(session, milestone_id)
    for chunk in chunks(company_ids):
        plans = select(AssignedOutcomeRow).where(
            AssignedOutcomeRow.company_id.in_(chunk), AssignedOutcomeRow.definition.contains(str(milestone_id))
        )
        counting_on_it = session.scalars(plans.limit(1)).first()
        if counting_on_it is not None:
            name = parse_outcome(counting_on_it.definition).name
            raise ConflictError(
                f"The outcome {name!r} on a company's plan counts on this milestone. Unassign it first."
            )
    return _delete_copies(session, AssignedMilestoneRow, AssignedMilestoneRow.milestone_id == milestone_id, company_ids)


def unassign_outcome(session: Session, outcome_id: UUID, company_ids: Collection[UUID]) -> int:
    """Take the outcome off the plans; the milestones it brought stay with the companies."""
    outcome_row(session, outcome_id)
    return _delete_copies(session, AssignedOutcomeRow, AssignedOutcomeRow.outcome_id == outcome_id, company_ids)


def _delete_copies(
    session: Session,
    table: type[AssignedMilestoneRow | AssignedOutcomeRow],
    of_definition: ColumnElement[bool],
    company_ids: Collection[UUID],
) -> int:
    deleted = 0
    for chunk in chunks(company_ids):
        matching = select(table.id).where(of_definition, table.company_id.in_(chunk))
        ids = session.scalars(matching).all()
        session.execute(delete(table).where(table.id.in_(ids)))
        deleted += len(ids)
    raise_revision(session, Scope.DEFINITIONS)
    return deleted


def _copy_outcome(session: Session, row: OutcomeRow, company_ids: Sequence[UUID], now_ms: int) -> int:
    lacking = _lacking(session, AssignedOutcomeRow, AssignedOutcomeRow.outcome_id == row.id, company_ids)
    assigned = {company_id: uuid7(now_ms) for company_id in lacking}
    insert_new(
        session,
        AssignedOutcomeRow,
        [
            {
                "id": assigned_id,
                "outcome_id": row.id,
                "progress": 0.0,
                **_fresh_copy(company_id, row.definition, OutcomeState.NOT_STARTED, now_ms),
            }
            for company_id, assigned_id in assigned.items()
        ],
    )
    for weighted in parse_outcome(row.definition).milestones:
        _copy_milestone(session, milestone_row(session, weighted.milestone_id), assigned, now_ms)
    return len(lacking)


def _copy_milestone(
    session: Session, row: MilestoneRow, outcome_of: dict[UUID, UUID] | dict[UUID, None], now_ms: int
) -> int:
    """To the companies that are the keys of `outcome_of`; its values are the assigned outcomes that bring the copy."""
    of_definition = AssignedMilestoneRow.milestone_id == row.id
    lacking = _lacking(session, AssignedMilestoneRow, of_definition, outcome_of)
    insert_new(
        session,
        AssignedMilestoneRow,
        [
            {
                "id": uuid7(now_ms),
                "milestone_id": row.id,
                "outcome_id": outcome_of[company_id],
                **_fresh_copy(company_id, row.definition, MilestoneState.NOT_STARTED, now_ms),
            }
            for company_id in lacking
        ],
    )
    return len(lacking)


def _fresh_copy(company_id: UUID, definition: str, state: str, now_ms: int) -> dict[str, Any]:
    return {
        "company_id": company_id,
        "definition": definition,
        "assigned_at_ms": now_ms,
        "state": str(state),
        "state_at_ms": now_ms,
    }


def _lacking(
    session: Session,
    table: type[AssignedMilestoneRow | AssignedOutcomeRow],
    of_definition: ColumnElement[bool],
    company_ids: Collection[UUID],
) -> list[UUID]:
    holders: set[UUID] = set()
    for chunk in chunks(company_ids):
        holders.update(session.scalars(select(table.company_id).where(of_definition, table.company_id.in_(chunk))))
    return [company_id for company_id in dict.fromkeys(company_ids) if company_id not in holders]
