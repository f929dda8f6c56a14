"""Former names of companies, beside rows.py: for lists by name that are walked while companies are renamed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from milepost.control.rows import CompanyRow, Row


class CompanyRenameRow(Row):
    """A company that was renamed, and its `sort_name` until then; numbered in the order of renaming, never again."""

    __tablename__ = "company_renames"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # as SQLAlchemy has it

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey(CompanyRow.id, ondelete="CASCADE"), index=True)
    sort_name: Mapped[str]
