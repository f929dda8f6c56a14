"""Companies: list and search, keys, attributes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from milepost.control.repos import companies
from milepost.control.repos.companies import CompanyDraft
from milepost.control.repos.plans import assign_missing
from milepost.domain.company import Company, CompanyKey
from milepost.domain.errors import Fault, InvalidInputError
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Limit, Page, everything, page_of, read_cursor

router = APIRouter(prefix="/companies", tags=["companies"])


class CompanyChange(BaseModel):
    """What is given changes; `attributes` replace all earlier ones."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=200)
    attributes: dict[str, str] | None = None


@router.get("")
def list_companies(
    *,
    _: Viewer,
    deps: Deps,
    search: Annotated[str | None, Query(description="Text in the name or in a key.")] = None,
    key_space: Annotated[str | None, Query(description="With `key`: exactly the company of this key.")] = None,
    key: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Company]:
    """Companies by name."""
    with deps.database.read() as session:
        if key_space is not None and key is not None:
            found = companies.find_company_by_key(session, CompanyKey(key_space=key_space, value=key))
            return everything([found] if found else [])
        if key_space is not None or key is not None:
            missing = "key" if key is None else "key_space"
            fault = Fault(path=missing, reason="is needed: key_space and key go together")
            raise InvalidInputError("The query is not valid.", faults=(fault,))
        after = read_cursor(cursor, lambda name, company_id: (str(name), UUID(company_id)))
        found_page = companies.list_companies(session, search=search, after=after, limit=limit + 1)
    return page_of(found_page, limit, lambda company: (company.name, company.id))


@router.post("", status_code=201)
def add_company(draft: CompanyDraft, caller: Editor, deps: Deps) -> Company:
    """Add a company; it gets the milestones and outcomes that every new company gets."""
    with change(deps, caller) as work:
        company = companies.create_company(work.session, draft, now_ms=work.now_ms)
        assign_missing(work.session, work.now_ms)
        work.record("create", "company", company.id, after=company)
    return company


@router.get("/{company_id}")
def read_company(company_id: UUID, _: Viewer, deps: Deps) -> Company:
    """One company."""
    with deps.database.read() as session:
        return companies.get_company(session, company_id)


@router.patch("/{company_id}")
def change_company(company_id: UUID, body: CompanyChange, caller: Editor, deps: Deps) -> Company:
    """Rename a company or replace its attributes."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        after = companies.update_company(work.session, company_id, name=body.name, attributes=body.attributes)
        work.record("update", "company", company_id, before=before, after=after)
    return after


@router.post("/{company_id}/keys", status_code=201)
def add_key(company_id: UUID, key: CompanyKey, caller: Editor, deps: Deps) -> Company:
    """Let a key name the company too; 409 when it names another."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        after = companies.add_company_key(work.session, company_id, key, now_ms=work.now_ms)
        work.record("add_key", "company", company_id, before=before, after=after)
    return after


@router.delete("/{company_id}/keys")
def remove_key(company_id: UUID, key_space: str, value: str, caller: Editor, deps: Deps) -> Company:
    """Take a key away; the next event with it makes a new company."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        after = companies.remove_company_key(work.session, company_id, CompanyKey(key_space=key_space, value=value))
        work.record("remove_key", "company", company_id, before=before, after=after)
    return after
