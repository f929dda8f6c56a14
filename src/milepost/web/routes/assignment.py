"""What milestones, outcomes and plan templates share: who gets them, from whom they are taken, what an answer says."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SerializeAsAny, model_validator
from sqlalchemy.orm import Session

from milepost.control.repos import auto_assign, plans
from milepost.control.repos.copies import Outdated
from milepost.control.repos.plans import Definition
from milepost.web.audience import Audience, CompanyRef, choose, named
from milepost.web.auth import Caller
from milepost.web.changes import Change, change
from milepost.web.deps import WebDeps


class AssignTo(Audience):
    """Who gets it. With `auto_assign`, companies that come later get it too: all, or those that come to fit the filter.

    Assigning to all without `auto_assign` ends an earlier one. Who has it already keeps it as it is.
    """

    auto_assign: bool = False

    @model_validator(mode="after")
    def _says_who_comes_later(self) -> AssignTo:
        if self.auto_assign and not self.all and self.filter is None:
            raise ValueError('auto_assign goes with "all": true or with a filter')
        if self.auto_assign and self.filter is not None and self.filter.metrics:
            raise ValueError("auto_assign cannot look at metrics: only at names, keys, attributes and origin")
        return self


class Assigned(BaseModel):
    """How many companies are meant, newly have it, and had it before; `companies` are those that newly have it.

    The first thousand are named, in the order of their names. Of a dry run: how it would be.
    """

    dry_run: bool = False
    matched: int
    assigned: int
    already: int
    unknown: list[str] = []
    companies: list[CompanyRef] = []


class Unassigned(BaseModel):
    """How many companies are meant, and had it; `companies` are those that had it, as in `Assigned`."""

    dry_run: bool = False
    matched: int
    unassigned: int
    unknown: list[str] = []
    companies: list[CompanyRef] = []


class PushWanted(BaseModel):
    """Whether copies that a person has edited are brought to the definition too; with `dry_run`, nothing is."""

    model_config = ConfigDict(extra="forbid")

    edited_too: bool = False
    dry_run: bool = False


class Pushed(BaseModel):
    """How many copies were brought to the definition, and how many edited ones were left; of a dry run: would be."""

    dry_run: bool = False
    updated: int
    kept_edited: int
    companies: list[CompanyRef] = []


class AssignmentNote(BaseModel):
    """What the audit log keeps of an assignment: what was asked for, and how many companies it reached."""

    asked: SerializeAsAny[BaseModel]
    companies: int


Assign = Callable[[Change, Collection[UUID]], int]
FindRow = Callable[[Session], Definition]


def assign_to(
    deps: WebDeps, caller: Caller, body: AssignTo, *, subject: str, find: FindRow, assign: Assign
) -> Assigned:
    """Find out who is meant, and give it to them, unless it is a dry run; one line in the audit log."""
    with deps.database.read() as session:
        chosen = choose(deps, session, body)
        lacking = plans.lacking_companies(session, find(session), chosen.company_ids)
        companies = named(session, lacking)
    count = len(lacking)
    if not body.dry_run:
        with change(deps, caller) as work:
            row = find(work.session)
            if body.all or body.auto_assign:
                fitting = body.filter.standing if body.filter else None
                auto_assign.give_to_new_companies(work.session, row, is_given=body.auto_assign, fitting=fitting)
            count = assign(work, chosen.company_ids)
            note = AssignmentNote(asked=body, companies=count)
            work.record("assign", subject, row.id, after=note)
    return Assigned(
        dry_run=body.dry_run,
        matched=len(chosen.company_ids),
        assigned=count,
        already=len(chosen.company_ids) - count,
        unknown=list(chosen.unknown),
        companies=companies,
    )


def unassign_from(
    deps: WebDeps, caller: Caller, body: Audience, *, subject: str, find: FindRow, unassign: Assign
) -> Unassigned:
    """Find out who is meant, and take it from them, unless it is a dry run; one line in the audit log."""
    with deps.database.read() as session:
        chosen = choose(deps, session, body)
        lacking = set(plans.lacking_companies(session, find(session), chosen.company_ids))
        holders = [company_id for company_id in chosen.company_ids if company_id not in lacking]
        companies = named(session, holders)
    count = len(holders)
    if not body.dry_run:
        with change(deps, caller) as work:
            count = unassign(work, holders)
            note = AssignmentNote(asked=body, companies=count)
            work.record("unassign", subject, find(work.session).id, before=note)
    return Unassigned(
        dry_run=body.dry_run,
        matched=len(chosen.company_ids),
        unassigned=count,
        unknown=list(chosen.unknown),
        companies=companies,
    )


def push_to(
    deps: WebDeps,
    caller: Caller,
    body: PushWanted,
    *,
    subject: str,
    definition_id: UUID,
    find: Callable[[Session], Outdated],
    bring: Callable[[Change, Collection[UUID]], None],
) -> Pushed:
    """Bring the copies that are not as the definition is to it, unless it is a dry run; one line in the audit log."""
    with change(deps, caller) as work:
        outdated = find(work.session)
        copies = {**outdated.untouched, **(outdated.edited if body.edited_too else {})}
        companies = named(work.session, copies.values())
        if not body.dry_run:
            bring(work, copies)
            note = AssignmentNote(asked=body, companies=len(copies))
            work.record("push", subject, definition_id, after=note)
    return Pushed(
        dry_run=body.dry_run,
        updated=len(copies),
        kept_edited=0 if body.edited_too else len(outdated.edited),
        companies=companies,
    )
