"""Companies that the judge owes a judging from scratch: written with the change, taken off once it is done."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.rows import RejudgingRow
from milepost.kit.ids import uuid7

_MOST_AT_ONCE = 2_000


def owe_rejudging(session: Session, company_ids: Collection[UUID], *, now_ms: int, from_scratch: bool = True) -> None:
    """Let these companies be judged soon after this transaction is committed: from scratch, unless only plans changed.

    For every change of history that the judge is not told of as an emission: emissions deleted or rewritten, and
    companies combined or separated. Not before the clock shows `now_ms`.
    """
    if company_ids:
        session.execute(
            insert(RejudgingRow),
            [{"id": uuid7(now_ms), "company_id": one, "from_scratch": from_scratch} for one in company_ids],
        )


def owed_rejudgings(session: Session, *, from_scratch: bool, now_ms: int) -> dict[UUID, UUID]:
    """The company of each entry that is due, oldest first; a company may have several."""
    row = RejudgingRow
    due = row.id < UUID(int=(now_ms + 1) << 80)  # ids begin with their time
    entries = select(row.id, row.company_id).where(row.from_scratch.is_(from_scratch), due)
    entries = entries.order_by(row.id).limit(_MOST_AT_ONCE)
    return {row.id: row.company_id for row in session.execute(entries)}


def settle_rejudgings(session: Session, entries: Collection[UUID]) -> None:
    """Take these entries away: their companies have been judged since."""
    for chunk in chunks(entries):
        session.execute(delete(RejudgingRow).where(RejudgingRow.id.in_(chunk)))
