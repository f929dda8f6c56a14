"""Counters by which other processes notice a change: read one often, and reload when it has risen.

Every change raises its scope's counter in its own transaction, so a reader that sees the counter sees the change.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from milepost.control.rows import RevisionRow
from milepost.control.session import Database


class Scope(StrEnum):
    """connections: who may send. definitions: signals, metrics, milestones, outcomes, settings, companies.

    identities: which companies are one, and which are hidden (domain/identities.py). What is on companies' plans has
    no counter: the judge is owed those companies (repos/rejudgings.py).
    """

    CONNECTIONS = "connections"
    DEFINITIONS = "definitions"
    IDENTITIES = "identities"


def read_revision(session: Session, scope: str) -> int:
    """The counter of a scope: 0 before the first change, and never falling."""
    return session.scalar(select(RevisionRow.value).where(RevisionRow.scope == scope)) or 0


def read_connections_revision(database: Database) -> int:
    """The counter that ingest workers watch, after a change has been committed."""
    with database.read() as session:
        return read_revision(session, Scope.CONNECTIONS)


def raise_revision(session: Session, scope: Scope) -> None:
    """Count one change. The scopes' rows come with the first migration, so this is one UPDATE."""
    session.execute(update(RevisionRow).where(RevisionRow.scope == scope).values(value=RevisionRow.value + 1))
