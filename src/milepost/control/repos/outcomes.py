"""Outcome templates: takes a session, gives domain types, refuses unknown milestones. Writes raise `definitions`."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from milepost.control.checks import check_outcome
from milepost.control.repos.identities import of_shown_company
from milepost.control.repos.milestones import refuse_while_in_a_template
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import AssignedOutcomeRow, OutcomeRow
from milepost.domain.company_filter import CompanyFilter
from milepost.domain.errors import ConflictError, NotFoundError
from milepost.domain.outcome import Outcome, OutcomeDraft, OutcomeState
from milepost.kit.ids import uuid7


def create_outcome(session: Session, draft: OutcomeDraft, *, now_ms: int) -> Outcome:
    """Add a template; no company has it yet."""
    check_outcome(session, draft)
    row = OutcomeRow(
        id=uuid7(now_ms),
        definition=draft.model_dump_json(),
        assigns_new_companies=False,
        new_companies_filter=None,
        created_at_ms=now_ms,
    )
    session.add(row)
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_outcome(row)


def update_outcome(session: Session, outcome_id: UUID, draft: OutcomeDraft) -> Outcome:
    """Change the template; companies that have the outcome keep theirs."""
    row = outcome_row(session, outcome_id)
    check_outcome(session, draft)
    row.definition = draft.model_dump_json()
    session.flush()
    raise_revision(session, Scope.DEFINITIONS)
    return _to_outcome(row)


def list_outcomes(session: Session) -> tuple[Outcome, ...]:
    """All templates, oldest first."""
    return tuple(_to_outcome(row) for row in session.scalars(select(OutcomeRow).order_by(OutcomeRow.id)))


def get_outcome(session: Session, outcome_id: UUID) -> Outcome:
    """One template; NotFoundError."""
    return _to_outcome(outcome_row(session, outcome_id))


def delete_outcome(session: Session, outcome_id: UUID) -> Outcome:
    """Take a template away; ConflictError while a company has the outcome."""
    row = outcome_row(session, outcome_id)
    outcome = _to_outcome(row)
    count = session.scalar(select(func.count()).where(AssignedOutcomeRow.outcome_id == outcome_id)) or 0
    if count:
        raise ConflictError(f"The outcome is assigned to {count} companies. Unassign it first.")
    refuse_while_in_a_template(session, outcome_id)
    session.delete(row)
    raise_revision(session, Scope.DEFINITIONS)
    session.flush()
    return outcome


def count_outcome_states(session: Session) -> dict[UUID, dict[OutcomeState, int]]:
    """For each template, how many companies are in each state."""
    of_copy = (AssignedOutcomeRow.outcome_id, AssignedOutcomeRow.state)
    shown = of_shown_company(AssignedOutcomeRow.company_id)
    counted = select(*of_copy, func.count()).where(shown).group_by(*of_copy)
    counts: dict[UUID, dict[OutcomeState, int]] = defaultdict(dict)
    for outcome_id, state, count in session.execute(counted):
        counts[outcome_id][OutcomeState(state)] = count
    return dict(counts)


def outcome_row(session: Session, outcome_id: UUID) -> OutcomeRow:
    """The row itself, for the repos that copy it; NotFoundError."""
    row = session.get(OutcomeRow, outcome_id)
    if row is None:
        raise NotFoundError(f"No outcome has the id {outcome_id}.")
    return row


@lru_cache(maxsize=4096)
def parse_outcome(definition: str) -> OutcomeDraft:
    """The template from its JSON text; equal copies are parsed once and share one frozen value."""
    return OutcomeDraft.model_validate_json(definition)


def _to_outcome(row: OutcomeRow) -> Outcome:
    fitting = row.new_companies_filter
    return Outcome(
        **dict(parse_outcome(row.definition)),
        id=row.id,
        revision=row.revision,
        assigns_new_companies=row.assigns_new_companies,
        new_companies_filter=None if fitting is None else CompanyFilter.model_validate_json(fitting),
    )
