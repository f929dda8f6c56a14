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

    InvalidInputError for an id that is none, or of a company that is set aside.
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
            fault = Fault(path="company_id", reason=why_not_shown(session, company_id))
            raise InvalidInputError("No company is shown under this id.", faults=(fault,))
    return {primaries[company_id]: names[primaries[company_id]] for company_id in company_ids}


def why_not_shown(session: Session, company_id: UUID) -> str:
    """What became of a company that lists leave out, and what to do about it; or that there is none."""
    row = session.get(CompanyRow, company_id)
    primary = row if row is None or row.primary_id is None else session.get_one(CompanyRow, row.primary_id)
    if row is None or primary is None or primary.standing == Standing.UNMATCHED:
        return f"no company has the id {company_id}"
    if row is primary:
        return f"the company {row.name!r} is set aside; restore it first"
    then = (
        ", which is set aside; restore that one first"
        if primary.standing == Standing.SET_ASIDE
        else "; turn to that one"
    )
    return f"the company {row.name!r} is combined into {primary.name!r} ({primary.id}){then}"


def known_company_names(session: Session, company_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of those of these companies that there are: rows of the store may name one that is gone."""
    names: dict[UUID, str] = {}
    for chunk in chunks(company_ids):
        rows = session.execute(select(CompanyRow.id, CompanyRow.name).where(CompanyRow.id.in_(chunk), SHOWN))
        names |= {row.id: row.name for row in rows}
    return names
