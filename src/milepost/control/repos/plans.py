"""Success plans: copying milestone and outcome definitions to companies, and taking the copies away.

A company has a milestone once, however many outcomes count on it; assigning again changes nothing. The judge is owed
a look at every company whose plan has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks, insert_new
from milepost.control.plan_rows import PlanTemplateRow
from milepost.control.repos.companies import check_companies_exist
from milepost.control.repos.milestones import milestone_row, parse_milestone
from milepost.control.repos.outcomes import outcome_row, parse_outcome
from milepost.control.repos.plan_changes import MILEPOST, Act, Noted, note_assigned, note_changes
from milepost.control.repos.plan_templates import plan_template_row, to_plan_template
from milepost.control.rows import (
    AssignedMilestoneRow,
    AssignedOutcomeRow,
    MilestoneRow,
    OutcomeRow,
)
from milepost.domain.errors import ConflictError
from milepost.domain.milestone import MilestoneState
from milepost.domain.outcome import OutcomeState
from milepost.domain.plan import ChangeKind, Subject
from milepost.kit.ids import uuid7

Definition = MilestoneRow | OutcomeRow | PlanTemplateRow
CopyTable = type[AssignedMilestoneRow | AssignedOutcomeRow]


def assign_milestone(
    session: Session, milestone_id: UUID, company_ids: Collection[UUID], *, now_ms: int, actor: str = MILEPOST
) -> int:
    """Copy the definition to companies; gives how many did not have it. InvalidInputError for unknown companies."""
    return assign(session, milestone_row(session, milestone_id), company_ids, Act(actor, now_ms))


def assign_outcome(
    session: Session, outcome_id: UUID, company_ids: Collection[UUID], *, now_ms: int, actor: str = MILEPOST
) -> int:
    """Put the outcome and its milestones on companies' plans; gives how many did not have it."""
    return assign(session, outcome_row(session, outcome_id), company_ids, Act(actor, now_ms))


def assign_plan(
    session: Session, template_id: UUID, company_ids: Collection[UUID], *, now_ms: int, actor: str = MILEPOST
) -> int:
    """Give companies all outcomes and milestones of the template; gives how many lacked any of them."""
    return assign(session, plan_template_row(session, template_id), company_ids, Act(actor, now_ms))


def unassign_milestone(
    session: Session, milestone_id: UUID, company_ids: Collection[UUID], *, now_ms: int, actor: str = MILEPOST
) -> int:
    """Take the copies away; their transitions stay. ConflictError where an outcome of the company counts on one."""
    row = milestone_row(session, milestone_id)
    check_unassignable(session, milestone_id, company_ids)
    return _take_away(session, row, company_ids, Act(actor, now_ms))


def unassign_free_milestone(session: Session, milestone_id: UUID, company_ids: Collection[UUID], act: Act) -> int:
    """The same, but for companies of which an outcome counts on it: those keep theirs."""
    kept = counted_on(session, milestone_id, company_ids)
    return _take_away(
        session, milestone_row(session, milestone_id), [one for one in company_ids if one not in kept], act
    )


def check_unassignable(session: Session, milestone_id: UUID, company_ids: Collection[UUID]) -> None:
    """ConflictError where an outcome on one of these companies' plans counts on the milestone."""
    for outcome in counted_on(session, milestone_id, company_ids).values():
        raise ConflictError(f"The outcome {outcome!r} on a company's plan counts on this milestone. Unassign it first.")


def counted_on(session: Session, milestone_id: UUID, company_ids: Collection[UUID]) -> dict[UUID, str]:
    """Those of the companies on whose plan an outcome counts on the milestone, and what that outcome is called.

    Only copies that are not as their template is now have their text looked through: few are.
    """
    counting = [row.id for row in session.scalars(select(OutcomeRow)) if _counts_on(row.definition, milestone_id)]
    copy = AssignedOutcomeRow
    differs = copy.definition != OutcomeRow.definition
    counts_on_it = or_(
        and_(~differs, copy.outcome_id.in_(counting)),
        and_(differs, copy.definition.contains(str(milestone_id))),
    )
    plans = select(copy.company_id, copy.definition).join(OutcomeRow, OutcomeRow.id == copy.outcome_id)
    found: dict[UUID, str] = {}
    for chunk in chunks(company_ids):
        of_chunk = session.execute(plans.where(counts_on_it, copy.company_id.in_(chunk)))
        found.update((company_id, definition) for company_id, definition in of_chunk)
    names = {definition: parse_outcome(definition).name for definition in set(found.values())}
    return {company_id: names[definition] for company_id, definition in found.items()}


def _counts_on(definition: str, milestone_id: UUID) -> bool:
    return any(weighted.milestone_id == milestone_id for weighted in parse_outcome(definition).milestones)


def unassign_outcome(
    session: Session, outcome_id: UUID, company_ids: Collection[UUID], *, now_ms: int, actor: str = MILEPOST
) -> int:
    """Take the outcome off the plans; the milestones it brought stay with the companies."""
    return _take_away(session, outcome_row(session, outcome_id), company_ids, Act(actor, now_ms))


def name_of(row: Definition) -> str:
    """What people call it."""
    if isinstance(row, PlanTemplateRow):
        return to_plan_template(row).name
    return (parse_milestone if isinstance(row, MilestoneRow) else parse_outcome)(row.definition).name


