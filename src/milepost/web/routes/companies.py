"""Companies: list and search, keys, attributes, setting aside."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from milepost.control.repos import combining, companies
from milepost.control.repos.auto_assign import assign_missing, assigning_what_comes_to_fit
from milepost.control.repos.companies import CompanyDraft
from milepost.control.repos.company_search import CompanySearch, CompanySort
from milepost.control.repos.former_names import latest_rename
from milepost.domain.company import Company, CompanyChange, CompanyKey, Standing
from milepost.domain.errors import Fault, InvalidInputError
from milepost.kit.clock import to_unix_ms
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor, whole
from milepost.web.places import read_name_place
from milepost.web.ranking import Order
from milepost.web.versions import Versioned

router = APIRouter(prefix="/companies", tags=["companies"])

ShownStanding = Literal["active", "set_aside"]


def _wanted(
    *,
    search: Annotated[str | None, Query(description="Text in the name or in a key, whatever its case.")] = None,
    key_space: Annotated[
        str | None, Query(description="Has a key in this space; with `key`, exactly this one.")
    ] = None,
    key: str | None = None,
    attribute: Annotated[str | None, Query(description="Has this attribute; with `value`, this value of it.")] = None,
    value: str | None = None,
    is_auto_created: bool | None = None,
    standing: Annotated[ShownStanding, Query(description="Companies set aside are in a list of their own.")] = "active",
) -> CompanySearch | CompanyKey:
    """What the query asks for: companies, or the one of a key."""
    for given, name, needed, needed_name in (
        (key, "key", key_space, "key_space"),
        (value, "value", attribute, "attribute"),
    ):
        if given is not None and needed is None:
            fault = Fault(path=needed_name, reason=f"is needed: it goes together with {name}")
            raise InvalidInputError("The query is not valid.", faults=(fault,))
    if key_space is not None and key is not None:
        return CompanyKey(key_space=key_space, value=key)
    return CompanySearch(
        search=search,
        key_space=key_space,
        attribute=None if attribute is None else (attribute, value),
        is_auto_created=is_auto_created,
        standing=Standing(standing),
    )


@router.get("")
def list_companies(
    *,
    _: Viewer,
    deps: Deps,
    wanted: Annotated[CompanySearch | CompanyKey, Depends(_wanted)],
    sort: CompanySort = CompanySort.NAME,
    order: Order = Order.ASCENDING,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Company]:
    """Companies by name, or by when they were created; those that are combined are among their primary's.

    Whoever is renamed while somebody pages through the names stays in the place of the first page.
    """
    with deps.database.read() as session:
        if isinstance(wanted, CompanyKey):
            found = companies.find_company_by_key(session, wanted)
            return Page(items=[found] if found else [])
        if sort is CompanySort.NAME:
            return _page_by_name(session, wanted, order, cursor, limit)
        found_page = companies.list_companies_by_creation(
            session,
            wanted,
            descending=order is Order.DESCENDING,
            after=read_cursor(cursor, lambda at, company_id: (whole(at), UUID(company_id))),
            limit=limit + 1,
        )
    return page_of(found_page, limit, lambda company: (to_unix_ms(company.created_at), company.id))


def _page_by_name(
    session: Session, wanted: CompanySearch, order: Order, cursor: str | None, limit: int
) -> Page[Company]:
    """A walk keeps to the names as of its first page, so that companies renamed meanwhile come once."""
    walk = read_cursor(cursor, read_name_place)
    mark, after = (latest_rename(session), None) if walk is None else walk
    found = companies.list_companies_by_name(
        session, wanted, mark=mark, descending=order is Order.DESCENDING, after=after, limit=limit + 1
    )
    page = page_of(found, limit, lambda one: (mark, *one[1]))
    return Page(items=[company for company, _ in page.items], next=page.next)


@router.post("", status_code=201)
def add_company(draft: CompanyDraft, caller: Editor, deps: Deps, version: Versioned) -> Company:
    """Add a company; it gets the milestones and outcomes that every new company gets."""
    with change(deps, caller) as work:
        company = companies.create_company(work.session, draft, now_ms=work.now_ms, actor=work.actor)
        assign_missing(work.session, work.now_ms)
        work.record("create", "company", company.id, after=company)
    return version.tagged(company)


@router.get("/{company_id}")
def read_company(company_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> Company:
    """One company, also one that is set aside, or combined into another (`merged_into`)."""
    with deps.database.read() as session:
        return version.tagged(companies.get_company(session, company_id))


@router.patch("/{company_id}")
def change_company(company_id: UUID, body: CompanyChange, caller: Editor, deps: Deps, version: Versioned) -> Company:
    """Rename a company, or change its attributes: those given, or with `replaces_attributes` all of them."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        version.require(before, body)
        with assigning_what_comes_to_fit(work.session, [company_id], work.now_ms):
            after = companies.update_company(work.session, company_id, body)
        work.record("update", "company", company_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{company_id}")
def set_company_aside(company_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> Company:
    """Show the company no more; nothing is lost, its keys become unmatched, and it can be restored."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        version.require(before)
        after = combining.set_aside(work.session, company_id, now_ms=work.now_ms)
        work.record("set_aside", "company", company_id, before=before, after=after)
    return version.tagged(after)


@router.post("/{company_id}/restore")
def restore_company(company_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> Company:
    """Show a company again that was set aside, with all that came for its keys meanwhile."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        version.require(before)
        after = combining.restore(work.session, company_id, now_ms=work.now_ms)
        work.record("restore", "company", company_id, before=before, after=after)
    return version.tagged(after)


@router.post("/{company_id}/keys", status_code=201)
def add_key(company_id: UUID, key: CompanyKey, caller: Editor, deps: Deps, version: Versioned) -> Company:
    """Let a key name the company too; 409 when it names another."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        version.require(before)
        with assigning_what_comes_to_fit(work.session, [company_id], work.now_ms):
            after = companies.add_company_key(work.session, company_id, key, now_ms=work.now_ms, actor=work.actor)
        work.record("add_key", "company", company_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{company_id}/keys")
def remove_key(
    *, company_id: UUID, key_space: str, value: str, caller: Editor, deps: Deps, version: Versioned
) -> Company:
    """Take a key away; the next event with it makes a new company."""
    with change(deps, caller) as work:
        before = companies.get_company(work.session, company_id)
        version.require(before)
        after = companies.remove_company_key(work.session, company_id, CompanyKey(key_space=key_space, value=value))
        work.record("remove_key", "company", company_id, before=before, after=after)
    return version.tagged(after)
