"""What milestones, outcomes and plan templates share: who gets them, from whom they are taken, what an answer says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SerializeAsAny, model_validator
from sqlalchemy.orm import Session

from milepost.control.bulk_acts import find_definition
from milepost.control.repos import auto_assign, plans, pushing
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.plans import Definition, name_of
from milepost.domain.bulk_change import BulkAct, BulkChange, Of
from milepost.domain.job import Job
from milepost.web.audience import Audience, CompanyRef, choose, named
from milepost.web.bulk import Asking, Begun, begun, is_much
from milepost.web.changes import Change, change


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


def assign_to(asking: Asking, body: AssignTo, of: Of, of_id: UUID) -> Assigned | Begun:
    """Find out who is meant, and give it to them, unless it is a dry run; audited as a whole or by parts."""
    wanted = BulkChange(act=BulkAct.ASSIGN, of=of, of_id=of_id)
    with asking.deps.database.read() as session:
        chosen = choose(asking.deps, session, body)
        row = find_definition(session, wanted)
        lacking = plans.lacking_companies(session, row, chosen.company_ids)
        is_job = not body.dry_run and is_much(len(lacking), plans.copies_each(session, row))
        companies = [] if is_job else named(session, lacking)
    if is_job:
        wanted = wanted.model_copy(update={"matched": len(chosen.company_ids)})
        with _begun(asking, wanted, lacking, body) as (work, job):
            _say_who_comes_later(work.session, find_definition(work.session, wanted), body)
        return Begun(job=job, matched=wanted.matched, unknown=list(chosen.unknown))
    count = len(lacking)
    if not body.dry_run:
        with change(asking.deps, asking.caller) as work:
            row = find_definition(work.session, wanted)
            _say_who_comes_later(work.session, row, body)
            count = plans.assign(work.session, row, chosen.company_ids, Act(work.actor, work.now_ms))
            work.record("assign", of, of_id, after=AssignmentNote(asked=body, companies=count))
    return Assigned(
        dry_run=body.dry_run,
        matched=len(chosen.company_ids),
        assigned=count,
        already=len(chosen.company_ids) - count,
        unknown=list(chosen.unknown),
        companies=companies,
    )


def unassign_from(asking: Asking, body: Audience, of: Of, of_id: UUID) -> Unassigned | Begun:
    """Find out who is meant, and take it from them, unless it is a dry run; audited in the same way."""
    wanted = BulkChange(act=BulkAct.UNASSIGN, of=of, of_id=of_id)
    with asking.deps.database.read() as session:
        chosen = choose(asking.deps, session, body)
        lacking = set(plans.lacking_companies(session, find_definition(session, wanted), chosen.company_ids))
        holders = [company_id for company_id in chosen.company_ids if company_id not in lacking]
        is_job = not body.dry_run and is_much(len(holders))
        companies = [] if is_job else named(session, holders)
        if is_job and of == "milestone":
            plans.check_unassignable(session, of_id, holders)
    if is_job:
        wanted = wanted.model_copy(update={"matched": len(chosen.company_ids)})
        with _begun(asking, wanted, holders, body) as (_, job):
            pass
        return Begun(job=job, matched=wanted.matched, unknown=list(chosen.unknown))
    count = len(holders)
    if not body.dry_run:
        with change(asking.deps, asking.caller) as work:
            unassign = plans.unassign_milestone if of == "milestone" else plans.unassign_outcome
            count = unassign(work.session, of_id, holders, now_ms=work.now_ms, actor=work.actor)
            work.record("unassign", of, of_id, before=AssignmentNote(asked=body, companies=count))
    return Unassigned(
        dry_run=body.dry_run,
        matched=len(chosen.company_ids),
        unassigned=count,
        unknown=list(chosen.unknown),
        companies=companies,
    )


def push_to(asking: Asking, body: PushWanted, of: Of, of_id: UUID) -> Pushed | Begun:
    """Bring the copies that are not as the definition is to it, unless it is a dry run; audited in the same way."""
    is_milestone = of == "milestone"
    with asking.deps.database.read() as session:
        find = pushing.outdated_milestones if is_milestone else pushing.outdated_outcomes
        outdated = find(session, of_id)
        copies = {**outdated.untouched, **(outdated.edited if body.edited_too else {})}
        is_job = not body.dry_run and is_much(len(copies))
        companies = [] if is_job else named(session, copies.values())
    kept_edited = 0 if body.edited_too else len(outdated.edited)
    count = len(copies)
    if is_job:
        wanted = BulkChange(
            act=BulkAct.PUSH,
            of=of,
            of_id=of_id,
            matched=count,
            edited_too=body.edited_too,
            kept_edited=kept_edited,
        )
        with _begun(asking, wanted, list(copies), body) as (_, job):
            pass
        return Begun(job=job, matched=count)
    if not body.dry_run:
        bring = pushing.bring_milestone_to if is_milestone else pushing.bring_outcome_to
        with change(asking.deps, asking.caller) as work:
            act = Act(work.actor, work.now_ms)
            count = bring(work.session, of_id, copies, act, edited_too=body.edited_too)
            work.record("push", of, of_id, after=AssignmentNote(asked=body, companies=count))
    return Pushed(dry_run=body.dry_run, updated=count, kept_edited=kept_edited, companies=companies)


def _say_who_comes_later(session: Session, row: Definition, body: AssignTo) -> None:
    if body.all or body.auto_assign:
        fitting = body.filter.standing if body.filter else None
        auto_assign.give_to_new_companies(session, row, is_given=body.auto_assign, fitting=fitting)


@contextmanager
def _begun(asking: Asking, wanted: BulkChange, ids: Sequence[UUID], body: BaseModel) -> Iterator[tuple[Change, Job]]:
    with asking.deps.database.read() as session:
        name = name_of(find_definition(session, wanted))
    with begun(asking, wanted, ids, subject=name, asked=body) as (work, job):
        yield work, job
