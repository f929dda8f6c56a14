"""Milestone definitions: takes a session, gives domain types, refuses unknown metrics. Writes raise `definitions`.

What companies have are copies (`assigned_milestones`); editing a definition leaves them as they are.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from milepost.control.checks import check_milestone
from milepost.control.plan_rows import PlanTemplateRow
from milepost.control.repos.identities import of_shown_company
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedMilestoneRow, MilestoneRow, OutcomeRow
from milepost.domain.company_filter import CompanyFilter
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.milestone import Milestone, MilestoneDraft, MilestoneState
from milepost.domain.outcome import OutcomeDraft
from milepost.domain.plan import PlanTemplateDraft
from milepost.kit.ids import uuid7


def create_milestone(session: Session, draft: MilestoneDraft, *, now_ms: int) -> Milestone:
    """Add a definition; no company has it yet."""
    check_milestone(session, draft)
    row = MilestoneRow(
        id=uuid7(now_ms),
        definition=draft.model_dump_json(),
        assigns_new_companies=False,
        new_companies_filter=None,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_milestone(row)


def update_milestone(session: Session, milestone_id: UUID, draft: MilestoneDraft) -> Milestone:
    """Change the definition; companies that have a copy keep theirs."""
    row = milestone_row(session, milestone_id)
    check_milestone(session, draft)
    row.definition = draft.model_dump_json()
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_milestone(row)


def list_milestones(session: Session) -> tuple[Milestone, ...]:
    """All definitions, oldest first."""
    return tuple(_to_milestone(row) for row in session.scalars(select(MilestoneRow).order_by(MilestoneRow.id)))


def get_milestone(session: Session, milestone_id: UUID) -> Milestone:
    """One definition; NotFoundError."""
    return _to_milestone(milestone_row(session, milestone_id))


def delete_milestone(session: Session, milestone_id: UUID) -> Milestone:
    """Take a definition away; ConflictError while a company has a copy or an outcome counts on it."""
    row = milestone_row(session, milestone_id)
    milestone = _to_milestone(row)
    holders = select(func.count()).where(AssignedMilestoneRow.milestone_id == milestone_id)
    count = session.scalar(holders) or 0
    if count:
        raise ConflictError(f"The milestone is assigned to {count} companies. Unassign it first.")
    outcome = session.scalar(
        select(OutcomeRow.definition).where(OutcomeRow.definition.contains(str(milestone_id))).limit(1)
    )
    if outcome is not None:
        name = OutcomeDraft.model_validate_json(outcome).name
        raise ConflictError(f"The outcome {name!r} counts on this milestone. Change the outcome first.")
    refuse_while_in_a_template(session, milestone_id)
    session.delete(row)
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return milestone


def refuse_while_in_a_template(session: Session, definition_id: UUID) -> None:
    """ConflictError while a plan template has this milestone or outcome."""
    holding = select(PlanTemplateRow.definition).where(PlanTemplateRow.definition.contains(str(definition_id)))
    template = session.scalar(holding.limit(1))
    if template is not None:
        name = PlanTemplateDraft.model_validate_json(template).name
        raise ConflictError(f"The plan template {name!r} has it. Change the template first.")


def count_milestone_states(session: Session) -> dict[UUID, dict[MilestoneState, int]]:
    """For each definition, how many companies are in each state."""
    of_copy = (AssignedMilestoneRow.milestone_id, AssignedMilestoneRow.state)
    shown = of_shown_company(AssignedMilestoneRow.company_id)
    counted = select(*of_copy, func.count()).where(shown).group_by(*of_copy)
    counts: dict[UUID, dict[MilestoneState, int]] = defaultdict(dict)
    for milestone_id, state, count in session.execute(counted):
        counts[milestone_id][MilestoneState(state)] = count
    return dict(counts)


def milestone_row(session: Session, milestone_id: UUID) -> MilestoneRow:
    """The row itself, for the repos that copy it; NotFoundError."""
    row = session.get(MilestoneRow, milestone_id)
    if row is None:
        raise NotFoundError(f"No milestone has the id {milestone_id}.")
    return row


@lru_cache(maxsize=4096)
def parse_milestone(definition: str) -> MilestoneDraft:
    """The definition from its JSON text; equal copies are parsed once and share one frozen value."""
    return MilestoneDraft.model_validate_json(definition)


def _to_milestone(row: MilestoneRow) -> Milestone:
    fitting = row.new_companies_filter
    return Milestone(
        **dict(parse_milestone(row.definition)),
        id=row.id,
        revision=row.revision,
        assigns_new_companies=row.assigns_new_companies,
        new_companies_filter=None if fitting is None else CompanyFilter.model_validate_json(fitting),
    )
