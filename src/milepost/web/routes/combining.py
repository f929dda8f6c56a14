"""Combining duplicates: what would come together, doing it, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from milepost.control.bulk_acts import COMBINED, SEPARATED, read_companies, record_moves
from milepost.control.repos import combining, companies
from milepost.control.repos.auto_assign import assign_missing
from milepost.control.repos.plan_changes import Act
from milepost.control.repos.signals import list_signals
from milepost.domain.bulk_change import BulkAct, BulkChange
from milepost.domain.combination import Combination, CombinedPart, History, PlanMeeting
from milepost.domain.company import Company
from milepost.web.bulk import BEGUN, AskedByEditor, Asking, Begun, begun, is_much
from milepost.web.changes import change
from milepost.web.deps import WebDeps
from milepost.web.paging import Page

router = APIRouter(prefix="/companies", tags=["companies"])


class CompaniesToCombine(BaseModel):
    """Companies, or holdings of unmatched keys, that are the same client as the primary."""

    model_config = ConfigDict(extra="forbid")

    company_ids: tuple[UUID, ...] = Field(min_length=1, max_length=1000)
    dry_run: bool = False


class CompaniesToSeparate(BaseModel):
    """Companies that are not the same client after all."""

    model_config = ConfigDict(extra="forbid")

    company_ids: tuple[UUID, ...] = Field(min_length=1, max_length=1000)


@router.post("/{company_id}/combine", responses=BEGUN)
def combine_companies(company_id: UUID, body: CompaniesToCombine, asking: AskedByEditor) -> Combination | Begun:
    """Let the company be all of these: their keys, and all their history and that to come. Can be undone.

    With `dry_run` nothing changes. 409 where one is combined already; its primary is named.
    """
    if not body.dry_run and is_much(len(body.company_ids)):
        with asking.deps.database.read() as session:
            ids = combining.check_combination(session, company_id, body.company_ids)
        return _begin(asking, BulkAct.COMBINE, company_id, ids, body)
    report = _report(asking.deps, company_id, body)
    if body.dry_run:
        return report
    with change(asking.deps, asking.caller) as work:
        before = read_companies(work.session, (company_id, *dict.fromkeys(body.company_ids)))
        combining.combine(work.session, company_id, body.company_ids, actor=work.actor, now_ms=work.now_ms)
        after = record_moves(work.session, COMBINED, before, Act(work.actor, work.now_ms))
    return report.model_copy(update={"company": after[company_id]})


@router.post("/{company_id}/separate", responses=BEGUN)
def separate_companies(company_id: UUID, body: CompaniesToSeparate, asking: AskedByEditor) -> Page[Company] | Begun:
    """Undo combining: each of these is its own again, with its keys, history and plan; gives them and the primary.

    What was held for a key becomes a company if the key has been taken away since.
    """
    if is_much(len(body.company_ids)):
        with asking.deps.database.read() as session:
            ids = combining.check_separation(session, company_id, body.company_ids)
        return _begin(asking, BulkAct.SEPARATE, company_id, ids, body)
    with change(asking.deps, asking.caller) as work:
        before = read_companies(work.session, (company_id, *dict.fromkeys(body.company_ids)))
        combining.separate(work.session, company_id, body.company_ids, actor=work.actor, now_ms=work.now_ms)
        assign_missing(work.session, work.now_ms)
        after = record_moves(work.session, SEPARATED, before, Act(work.actor, work.now_ms))
    return Page(items=list(after.values()))


def _begin(asking: Asking, act: BulkAct, company_id: UUID, ids: Sequence[UUID], body: BaseModel) -> Begun:
    wanted = BulkChange(act=act, of="company", of_id=company_id, matched=len(ids))
    with asking.deps.database.read() as session:
        name = companies.get_company(session, company_id).name
    with begun(asking, wanted, ids, subject=name, asked=body) as (_, job):
        pass
    return Begun(job=job, matched=len(ids))


def _report(deps: WebDeps, primary_id: UUID, body: CompaniesToCombine) -> Combination:
    identities = deps.identities()
    with deps.database.read() as session:
        ids = combining.check_combination(session, primary_id, body.company_ids)
        primary, *others = companies.to_companies(session, companies.known_rows(session, [primary_id, *ids]))
        attributes = combining.attribute_meetings(session, primary_id, ids)
        plan = combining.plan_meetings(session, primary_id, ids)
        generations = {signal.id: signal.generation for signal in list_signals(session)}
    histories = deps.histories.histories(identities.parts([primary_id, *ids]), generations)
    foreseen = deps.foresight.transitions(primary_id, identities.with_combined(primary_id, ids))
    states = {transition.subject_id: transition.to_state for transition in foreseen if transition.until is None}
    keys = sorted((key for one in (primary, *others) for key in one.keys), key=lambda key: (key.key_space, key.value))
    joint = {"keys": tuple(keys), "attributes": {one.name: one.value for one in attributes}}
    return Combination(
        is_dry_run=body.dry_run,
        primary=_part(primary, histories),
        others=tuple(_part(one, histories) for one in others),
        attributes=tuple(attributes),
        plan=tuple(_foreseen(one, states) for one in plan),
        company=primary.model_copy(update=joint),
    )


def _part(company: Company, histories: Mapping[UUID, History]) -> CombinedPart:
    return CombinedPart(company=company, history=histories.get(company.id, History()))


def _foreseen(meeting: PlanMeeting, states: Mapping[UUID, str]) -> PlanMeeting:
    if meeting.assigned_id is None or meeting.assigned_id not in states:
        return meeting
    return meeting.model_copy(update={"resulting_state": states[meeting.assigned_id]})
