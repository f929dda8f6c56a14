"""Companies' names alone, for lists in another order than theirs; of those that are shown."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from milepost.control.bulk import chunks
from milepost.control.repos.identities import SHOWN
from milepost.control.rows import CompanyRow
from milepost.domain.company import Standing
from milepost.domain.errors import Fault, InvalidInputError


def all_company_names(session: Session) -> dict[UUID, str]:
    """Every company's name by its id."""
    return {row.id: row.name for row in session.execute(select(CompanyRow.id, CompanyRow.name).where(SHOWN))}


def company_names(session: Session, company_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these companies, in their order; those of their primaries by their ids, where they are combined.

    InvalidInputError for an id that is none.
    """
    primaries: dict[UUID, UUID] = {}
    names: dict[UUID, str] = {}
    for chunk in chunks(company_ids):
        primary = aliased(CompanyRow)
        found = select(CompanyRow.id, primary.id, primary.name).where(CompanyRow.id.in_(chunk))
        found = found.join(primary, primary.id == func.coalesce(CompanyRow.primary_id, CompanyRow.id))
        for company_id, primary_id, name in session.execute(found.where(primary.standing == Standing.ACTIVE.value)):
            primaries[company_id], names[primary_id] = primary_id, name
    for company_id in company_ids:
        if company_id not in primaries:
            fault = Fault(path="company_id", reason=f"no company has the id {company_id}")
            raise InvalidInputError("There is no such company.", faults=(fault,))
    return {primaries[company_id]: names[primaries[company_id]] for company_id in company_ids}


def known_company_names(session: Session, company_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of those of these companies that there are: rows of the store may name one that is gone."""
    names: dict[UUID, str] = {}
    for chunk in chunks(company_ids):
        rows = session.execute(select(CompanyRow.id, CompanyRow.name).where(CompanyRow.id.in_(chunk), SHOWN))
        names |= {row.id: row.name for row in rows}
    return names
