"""The report of a company import: a line of it is written with what the line did, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from milepost.control.company_import.deciding import ImportLine, LineOutcome
from milepost.control.job_rows import ImportLineRow


def add_lines(session: Session, job_id: UUID, lines: Sequence[ImportLine]) -> None:
    """Keep lines that come after all that are kept."""
    rows = [
        {"job_id": job_id, "line": one.line, "outcome": one.outcome.value, "report": one.model_dump_json()}
        for one in lines
    ]
    if rows:
        session.execute(insert(ImportLineRow), rows)


def page_lines(
    session: Session, job_id: UUID, *, outcome: LineOutcome | None, after: int, limit: int
) -> list[ImportLine]:
    """Lines in the order of the file, from the one after `after`."""
    query = select(ImportLineRow.report).where(ImportLineRow.job_id == job_id, ImportLineRow.line > after)
    if outcome is not None:
        query = query.where(ImportLineRow.outcome == outcome.value)
    reports = session.scalars(query.order_by(ImportLineRow.line).limit(limit))
    return [ImportLine.model_validate_json(report) for report in reports]


def last_line(session: Session, job_id: UUID) -> int:
    """The last line that is kept; 0 before the first."""
    return session.scalar(select(func.max(ImportLineRow.line)).where(ImportLineRow.job_id == job_id)) or 0


def count_outcomes(session: Session, job_id: UUID) -> dict[LineOutcome, int]:
    """How many lines came out how."""
    counted = select(ImportLineRow.outcome, func.count()).where(ImportLineRow.job_id == job_id)
    found = {LineOutcome(outcome): count for outcome, count in session.execute(counted.group_by(ImportLineRow.outcome))}
    return {outcome: found.get(outcome, 0) for outcome in LineOutcome}
