"""What the audit log and the reports of imports say of a company: found by its ids and by text, exported or forgotten.

Takes a session. Rows that belong to the company itself are those of erasure.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, delete, or_, select, update
from sqlalchemy.orm import Session

from milepost.control.bulk import chunks
from milepost.control.erasure import records_of
from milepost.control.job_rows import ImportLineRow, JobRow
from milepost.control.rows import AuditRow
from milepost.domain.job import JobKind, JobState

_OVER = tuple(state.value for state in JobState if state.is_over)


def audit_lines_of(session: Session, company_ids: Collection[UUID]) -> Iterator[dict[str, Any]]:
    """The audit lines that say how something of the companies was before or after, as rows."""
    audit = AuditRow.__table__
    for chunk in chunks(find_audit_lines(session, company_ids)):
        yield from (dict(row) for row in session.execute(select(audit).where(audit.c.id.in_(chunk))).mappings())


def scrub_audit(session: Session, lines: Collection[UUID]) -> None:
    """Take away how things were before and after from these audit lines; who did what and when stays."""
    for chunk in chunks(lines):
        session.execute(update(AuditRow).where(AuditRow.id.in_(chunk)).values(before=None, after=None))


def find_audit_lines(session: Session, company_ids: Collection[UUID], *, since_ms: int = 0) -> list[UUID]:
    """Those that say how something of the companies was, oldest first. Texts are searched: it takes as long as the log.

    With `since_ms` only those from then on, which takes no time.
    """
    ids = {str(value) for _, row in records_of(session, company_ids) if isinstance(value := row.get("id"), UUID)}
    mentioned = [
        cast(column, Text).contains(str(company_id))
        for company_id in company_ids
        for column in (AuditRow.before, AuditRow.after)
    ]
    is_other = AuditRow.subject != "privacy_request"  # those name nobody
    has_content = and_(is_other, or_(AuditRow.before.is_not(None), AuditRow.after.is_not(None)))
    wanted = and_(has_content, AuditRow.id >= UUID(int=since_ms << 80))
    lines: set[UUID] = set()
    for of_ids in chunks(ids):
        lines.update(session.scalars(select(AuditRow.id).where(wanted, AuditRow.subject_id.in_(of_ids))))
    for condition in mentioned:
        lines.update(session.scalars(select(AuditRow.id).where(wanted, condition)))
    return sorted(lines)


def finished_imports(session: Session) -> Sequence[JobRow]:
    """The imports of companies that are over, oldest first."""
    of_kind = select(JobRow).where(JobRow.kind == JobKind.COMPANY_IMPORT.value, JobRow.state.in_(_OVER))
    return session.scalars(of_kind.order_by(JobRow.id)).all()


def import_lines_of(session: Session, job_id: UUID, pattern: str) -> list[dict[str, Any]]:
    """The lines of an import's report that mention what the pattern finds, as rows."""
    wanted = re.compile(pattern)
    lines = ImportLineRow.__table__
    told = session.execute(select(lines).where(lines.c.job_id == job_id).order_by(lines.c.line)).mappings()
    return [dict(row) for row in told if wanted.search(row["report"])]


def scrub_imports(session: Session, pattern: str) -> list[UUID]:
    """Forget what imports that are over were given, where that mentions it; gives their jobs' ids.

    The lines of their reports may be many: find them with `import_lines_of`, and forget some at a time.
    """
    wanted = re.compile(pattern)
    finished = finished_imports(session)
    for row in finished:
        if wanted.search(json.dumps([row.params, row.saved, row.result], ensure_ascii=False, default=str)):
            row.params, row.saved, row.result = {}, {}, None
    return [row.id for row in finished]


def forget_import_lines(session: Session, job_id: UUID, lines: Collection[int]) -> None:
    """Take these lines away from the import's report."""
    for chunk in chunks(lines):
        session.execute(delete(ImportLineRow).where(ImportLineRow.job_id == job_id, ImportLineRow.line.in_(chunk)))
