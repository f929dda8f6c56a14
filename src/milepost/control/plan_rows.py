"""More tables of success plans, beside rows.py: templates, ticks, and what was done to companies' plans."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from milepost.control.rows import AssignedMilestoneRow, CompanyRow, Row


class PlanTemplateRow(Row):
    __tablename__ = "plan_templates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    definition: Mapped[str]
    assigns_new_companies: Mapped[bool]
    new_companies_filter: Mapped[str | None]
    created_at_ms: Mapped[int]
    revision: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  # counted up by every update


class TickRow(Row):
    """A manual action that a person has ticked."""

    __tablename__ = "ticks"

    assigned_id: Mapped[UUID] = mapped_column(ForeignKey(AssignedMilestoneRow.id, ondelete="CASCADE"), primary_key=True)
    action: Mapped[int] = mapped_column(primary_key=True)
    ticked_at_ms: Mapped[int]


class PlanChangeRow(Row):
    """What was done to a company's plan, kept for ever; ordered by id, a UUIDv7."""

    __tablename__ = "plan_changes"
    __table_args__ = (Index(None, "company_id", "at_ms", "id"), Index(None, "definition_id", "kind"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey(CompanyRow.id))
    at_ms: Mapped[int]
    kind: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    definition_id: Mapped[UUID]
    name: Mapped[str]
    detail: Mapped[str]
    actor: Mapped[str]
