"""Unmatched keys: what is held for them, giving them to a company, and making companies of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from milepost.control.repos import unmatched
from milepost.control.repos.auto_assign import assign_missing, assigning_what_comes_to_fit, copies_of_new_companies
from milepost.control.repos.companies import get_company, shown_row
from milepost.control.repos.signals import list_signals
from milepost.control.repos.unmatched import HeldKey, Selection
from milepost.domain.bulk_change import BulkAct, BulkChange
from milepost.domain.combination import History
from milepost.kit.clock import to_datetime
from milepost.web.auth import Viewer
from milepost.web.bulk import BEGUN, AskedByEditor, Begun, begun, is_much
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor

router = APIRouter(prefix="/companies/unmatched", tags=["companies"])


class UnmatchedKey(BaseModel):
    """A key that events named and no company has, and what is held for it.

    `id` is what to assign, or to make a company of. Where `set_aside` has the name of a company, the key is one of
    it or of what is combined into it, and `id` is its id: all its keys and history go together. Seen, emissions and
    events are of what came for this key; keys that one company had before it was combined or set aside share theirs.
    Seen is by time of arrival.
    """

    id: UUID
    key_space: str
    value: str
    set_aside: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    emissions: int
    events: int


class Assignment(BaseModel):
    """Unmatched keys, and the company whose they are."""

    model_config = ConfigDict(extra="forbid")

    company_id: UUID
    keys: Selection


class Making(BaseModel):
    """Unmatched keys, each of which is a company; of one that is set aside, the company that it was."""

    model_config = ConfigDict(extra="forbid")

    keys: Selection


class Matched(BaseModel):
    """How many holdings are no longer unmatched."""

    count: int


@router.get("")
def list_unmatched(
    *,
    _: Viewer,
    deps: Deps,
    search: Annotated[str | None, Query(description="Text in the key, whatever its case.")] = None,
    key_space: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[UnmatchedKey]:
    """Unmatched keys, those first seen latest first."""
    after = read_cursor(cursor, lambda one, space, value: (UUID(one), str(space), str(value)))
    with deps.database.read() as session:
        found = unmatched.page_unmatched(session, key_space=key_space, search=search, after=after, limit=limit + 1)
        generations = {signal.id: signal.generation for signal in list_signals(session)}
    holders = {key.holder_id for key in found}
    histories = deps.histories.histories([(one, one) for one in holders], generations)
    keys = [_shown(key, histories.get(key.holder_id, History())) for key in found]
    return page_of(keys, limit, lambda key: (key.id, key.key_space, key.value))


@router.post("/assign", responses=BEGUN)
def assign_unmatched(body: Assignment, asking: AskedByEditor) -> Matched | Begun:
    """Give keys to a company: all that is held for them is its own from now on. Undone by separating them."""
    with asking.deps.database.read() as session:
        company = get_company(session, body.company_id)
        ids = unmatched.selected_ids(session, body.keys)
    if is_much(len(ids)):
        wanted = BulkChange(act=BulkAct.ASSIGN_UNMATCHED, of="company", of_id=company.id, matched=len(ids))
        with begun(asking, wanted, ids, subject=company.name, asked=body) as (work, job):
            shown_row(work.session, company.id)
        return Begun(job=job, matched=len(ids))
    with change(asking.deps, asking.caller) as work:
        with assigning_what_comes_to_fit(work.session, [body.company_id], work.now_ms):
            matched = unmatched.assign_unmatched(
                work.session, body.company_id, body.keys, actor=work.actor, now_ms=work.now_ms
            )
        work.record_each("assign_unmatched", "company", matched)
    return Matched(count=len(matched))


@router.post("/make-companies", responses=BEGUN)
def make_companies(body: Making, asking: AskedByEditor) -> Matched | Begun:
    """Make a company of each key, named by it, with all that is held and the plan that every new company gets."""
    with asking.deps.database.read() as session:
        ids = unmatched.selected_ids(session, body.keys)
        copies_each = copies_of_new_companies(session)
    if is_much(len(ids), copies_each):
        wanted = BulkChange(act=BulkAct.MAKE_COMPANIES, of="company", matched=len(ids))
        with begun(asking, wanted, ids, subject=f"{len(ids)} unmatched keys", asked=body) as (_, job):
            pass
        return Begun(job=job, matched=len(ids))
    with change(asking.deps, asking.caller) as work:
        matched = unmatched.make_companies_of(work.session, body.keys, now_ms=work.now_ms)
        assign_missing(work.session, work.now_ms)
        work.record_each("make_company", "company", matched)
    return Matched(count=len(matched))


def _shown(key: HeldKey, history: History) -> UnmatchedKey:
    first_seen_at = to_datetime(key.first_seen_ms)
    return UnmatchedKey(
        id=key.id,
        key_space=key.key_space,
        value=key.value,
        set_aside=key.set_aside,
        first_seen_at=first_seen_at,
        last_seen_at=max(first_seen_at, history.last_received_at or first_seen_at),
        emissions=history.emissions,
        events=history.events,
    )
