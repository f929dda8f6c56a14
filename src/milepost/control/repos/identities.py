"""Which companies are one and which are shown, as the control plane has it.

`SHOWN`, `HIDDEN` and `of_shown_company` are the conditions by which lists, counts and plans leave the others out.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from milepost.control.rows import CompanyRow
from milepost.domain.company import Standing
from milepost.domain.identities import Identities

_NOT_SHOWN = (Standing.UNMATCHED.value, Standing.SET_ASIDE.value)

SHOWN: ColumnElement[bool] = and_(CompanyRow.standing == Standing.ACTIVE.value, CompanyRow.merged_into.is_(None))
"""Rows of companies that are shown: not combined into another, not unmatched, not set aside."""

HIDDEN: ColumnElement[bool] = and_(CompanyRow.standing.in_(_NOT_SHOWN), CompanyRow.merged_into.is_(None))
"""Rows of their own that are not shown: what unmatched keys hold, and companies set aside."""


def of_shown_company(company_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Rows of another table whose company is shown."""
    hidden = or_(CompanyRow.merged_into.is_not(None), CompanyRow.standing.in_(_NOT_SHOWN))
    return company_id.not_in(select(CompanyRow.id).where(hidden))


def read_identities(session: Session) -> Identities:
    """All of them, as of now."""
    special = or_(CompanyRow.primary_id.is_not(None), CompanyRow.standing.in_(_NOT_SHOWN))
    primary_of: dict[UUID, UUID] = {}
    hidden: set[UUID] = set()
    for company_id, primary_id in session.execute(select(CompanyRow.id, CompanyRow.primary_id).where(special)):
        if primary_id is None:
            hidden.add(company_id)
        else:
            primary_of[company_id] = primary_id
    hidden |= {company_id for company_id, primary_id in primary_of.items() if primary_id in hidden}
    return Identities(primary_of=primary_of, hidden=frozenset(hidden))