def copies_each(session: Session, row: Definition) -> int:
    """How many copies a company gets at most."""
    if isinstance(row, MilestoneRow):
        return 1
    if isinstance(row, OutcomeRow):
        return 1 + len(parse_outcome(row.definition).milestones)
    return sum(copies_each(session, part) for part in _parts(session, row))


def lacking_companies(session: Session, row: Definition, company_ids: Collection[UUID]) -> list[UUID]:
    """Those of the companies that do not have it; of a plan, all of it."""
    if isinstance(row, PlanTemplateRow):
        missing: set[UUID] = set()
        for part in _parts(session, row):
            missing.update(lacking_companies(session, part, company_ids))
        return [company_id for company_id in dict.fromkeys(company_ids) if company_id in missing]
    table, of_definition = _copies_of(row)
    holders: set[UUID] = set()
    for chunk in chunks(company_ids):
        holders.update(session.scalars(select(table.company_id).where(of_definition, table.company_id.in_(chunk))))
    return [company_id for company_id in dict.fromkeys(company_ids) if company_id not in holders]


def copy_milestone(session: Session, row: MilestoneRow, outcome_of: Mapping[UUID, UUID | None], act: Act) -> int:
    """To the companies that are the keys of `outcome_of`; its values are the assigned outcomes that bring the copy."""
    lacking = lacking_companies(session, row, outcome_of)
    copies = [
        {
            **_fresh_copy(company_id, row.definition, MilestoneState.NOT_STARTED, act),
            "milestone_id": row.id,
            "outcome_id": outcome_of[company_id],
        }
        for company_id in lacking
    ]
    _add(session, AssignedMilestoneRow, copies, parse_milestone(row.definition).name, act)
    return len(lacking)


def assign(session: Session, row: Definition, company_ids: Collection[UUID], act: Act) -> int:
    """Copy any definition to companies; gives how many lacked it. InvalidInputError for unknown companies."""
    check_companies_exist(session, company_ids)
    return copy_definition(session, row, company_ids, act)


def copy_definition(session: Session, row: Definition, company_ids: Collection[UUID], act: Act) -> int:
    """Give it to those of these companies, all known, that lack it; gives how many."""
    if isinstance(row, MilestoneRow):
        return copy_milestone(session, row, dict.fromkeys(company_ids), act)
    if isinstance(row, OutcomeRow):
        return _copy_outcome(session, row, company_ids, act)
    lacking = lacking_companies(session, row, company_ids)
    for part in _parts(session, row):
        copy_definition(session, part, lacking, act)
    return len(lacking)


def _copy_outcome(session: Session, row: OutcomeRow, company_ids: Collection[UUID], act: Act) -> int:
    outcome = parse_outcome(row.definition)
    copies = [
        {
            **_fresh_copy(company_id, row.definition, OutcomeState.NOT_STARTED, act),
            "outcome_id": row.id,
            "progress": 0.0,
        }
        for company_id in lacking_companies(session, row, company_ids)
    ]
    _add(session, AssignedOutcomeRow, copies, outcome.name, act)
    for weighted in outcome.milestones:
        milestone = milestone_row(session, weighted.milestone_id)
        copy_milestone(session, milestone, {copy["company_id"]: copy["id"] for copy in copies}, act)
    return len(copies)


def _fresh_copy(company_id: UUID, definition: str, state: str, act: Act) -> dict[str, Any]:
    return {
        "id": uuid7(act.now_ms),
        "company_id": company_id,
        "definition": definition,
        "is_edited": False,
        "assigned_at_ms": act.now_ms,
        "state": str(state),
        "state_at_ms": act.now_ms,
    }


def _add(session: Session, table: CopyTable, copies: Sequence[Mapping[str, Any]], name: str, act: Act) -> None:
    """Note what was added, which on a database of many writers may be less than was tried."""
    insert_new(session, table, copies)
    note_assigned(session, table, [copy["id"] for copy in copies], name, act)


def _take_away(session: Session, row: MilestoneRow | OutcomeRow, company_ids: Collection[UUID], act: Act) -> int:
    table, of_definition = _copies_of(row)
    subject: Subject = "milestone" if isinstance(row, MilestoneRow) else "outcome"
    parse = parse_milestone if isinstance(row, MilestoneRow) else parse_outcome
    taken = 0
    for chunk in chunks(company_ids):
        copies = select(table.id, table.company_id, table.definition).where(of_definition, table.company_id.in_(chunk))
        of_chunk = [
            Noted(subject, copy_id, company_id, row.id, parse(definition).name)
            for copy_id, company_id, definition in session.execute(copies)
        ]
        note_changes(session, ChangeKind.UNASSIGNED, of_chunk, act)
        session.execute(delete(table).where(table.id.in_([copy.subject_id for copy in of_chunk])))
        taken += len(of_chunk)
    return taken


def _copies_of(
    row: MilestoneRow | OutcomeRow,
) -> tuple[CopyTable, ColumnElement[bool]]:
    if isinstance(row, MilestoneRow):
        return AssignedMilestoneRow, AssignedMilestoneRow.milestone_id == row.id
    return AssignedOutcomeRow, AssignedOutcomeRow.outcome_id == row.id


def _parts(session: Session, row: PlanTemplateRow) -> list[OutcomeRow | MilestoneRow]:
    template = to_plan_template(row)
    return [
        *(outcome_row(session, outcome_id) for outcome_id in template.outcome_ids),
        *(milestone_row(session, milestone_id) for milestone_id in template.milestone_ids),
    ]
