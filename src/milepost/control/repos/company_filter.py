"""The companies that plans are for: all of them, those that fit a filter, and those that keys name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.company_keys import find_companies
from milepost.control.repos.company_search import CompanySearch, matching
from milepost.control.repos.identities import SHOWN, read_identities
from milepost.control.rows import CompanyRow
from milepost.domain.company import META_KEY
from milepost.domain.company_filter import CompanyFilter


def all_company_ids(session: Session) -> Sequence[UUID]:
    """Every company that is shown, oldest first."""
    return session.scalars(select(CompanyRow.id).where(SHOWN).order_by(CompanyRow.id)).all()


def fitting_companies(session: Session, wanted: CompanyFilter, among: Collection[UUID] | None = None) -> Sequence[UUID]:
    """Those that fit the filter, of all companies or of these, oldest first."""
    conditions = [
        matching(
            CompanySearch(search=wanted.search, key_space=wanted.key_space, is_auto_created=wanted.is_auto_created)
        ),
        *(matching(CompanySearch(attribute=attribute)) for attribute in wanted.attributes.items()),
    ]
    query = select(CompanyRow.id).where(*conditions).order_by(CompanyRow.id)
    if among is None:
        return session.scalars(query).all()
    return [one for chunk in chunks(among) for one in session.scalars(query.where(CompanyRow.id.in_(chunk)))]


def named_companies(session: Session, names: Sequence[str], key_space: str | None) -> Mapping[str, UUID]:
    """The company of each value of a key space; without one, of each id or CompanyID. Unknown names are left out."""
    if key_space is not None:
        found = find_companies(session, {(key_space, name) for name in names})
        return _shown(session, {name: company_id for (_, name), company_id in found.items()})
    by_id = _shown(session, {name: UUID(name) for name in names if _is_id(name)})
    return {**named_companies(session, [name for name in names if name not in by_id], META_KEY), **by_id}


def _shown(session: Session, named: Mapping[str, UUID]) -> Mapping[str, UUID]:
    """Those who are shown, or were combined into one that is; that one instead of them."""
    primary_of = read_identities(session).primary_of
    primaries = {name: primary_of.get(company_id, company_id) for name, company_id in named.items()}
    shown: set[UUID] = set()
    for chunk in chunks(set(primaries.values())):
        shown.update(session.scalars(select(CompanyRow.id).where(SHOWN, CompanyRow.id.in_(chunk))))
    return {name: company_id for name, company_id in primaries.items() if company_id in shown}


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False
