"""Keys to companies in bulk: the reactor's way, thousands of keys a call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks, insert_new
from milepost.control.repos.key_spaces import ensure_key_spaces
from milepost.control.rows import CompanyKeyRow, CompanyRow
from milepost.domain.company import Standing, folded, name_of_key, search_text
from milepost.kit.ids import uuid7

Key = tuple[str, str]
"""A key space and a value."""


def find_companies(session: Session, keys: Collection[Key]) -> dict[Key, UUID]:
    """The company that each key names; unknown keys are left out."""
    by_space: dict[str, list[str]] = defaultdict(list)
    for space, value in keys:
        by_space[space].append(value)
    found: dict[Key, UUID] = {}
    for space, values in by_space.items():
        for chunk in chunks(values):
            of_chunk = select(CompanyKeyRow.value, CompanyKeyRow.company_id).where(
                CompanyKeyRow.key_space == space, CompanyKeyRow.value.in_(chunk)
            )
            found.update(((space, value), company_id) for value, company_id in session.execute(of_chunk))
    return found


def create_companies(
    session: Session, keys: Collection[Key], now_ms: int, standing: Standing = Standing.ACTIVE
) -> dict[Key, UUID]:
    """The company of every key: the one it names already, or a new auto-created one that is named by the value.

    With the standing UNMATCHED, what is new only holds what comes for the key, until a person makes a company of it
    or gives it to one; it gets no plan. Can be called again with the same keys, and by two processes at once: the
    key table's primary key decides who was first. Raises no revision, for the reactor knows what it made; call
    `assign_missing` after it, in the same transaction.
    """
    found = find_companies(session, keys)
    unknown = [key for key in dict.fromkeys(keys) if key not in found]
    if not unknown:
        return found
    made = {key: uuid7(now_ms) for key in unknown}
    ensure_key_spaces(session, {space for space, _ in unknown}, now_ms=now_ms)
    rows = [_row(company_id, value, standing, now_ms) for (_, value), company_id in made.items()]
    session.execute(insert(CompanyRow), rows)
    insert_new(
        session,
        CompanyKeyRow,
        [{"key_space": space, "value": value, "company_id": made[space, value]} for space, value in unknown],
    )
    in_force = find_companies(session, unknown)
    _drop_latecomers(session, [company_id for key, company_id in made.items() if in_force[key] != company_id])
    return found | in_force


def _row(company_id: UUID, value: str, standing: Standing, now_ms: int) -> dict[str, Any]:
    name = name_of_key(value)
    return {
        "id": company_id,
        "name": name,
        "sort_name": folded(name),
        "search_text": search_text(name, (value,)),
        "is_auto_created": True,
        "awaits_plan": standing is Standing.ACTIVE,
        "attributes": {},
        "created_at_ms": now_ms,
        "standing": standing.value,
    }


def _drop_latecomers(session: Session, company_ids: Collection[UUID]) -> None:
    """Companies whose key another process took meanwhile, which only a database of many writers can bring about."""
    for chunk in chunks(company_ids):
        session.execute(delete(CompanyRow).where(CompanyRow.id.in_(chunk)))
