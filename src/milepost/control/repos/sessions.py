"""Signed-in browsers: a random token in a cookie, its SHA-256 in the database, seven days at most."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from milepost.control.account_rows import PersonRow, SessionRow
from milepost.domain.account import Person, Role
from milepost.kit.clock import to_datetime
from milepost.kit.crypto import random_credential, sha256

LIFETIME_SECONDS = 7 * 24 * 3600


def start_session(session: Session, person_id: UUID, *, now_ms: int) -> str:
    """The token for the cookie; it exists nowhere else. Expired sessions are swept out on the way."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at_ms <= now_ms))
    token = random_credential(43)
    session.add(
        SessionRow(
            sha256=sha256(token),
            person_id=person_id,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + LIFETIME_SECONDS * 1000,
        )
    )
    session.flush()
    return token


def find_session(session: Session, token: str, *, now_ms: int) -> Person | None:
    """Who is signed in with this token; looked up by its hash, so timing says nothing of other tokens."""
    signed_in = (
        select(PersonRow)
        .join(SessionRow, SessionRow.person_id == PersonRow.id)
        .where(SessionRow.sha256 == sha256(token), SessionRow.expires_at_ms > now_ms)
    )
    row = session.scalar(signed_in)
    if row is None:
        return None
    return Person(id=row.id, email=row.email, role=Role(row.role), created_at=to_datetime(row.created_at_ms))


def end_session(session: Session, token: str) -> None:
    """Sign out; nothing happens when it is over already."""
    session.execute(delete(SessionRow).where(SessionRow.sha256 == sha256(token)))
