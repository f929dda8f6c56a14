"""Bringing a definition, as it is now, to the copies that companies have of it: all of them, or a few after the other.

Takes a session; the ids of copies that are gone meanwhile are left out. Noted among the changes of companies' plans.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.copies import carry_ticks
from milepost.control.repos.milestones import milestone_row, parse_milestone
from milepost.control.repos.outcomes import outcome_row, parse_outcome
from milepost.control.repos.plan_changes import Act, Noted, note_changes
from milepost.control.repos.plans import copy_milestone
from milepost.control.rows import AssignedMilestoneRow, AssignedOutcomeRow, MilestoneRow, OutcomeRow
from milepost.domain.milestone import MilestoneDraft
from milepost.domain.outcome import OutcomeDraft
from milepost.domain.plan import ChangeKind


class Outdated(NamedTuple):
    """Copies that are not as their definition is now, with their companies: as they came, and edited by a person."""

    untouched: Mapping[UUID, UUID]
    edited: Mapping[UUID, UUID]


def outdated_milestones(session: Session, milestone_id: UUID) -> Outdated:
    """Which companies' copies are not as the definition is now."""
    copies = AssignedMilestoneRow.milestone_id == milestone_id
    return _outdated(session, AssignedMilestoneRow, copies, milestone_row(session, milestone_id), parse_milestone)


def outdated_outcomes(session: Session, outcome_id: UUID) -> Outdated:
    """Which companies' outcomes are not as the template is now."""
    copies = AssignedOutcomeRow.outcome_id == outcome_id
    return _outdated(session, AssignedOutcomeRow, copies, outcome_row(session, outcome_id), parse_outcome)


def bring_milestone_to(
    session: Session, milestone_id: UUID, copy_ids: Collection[UUID], act: Act, *, edited_too: bool = True
) -> int:
    """Make these copies of the milestone what its definition is now; gives how many there are."""
    text = milestone_row(session, milestone_id).definition
    draft, count = parse_milestone(text), 0
    for chunk in chunks(copy_ids):
        before = _copies(session, AssignedMilestoneRow, chunk, edited_too=edited_too)
        carry_ticks(session, {copy_id: definition for copy_id, (_, definition) in before.items()}, draft.actions)
        _rewrite(session, AssignedMilestoneRow, before, text)
        of_chunk = [Noted("milestone", one, before[one][0], milestone_id, draft.name) for one in before]
        note_changes(session, ChangeKind.UPDATED, of_chunk, act)
        count += len(before)
    return count


def bring_outcome_to(
    session: Session, outcome_id: UUID, copy_ids: Collection[UUID], act: Act, *, edited_too: bool = True
) -> int:
    """Make these copies of the outcome what its template is now; companies get the milestones that they lack."""
    text = outcome_row(session, outcome_id).definition
    draft, count = parse_outcome(text), 0
    for chunk in chunks(copy_ids):
        before = _copies(session, AssignedOutcomeRow, chunk, edited_too=edited_too)
        _rewrite(session, AssignedOutcomeRow, before, text)
        of_chunk = [Noted("outcome", one, before[one][0], outcome_id, draft.name) for one in before]
        note_changes(session, ChangeKind.UPDATED, of_chunk, act)
        outcome_of = {company_id: copy_id for copy_id, (company_id, _) in before.items()}
        for weighted in draft.milestones:
            copy_milestone(session, milestone_row(session, weighted.milestone_id), outcome_of, act)
        count += len(before)
    return count


def _copies(
    session: Session,
    table: type[AssignedMilestoneRow | AssignedOutcomeRow],
    copy_ids: Collection[UUID],
    *,
    edited_too: bool,
) -> dict[UUID, tuple[UUID, str]]:
    """The company and the text of each."""
    query = select(table.id, table.company_id, table.definition).where(table.id.in_(copy_ids))
    if not edited_too:
        query = query.where(~table.is_edited)
    return {copy_id: (company_id, definition) for copy_id, company_id, definition in session.execute(query)}


def _rewrite(
    session: Session, table: type[AssignedMilestoneRow | AssignedOutcomeRow], copy_ids: Collection[UUID], text: str
) -> None:
    session.execute(update(table).where(table.id.in_(copy_ids)).values(definition=text, is_edited=False))


def _outdated(
    session: Session,
    table: type[AssignedMilestoneRow | AssignedOutcomeRow],
    copies: ColumnElement[bool],
    definition: MilestoneRow | OutcomeRow,
    parse: Callable[[str], MilestoneDraft | OutcomeDraft],
) -> Outdated:
    """Texts that differ may still mean the same; only those that differ are parsed."""
    query = select(table.id, table.company_id, table.is_edited, table.definition).where(copies)
    differing = session.execute(query.where(table.definition != definition.definition))
    now = parse(definition.definition)
    found = [row for row in differing if parse(row.definition) != now]
    return Outdated(
        {row.id: row.company_id for row in found if not row.is_edited},
        {row.id: row.company_id for row in found if row.is_edited},
    )
