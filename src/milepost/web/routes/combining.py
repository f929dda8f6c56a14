"""Combining duplicates: what would come together, doing it, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from milepost.control.repos import combining, companies
from milepost.control.repos.auto_assign import assign_missing
from milepost.control.repos.signals import list_signals
from milepost.domain.combination import Combination, CombinedPart, History, PlanMeeting
from milepost.domain.company import Company
from milepost.web.auth import Editor
from milepost.web.changes import Change, change
from milepost.web.deps import Deps, WebDeps
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


@router.post("/{company_id}/combine")
def combine_companies(company_id: UUID, body: CompaniesToCombine, caller: Editor, deps: Deps) -> Combination:
    """Let the company be all of these: their keys, and all their history and that to come. Can be undone.

    With `dry_run` nothing changes. 409 where one is combined already; its primary is named.
    """
    report = _report(deps, company_id, body)
    if body.dry_run:
        return report
    with change(deps, caller) as work:
        before = _companies(work.session, (company_id, *body.company_ids))
        ids = combining.combine(work.session, company_id, body.company_ids, actor=work.actor, now_ms=work.now_ms)
        joined = _companies(work.session, (company_id, *ids))
        _record(work, ("combine", "combine_into"), company_id, before, joined)
        after = companies.get_company(work.session, company_id)
    return report.model_copy(update={"company": after})


@router.post("/{company_id}/separate")
def separate_companies(company_id: UUID, body: CompaniesToSeparate, caller: Editor, deps: Deps) -> Page[Company]:
    """Undo combining: each of these is its own again, with its keys, history and plan; gives them and the primary.

    What was held for a key becomes a company if the key has been taken away since.
    """
    with change(deps, caller) as work:
        before = _companies(work.session, (company_id, *body.company_ids))
        ids = combining.separate(work.session, company_id, body.company_ids, actor=work.actor, now_ms=work.now_ms)
        assign_missing(work.session, work.now_ms)
        after = _companies(work.session, (company_id, *ids))
        _record(work, ("separate", "separate_from"), company_id, before, after)
    return Page(items=list(after.values()))


def _companies(session: Session, company_ids: Sequence[UUID]) -> dict[UUID, Company]:
    """These in their order, each once; also what unmatched keys hold."""
    rows = companies.known_rows(session, dict.fromkeys(company_ids))
    return {one.id: one for one in companies.to_companies(session, rows)}


def _record(
    work: Change,
    actions: tuple[str, str],
    primary_id: UUID,
    before: Mapping[UUID, Company],
    after: Mapping[UUID, Company],
) -> None:
    """Into the audit log, the primary first; `actions` are what was done to it, and to the others."""
    of_primary, of_other = actions
    work.record(of_primary, "company", primary_id, before=before[primary_id], after=after[primary_id])
    others = {one: (before[one], company) for one, company in after.items() if one != primary_id}
    work.record_each(of_other, "company", others)


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
