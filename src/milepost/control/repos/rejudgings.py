"""Companies that must be judged again: one row each, written with the change, taken off once they have been judged."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, case, delete, func, literal, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.rows import RejudgingRow
from milepost.domain.plan import Owed, Waiting
from milepost.kit.ids import uuid7

_Insert = postgresql.Insert | sqlite.Insert


def owe_rejudging(
    session: Session,
    company_ids: Collection[UUID],
    *,
    now_ms: int,
    from_scratch: bool = True,
    is_urgent: bool = False,
) -> None:
    """Let these companies be judged soon after this transaction is committed: from scratch, unless only plans changed.

    For every change of history that the judge is not told of as an emission: emissions deleted or rewritten, and
    companies combined or separated. Not before the clock shows `now_ms`. A company that waits already keeps its place,
    and what it waits for is the sum of both.
    """
    for chunk in chunks(sorted(company_ids)):  # in one order, so that two writers of PostgreSQL never block each other
        session.execute(
            _upsert(session),
            [
                {
                    "company_id": company_id,
                    "mark": uuid7(now_ms),
                    "from_scratch": from_scratch,
                    "is_urgent": is_urgent,
                    "since_ms": now_ms,
                    "due_ms": now_ms,
                }
                for company_id in chunk
            ],
        )


def owe_rejudging_for(
    session: Session, marks: Select[UUID, UUID], *, now_ms: int, from_scratch: bool, is_urgent: bool
) -> None:
    """The same for each company that the query gives, once, with an id that becomes its mark; in one statement."""
    company_id, mark = marks.subquery().c
    source = select(company_id, mark, literal(from_scratch), literal(is_urgent), literal(now_ms), literal(now_ms))
    names = ["company_id", "mark", "from_scratch", "is_urgent", "since_ms", "due_ms"]
    session.execute(_upsert(session, lambda query: query.from_select(names, source.where(true()).order_by(company_id))))


def owed_rejudgings(session: Session, *, now_ms: int, most: int, urgent_only: bool = False) -> tuple[Owed, ...]:
    """Those that are due: what a person waits for first, then those that have waited longest."""
    row = RejudgingRow
    query = _owed().where(row.due_ms <= now_ms).order_by(row.is_urgent.desc(), row.due_ms, row.company_id).limit(most)
    return _read(session, query.where(row.is_urgent.is_(True)) if urgent_only else query)


def owed_among(session: Session, company_ids: Collection[UUID], *, now_ms: int) -> tuple[Owed, ...]:
    """Those of these companies that are due."""
    found: list[Owed] = []
    for chunk in chunks(company_ids):
        found += _read(session, _owed().where(RejudgingRow.due_ms <= now_ms, RejudgingRow.company_id.in_(chunk)))
    return tuple(found)


def settle_rejudgings(session: Session, judged: Collection[Owed]) -> None:
    """These have been judged: take away those to which nothing was done since they were read."""
    row = RejudgingRow
    for chunk in chunks(judged):
        seen = row.company_id.in_([one.company_id for one in chunk]), row.mark.in_([one.mark for one in chunk])
        session.execute(delete(row).where(*seen))


def count_waiting(session: Session, *, now_ms: int) -> Waiting:
    """How many are due, and since when the first of them waits."""
    row = RejudgingRow
    found = session.execute(select(func.count(), func.min(row.since_ms)).where(row.due_ms <= now_ms)).one()
    return Waiting(*found)


def _owed() -> Select[UUID, UUID, bool, bool, int]:
    row = RejudgingRow
    return select(row.company_id, row.mark, row.from_scratch, row.is_urgent, row.since_ms)


def _read(session: Session, query: Select[UUID, UUID, bool, bool, int]) -> tuple[Owed, ...]:
    return tuple(Owed(*found) for found in session.execute(query))


def _upsert(session: Session, filled: Callable[[_Insert], _Insert] = lambda query: query) -> _Insert:
    """Add what a company waits for to what it waits for already."""
    table, row = RejudgingRow.__table__, RejudgingRow
    assert isinstance(table, Table)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    query = filled(dialect.insert(table))
    fresh = query.excluded
    return query.on_conflict_do_update(
        index_elements=["company_id"],
        set_={
            "mark": fresh.mark,
            "from_scratch": or_(row.from_scratch, fresh.from_scratch),
            "is_urgent": or_(row.is_urgent, fresh.is_urgent),
            "since_ms": _least(row.since_ms, fresh.since_ms),
            "due_ms": _least(row.due_ms, fresh.due_ms),
        },
    )


def _least(kept: Any, fresh: Any) -> Any:
    return case((kept <= fresh, kept), else_=fresh)
