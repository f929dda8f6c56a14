"""What is held for keys that no company has: each key's holding is a company row that is not shown."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyRow
from milepost.domain.company import Standing

UNMATCHED: ColumnElement[bool] = and_(CompanyRow.standing == Standing.UNMATCHED.value, CompanyRow.merged_into.is_(None))
"""Rows that hold what came for a key, and that nobody has given to a company."""


def unmatched_among(session: Session, company_ids: Collection[UUID]) -> list[UUID]:
    """Those of the ids that are holdings."""
    found: list[UUID] = []
    for chunk in chunks(company_ids):
        found += session.scalars(select(CompanyRow.id).where(CompanyRow.id.in_(chunk), UNMATCHED))
    return found


def make_companies(session: Session, holdings: Collection[UUID], *, now_ms: int) -> None:
    """Make companies of holdings, with all that they hold; call `assign_missing` after it in the same transaction."""
    if not holdings:
        return
    for chunk in chunks(holdings):
        active = {"standing": Standing.ACTIVE.value, "awaits_plan": True}
        session.execute(update(CompanyRow).where(CompanyRow.id.in_(chunk)).values(active))
    raise_revision(session, Scope.IDENTITIES)
    owe_rejudging(session, holdings, now_ms=now_ms)
