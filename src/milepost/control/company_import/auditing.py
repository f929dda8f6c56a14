"""A line in the audit log for each company that a chunk of an import makes or changes: how it was before and after.

Takes what was decided, and says what comes of it without reading it back, unless holdings take part: a file has many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.company_import.deciding import Effects, KnownCompany
from milepost.control.repos.audit import record_changes
from milepost.control.repos.companies import in_order, to_companies
from milepost.control.rows import CompanyRow
from milepost.domain.company import Company, CompanyKey
from milepost.kit.clock import to_datetime


def companies_before(session: Session, effects: Effects) -> dict[UUID, Company]:
    """Those that are there already, by id; to be asked before anything is done."""
    return _read(session, (effects.woken.keys() | effects.changed.keys()) - effects.created.keys())


def record_import(
    session: Session, effects: Effects, before: Mapping[UUID, Company], *, actor: str, now_ms: int
) -> None:
    """Once all is done, in the same transaction."""
    keys: dict[UUID, list[CompanyKey]] = defaultdict(list)
    for key, company_id in effects.keys:
        keys[company_id].append(key)
    read = _read(session, effects.woken.keys() | effects.assigned.keys())
    changes = {
        one.id: (before.get(one.id), read.get(one.id) or _after(one, before.get(one.id), keys[one.id], now_ms))
        for one in {**effects.created, **effects.woken, **effects.changed}.values()
    }
    record_changes(session, actor=actor, action="import", subject="company", now_ms=now_ms, changes=changes)


def _after(company: KnownCompany, before: Company | None, keys: Collection[CompanyKey], now_ms: int) -> Company:
    old = before.keys if before else ()
    return Company(
        id=company.id,
        name=company.name,
        is_auto_created=False,
        keys=tuple(sorted((*old, *keys), key=in_order)),
        attributes=company.attributes,
        created_at=before.created_at if before else to_datetime(now_ms),
        combined=before.combined if before else (),
    )


def _read(session: Session, company_ids: Collection[UUID]) -> dict[UUID, Company]:
    rows: list[CompanyRow] = []
    for chunk in chunks(company_ids):
        rows += session.scalars(select(CompanyRow).where(CompanyRow.id.in_(chunk)))
    return {company.id: company for company in to_companies(session, rows)}
