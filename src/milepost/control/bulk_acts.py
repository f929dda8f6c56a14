"""A part of a bulk change (domain/bulk_change.py), in the session that it is given, with its lines in the audit log.

What became impossible for one company since it was asked for, such as one that was combined meanwhile, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.pace import companies_at_once
from milepost.control.repos import combining, companies, plans, pushing, unmatched
from milepost.control.repos.audit import record_change, record_changes
from milepost.control.repos.auto_assign import assign_missing, assigning_what_comes_to_fit, copies_of_new_companies
from milepost.control.repos.identities import SHOWN
from milepost.control.repos.merging import descendants
from milepost.control.repos.milestones import milestone_row
from milepost.control.repos.outcomes import outcome_row
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.plan_templates import plan_template_row
from milepost.control.repos.unmatched import SomeKeys
from milepost.control.rows import CompanyRow, MilestoneRow
from milepost.domain.bulk_change import BulkAct, BulkChange
from milepost.domain.company import Company


class BulkNote(BaseModel):
    """What the audit log keeps of a part: the job, and how many companies the part reached."""

    job: UUID
    companies: int


class Part(NamedTuple):
    """Some of the companies, or of the copies, of a bulk change."""

    change: BulkChange
    job_id: UUID
    ids: Sequence[UUID]
    act: Act


def do_part(session: Session, part: Part) -> int:
    """Do it; gives to how many something was done. Doing it again does nothing more."""
    return _ACTS[part.change.act](session, part)


def part_size(session: Session, change: BulkChange) -> int:
    """How many ids a part of this change has at most."""
    if change.of == "company":
        return companies_at_once(copies_of_new_companies(session))
    return companies_at_once(plans.copies_each(session, find_definition(session, change)))


def find_definition(session: Session, change: BulkChange) -> plans.Definition:
    """The row of what is assigned; NotFoundError once it is deleted."""
    assert change.of_id is not None
    if change.of == "milestone":
        return milestone_row(session, change.of_id)
    return outcome_row(session, change.of_id) if change.of == "outcome" else plan_template_row(session, change.of_id)


def _assign(session: Session, part: Part) -> int:
    shown = set(session.scalars(select(CompanyRow.id).where(SHOWN, CompanyRow.id.in_(part.ids))))
    companies = [one for one in part.ids if one in shown]
    count = plans.copy_definition(session, find_definition(session, part.change), companies, part.act)
    return _noted(session, part, count)


def _unassign(session: Session, part: Part) -> int:
    row = find_definition(session, part.change)
    if isinstance(row, MilestoneRow):  # an outcome that counts on it may have come since the change was asked for
        return _noted(session, part, plans.unassign_free_milestone(session, row.id, part.ids, part.act))
    actor, now_ms = part.act
    return _noted(session, part, plans.unassign_outcome(session, row.id, part.ids, now_ms=now_ms, actor=actor))


def _push(session: Session, part: Part) -> int:
    row = find_definition(session, part.change)
    bring = pushing.bring_milestone_to if part.change.of == "milestone" else pushing.bring_outcome_to
    return _noted(session, part, bring(session, row.id, part.ids, part.act, edited_too=part.change.edited_too))


def _assign_unmatched(session: Session, part: Part) -> int:
    company_id, held = part.change.of_id, unmatched.still_held(session, part.ids)
    assert company_id is not None
    if not held:
        return 0
    actor, now_ms = part.act
    with assigning_what_comes_to_fit(session, [company_id], now_ms):
        keys = SomeKeys(ids=tuple(held))
        matched = unmatched.assign_unmatched(session, company_id, keys, actor=actor, now_ms=now_ms)
    record_changes(session, actor=actor, action="assign_unmatched", subject="company", now_ms=now_ms, changes=matched)
    return len(matched)


def _make_companies(session: Session, part: Part) -> int:
    held = unmatched.still_held(session, part.ids)
    if not held:
        return 0
    actor, now_ms = part.act
    matched = unmatched.make_companies_of(session, SomeKeys(ids=tuple(held)), now_ms=now_ms)
    assign_missing(session, now_ms)
    record_changes(session, actor=actor, action="make_company", subject="company", now_ms=now_ms, changes=matched)
    return len(matched)


def _combine(session: Session, part: Part) -> int:
    primary_id = part.change.of_id
    assert primary_id is not None
    free = set(
        session.scalars(select(CompanyRow.id).where(CompanyRow.id.in_(part.ids), CompanyRow.primary_id.is_(None)))
    )
    joining = [one for one in part.ids if one in free]
    if joining:
        before = read_companies(session, (primary_id, *joining))
        combining.combine(session, primary_id, joining, actor=part.act.actor, now_ms=part.act.now_ms)
        record_moves(session, COMBINED, before, part.act)
    return len(joining)


def _separate(session: Session, part: Part) -> int:
    primary_id = part.change.of_id
    assert primary_id is not None
    below = {row.id for row in descendants(session, [primary_id])[primary_id]}
    leaving = [one for one in part.ids if one in below]
    if leaving:
        before = read_companies(session, (primary_id, *leaving))
        combining.separate(session, primary_id, leaving, actor=part.act.actor, now_ms=part.act.now_ms)
        assign_missing(session, part.act.now_ms)
        record_moves(session, SEPARATED, before, part.act)
    return len(leaving)


def read_companies(session: Session, company_ids: Sequence[UUID]) -> dict[UUID, Company]:
    """These, and what unmatched keys hold."""
    found = companies.to_companies(session, companies.known_rows(session, company_ids))
    return {company.id: company for company in found}


COMBINED: Final = ("combine", "combine_into")
SEPARATED: Final = ("separate", "separate_from")


def record_moves(
    session: Session, actions: tuple[str, str], before: Mapping[UUID, Company], act: Act
) -> dict[UUID, Company]:
    """A line for the primary, the first of these, and one for each that joined or left it; gives how they are now."""
    after = read_companies(session, tuple(before))
    primary_id, *others = before
    for action, ids in zip(actions, ([primary_id], others), strict=True):
        record_changes(
            session,
            actor=act.actor,
            action=action,
            subject="company",
            now_ms=act.now_ms,
            changes={one: (before[one], after[one]) for one in ids},
        )
    return after


def _noted(session: Session, part: Part, count: int) -> int:
    note, is_taken = BulkNote(job=part.job_id, companies=count), part.change.act is BulkAct.UNASSIGN
    if count:
        record_change(
            session,
            actor=part.act.actor,
            action=part.change.act.value,
            subject=part.change.of,
            subject_id=str(part.change.of_id),
            now_ms=part.act.now_ms,
            before=note if is_taken else None,
            after=None if is_taken else note,
        )
    return count


_ACTS: Final[Mapping[BulkAct, Callable[[Session, Part], int]]] = {
    BulkAct.ASSIGN: _assign,
    BulkAct.UNASSIGN: _unassign,
    BulkAct.PUSH: _push,
    BulkAct.ASSIGN_UNMATCHED: _assign_unmatched,
    BulkAct.MAKE_COMPANIES: _make_companies,
    BulkAct.COMBINE: _combine,
    BulkAct.SEPARATE: _separate,
}
