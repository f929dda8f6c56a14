"""How all companies that have a milestone or an outcome fare with it, now and at any instant before."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.plan_rows import PlanChangeRow
from milepost.control.repos.identities import of_shown_company
from milepost.control.repos.transitions import read_recorded
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, TransitionRow
from milepost.domain.history import Life, Stay, stays_on_record
from milepost.domain.plan import ChangeKind, Subject


class Copy(NamedTuple):
    """One company's copy, whether it is still on its plan or not."""

    assigned_id: UUID
    company_id: UUID


def read_stays(session: Session, subject: Subject, definition_id: UUID, state: str | None) -> dict[Copy, Stay]:
    """The state of every copy that a company shown has now, or of those in one state."""
    row = AssignedMilestoneRow if subject == "milestone" else AssignedOutcomeRow
    of_definition = AssignedMilestoneRow.milestone_id if subject == "milestone" else AssignedOutcomeRow.outcome_id
    query = select(row.id, row.company_id, row.state_at_ms, row.state).where(
        of_definition == definition_id, of_shown_company(row.company_id)
    )
    if state is not None:
        query = query.where(row.state == state)
    return {Copy(copy_id, company_id): Stay(at_ms, now) for copy_id, company_id, at_ms, now in session.execute(query)}


def read_lives(session: Session, subject: Subject, definition_id: UUID) -> dict[Copy, Life]:
    """Every copy that a company now shown has, or had, of this definition, with the states it was in."""
    begins, ends = _assignments(session, subject, definition_id)
    assigned = select(PlanChangeRow.subject_id).where(
        PlanChangeRow.definition_id == definition_id, PlanChangeRow.kind == ChangeKind.ASSIGNED.value
    )
    changes = read_recorded(session, TransitionRow.subject_id.in_(assigned))
    return {
        copy: Life(begin_ms, ends.get(copy), stays_on_record(subject, begin_ms, changes.get(copy.assigned_id, ())))
        for copy, begin_ms in begins.items()
    }


def _assignments(session: Session, subject: Subject, definition_id: UUID) -> tuple[dict[Copy, int], dict[Copy, int]]:
    """When each copy came, and when it was taken away, in Unix ms."""
    row = PlanChangeRow
    query = select(row.subject_id, row.company_id, row.kind, row.at_ms).where(
        row.definition_id == definition_id,
        row.subject == subject,
        row.kind.in_((ChangeKind.ASSIGNED.value, ChangeKind.UNASSIGNED.value)),
        of_shown_company(row.company_id),
    )
    begins: dict[Copy, int] = {}
    ends: dict[Copy, int] = {}
    for assigned_id, company_id, kind, at_ms in session.execute(query):
        (begins if kind == ChangeKind.ASSIGNED.value else ends)[Copy(assigned_id, company_id)] = at_ms
    return begins, ends
