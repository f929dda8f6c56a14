"""The audit log: who changed what, before and after. Written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from pydantic import BaseModel, ConfigDict
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
    changes: Mapping[UUID, tuple[BaseModel | None, BaseModel]],
) -> None:
    """Keep a change of many things at once: a line for each id, with how it was before, if it was, and after."""
    lines = [
        {
            "id": uuid7(now_ms),
            "at_ms": now_ms,
            "actor": actor,
            "action": action,
            "subject": subject,
            "subject_id": str(subject_id),
            "before": before.model_dump(mode="json") if before else None,
            "after": after.model_dump(mode="json"),
        }
        for subject_id, (before, after) in changes.items()
    ]
    if lines:
        session.execute(insert(AuditRow), lines)


class AuditFilter(BaseModel):
    """What is given must be so; `since_ms` and `until_ms` are Unix milliseconds, the latter no longer included."""

    model_config = ConfigDict(frozen=True)

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    subject_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


def page_audit(
    session: Session, wanted: AuditFilter, *, before: UUID | None = None, limit: int
) -> tuple[AuditEntry, ...]:
    """Newest first; `before` is the id of the last entry seen."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    for column, value in (
        (AuditRow.actor, wanted.actor),
        (AuditRow.action, wanted.action),
        (AuditRow.subject, wanted.subject),
        (AuditRow.subject_id, wanted.subject_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since_ms is not None:
        query = query.where(AuditRow.id >= _first_id(wanted.since_ms))
    if wanted.until_ms is not None:
        query = query.where(AuditRow.id < _first_id(wanted.until_ms))
    if before is not None:
        query = query.where(AuditRow.id < before)
    return tuple(_to_entry(row) for row in session.scalars(query))


def audit_since(
    session: Session, since_ms: int, subjects: Collection[str], *, but_actions: Collection[str] = ()
) -> tuple[AuditEntry, ...]:
    """Changes of these nouns from this instant on, oldest first; without these actions."""
    query = select(AuditRow).where(AuditRow.id >= _first_id(since_ms), AuditRow.subject.in_(subjects))
    query = query.where(AuditRow.action.not_in(but_actions))
    return tuple(_to_entry(row) for row in session.scalars(query.order_by(AuditRow.id)))


def _first_id(at_ms: int) -> UUID:
    """The least id of what happens at an instant; there are none of before 1970."""
    return UUID(int=max(at_ms, 0) << 80)


def _to_entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=to_datetime(row.at_ms),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        subject_id=row.subject_id,
        before=row.before,
        after=row.after,
    )
