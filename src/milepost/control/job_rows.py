"""The tables of long work: jobs, what lines of imports did, and privacy requests with their receipts (see rows.py)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from milepost.control.rows import Row


class JobRow(Row):
    """Ordered by id, a UUIDv7. `saved` is what its handler keeps for a next attempt."""

    __tablename__ = "jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID | None] = mapped_column(index=True)
    params: Mapped[dict[str, Any]]
    saved: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    actor: Mapped[str]
    done: Mapped[int]
    total: Mapped[int | None]
    unit: Mapped[str]
    is_cancel_wanted: Mapped[bool]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    created_at_ms: Mapped[int]
    started_at_ms: Mapped[int | None]
    finished_at_ms: Mapped[int | None]


class ImportLineRow(Row):
    """What a line of a company import did, kept as long as its job."""

    __tablename__ = "import_lines"

    job_id: Mapped[UUID] = mapped_column(ForeignKey(JobRow.id, ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str]
    report: Mapped[str]


class PrivacyRequestRow(Row):
    """Ordered by id, a UUIDv7, which is also its job's."""

    __tablename__ = "privacy_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    action: Mapped[str]
    about_company: Mapped[UUID | None] = mapped_column(index=True)
    user_digest: Mapped[str | None] = mapped_column(index=True)
    actor: Mapped[str]
    requested_at_ms: Mapped[int]
    receipt: Mapped[dict[str, Any] | None]
