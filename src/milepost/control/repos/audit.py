"""The audit log: who changed what, before and after. Written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from milepost.control.rows import AuditRow
from milepost.domain.account import AuditEntry
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7


def record_change(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    subject_id: UUID | str,
    now_ms: int,
    before: BaseModel | None = None,
    after: BaseModel | None = None,
) -> None:
    """Keep one change. `subject` is the noun, `action` what was done to it (create, rotate, show_keys); no secrets."""
    session.add(
        AuditRow(
            id=uuid7(now_ms),
            at_ms=now_ms,
            actor=actor,
            action=action,
            subject=subject,
            subject_id=str(subject_id),
            before=before.model_dump(mode="json") if before else None,
            after=after.model_dump(mode="json") if after else None,
        )
    )
    session.flush()


def record_changes(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    now_ms: int,
    changes: Mapping[UUID, tuple[BaseModel, BaseModel]],
) -> None:
    """Keep a change of many things at once: a line for each id, with how it was before and after."""
    lines = [
        {
            "id": uuid7(now_ms),
            "at_ms": now_ms,
            "actor": actor,
            "action": action,
            "subject": subject,
            "subject_id": str(subject_id),
            "before": before.model_dump(mode="json"),
            "after": after.model_dump(mode="json"),
        }
        for subject_id, (before, after) in changes.items()
    ]
    if lines:
        session.execute(insert(AuditRow), lines)


def page_audit(
    session: Session, *, subject_id: str | None = None, before: UUID | None = None, limit: int
) -> tuple[AuditEntry, ...]:
    """Newest first; `before` is the id of the last entry seen."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if subject_id is not None:
        query = query.where(AuditRow.subject_id == subject_id)
    if before is not None:
        query = query.where(AuditRow.id < before)
    return tuple(
        AuditEntry(
            id=row.id,
            at=to_datetime(row.at_ms),
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            subject_id=row.subject_id,
            before=row.before,
            after=row.after,
        )
        for row in session.scalars(query)
    )
