"""Loads what rows may be about, and does what was decided, each in the session that it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks, insert_new
from milepost.control.company_import.auditing import companies_before, record_import
from milepost.control.company_import.deciding import Effects, Known, KnownCompany
from milepost.control.company_import.reading import FileRow
from milepost.control.repos.auto_assign import assign_missing, assigning_what_comes_to_fit
from milepost.control.repos.company_keys import find_companies
from milepost.control.repos.company_search import refresh_search
from milepost.control.repos.identities import SHOWN
from milepost.control.repos.key_spaces import ensure_key_spaces
from milepost.control.repos.merging import merge
from milepost.control.repos.rejudgings import owe_rejudging
from milepost.control.repos.unmatched import make_companies
from milepost.control.rows import CompanyKeyRow, CompanyRow
from milepost.domain.company import Standing, folded, search_text


def load(session: Session, rows: Sequence[FileRow], known: Known) -> None:
    """Add what these rows ask for and is not known yet."""
    keys = {key for row in rows for key in row.keys if key not in known.by_key}
    ids = find_companies(session, [(key.key_space, key.value) for key in keys])
    companies = _companies(session, set(ids.values()), known)
    for key in keys:
        company_id = ids.get((key.key_space, key.value))
        known.by_key[key] = None if company_id is None else companies[company_id]
    names = {row.name for row in rows if not row.keys} - known.asked_names
    known.asked_names |= names
    for chunk in chunks(names):
        for row in session.scalars(select(CompanyRow).where(SHOWN, CompanyRow.name.in_(chunk))):
            known.add(_known(row))


def apply(session: Session, effects: Effects, *, actor: str, now_ms: int) -> None:
    """Do it all, with a line in the audit log for each company.

    New companies get the plans that every new company gets, others those that they come to fit.
    """
    before = companies_before(session, effects)
    with assigning_what_comes_to_fit(session, effects.changed.keys(), now_ms):
        _apply(session, effects, actor=actor, now_ms=now_ms)
    assign_missing(session, now_ms)
    owe_rejudging(session, effects.created.keys(), now_ms=now_ms)
    record_import(session, effects, before, actor=actor, now_ms=now_ms)


def _apply(session: Session, effects: Effects, *, actor: str, now_ms: int) -> None:
    ensure_key_spaces(session, {key.key_space for key, _ in effects.keys}, now_ms=now_ms)
    if effects.created:
        key_values: dict[UUID, list[str]] = defaultdict(list)
        for key, company_id in effects.keys:
            key_values[company_id].append(key.value)
        rows = [_row(company, sorted(key_values[company.id]), now_ms) for company in effects.created.values()]
        session.execute(insert(CompanyRow), rows)
    make_companies(session, effects.woken.keys(), now_ms=now_ms)
    keys = [
        {"key_space": key.key_space, "value": key.value, "company_id": company_id} for key, company_id in effects.keys
    ]
    insert_new(session, CompanyKeyRow, keys)
    changed = {**effects.woken, **effects.changed}
    values = [
        {"id": one.id, "name": one.name, "attributes": one.attributes, "is_auto_created": False}
        for one in changed.values()
    ]
    if values:
        session.execute(update(CompanyRow), values)
    session.expire_all()
    for company_id, holdings in effects.assigned.items():
        held = [session.get_one(CompanyRow, one) for one in dict.fromkeys(holdings)]
        merge(session, session.get_one(CompanyRow, company_id), held, actor=actor, now_ms=now_ms)
    refresh_search(session, changed.keys())


def _companies(session: Session, company_ids: Collection[UUID], known: Known) -> dict[UUID, KnownCompany]:
    """By the id of each row: the company that it is, or is part of."""
    primary_of: dict[UUID, UUID] = {}
    rows: dict[UUID, CompanyRow] = {}
    for chunk in chunks(company_ids):
        for row in session.scalars(select(CompanyRow).where(CompanyRow.id.in_(chunk))):
            primary_of[row.id] = row.primary_id or row.id
            rows[row.id] = row
    for chunk in chunks(set(primary_of.values()) - rows.keys()):
        rows |= {row.id: row for row in session.scalars(select(CompanyRow).where(CompanyRow.id.in_(chunk)))}
    return {company_id: known.add(_known(rows[primary_id])) for company_id, primary_id in primary_of.items()}


def _known(row: CompanyRow) -> KnownCompany:
    return KnownCompany(id=row.id, name=row.name, attributes=dict(row.attributes), standing=Standing(row.standing))


def _row(company: KnownCompany, key_values: Sequence[str], now_ms: int) -> dict[str, object]:
    return {
        "id": company.id,
        "name": company.name,
        "sort_name": folded(company.name),
        "search_text": search_text(company.name, key_values),
        "is_auto_created": False,
        "awaits_plan": True,
        "attributes": company.attributes,
        "created_at_ms": now_ms,
        "standing": Standing.ACTIVE.value,
    }
