"""The tables of who signs in, and of the account's settings (see rows.py)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from milepost.control.rows import Row


class PersonRow(Row):
    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    created_at_ms: Mapped[int]


class SessionRow(Row):
    """A signed-in browser: the SHA-256 of its cookie, never the cookie."""

    __tablename__ = "sessions"

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey(PersonRow.id, ondelete="CASCADE"), index=True)
    created_at_ms: Mapped[int]
    expires_at_ms: Mapped[int] = mapped_column(index=True)


class SettingsRow(Row):
    """One row, the account's settings."""

    __tablename__ = "settings"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    definition: Mapped[str]


class FolderRow(Row):
    """The data folder that this database belongs to, its keys by what they sealed, and how often it was noted."""

    __tablename__ = "folder"

    only_row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mark: Mapped[str]
    secrets_proof: Mapped[bytes]
    tokens_proof: Mapped[bytes]
    epoch: Mapped[int]
