"""Which data folder a control database belongs to, and its keys by what they sealed.

Takes sessions and keys; gives None for a database that was never marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from milepost.control.account_rows import FolderRow
from milepost.control.rows import ConnectionRow, ConnectionSecretRow
from milepost.domain.errors import OperatorError
from milepost.kit.crypto import random_credential, seal, unseal

_ONLY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFolder:
    """The mark as JSON (record/mark.py), what each key sealed, and how often the database was noted elsewhere."""

    mark: str
    secrets_proof: bytes
    tokens_proof: bytes
    epoch: int


def read_folder(session: Session) -> MarkedFolder | None:
    """What the database says."""
    row = session.get(FolderRow, _ONLY)
    if row is None:
        return None
    return MarkedFolder(mark=row.mark, secrets_proof=row.secrets_proof, tokens_proof=row.tokens_proof, epoch=row.epoch)


def write_folder(session: Session, mark: str, secrets_key: bytes, tokens_key: bytes) -> None:
    """Mark the database, and have both keys seal something by which they are known again."""
    kept = session.get(FolderRow, _ONLY)
    session.merge(
        FolderRow(
            only_row=_ONLY,
            mark=mark,
            secrets_proof=_proof(secrets_key),
            tokens_proof=_proof(tokens_key),
            epoch=kept.epoch if kept else 0,
        )
    )


def remark_folder(session: Session, mark: str) -> None:
    """Put another mark in its place."""
    session.execute(update(FolderRow).values(mark=mark))


def next_epoch(session: Session) -> int:
    """Count that the database is noted now; 0 for one that is not marked."""
    session.execute(update(FolderRow).values(epoch=FolderRow.epoch + 1))
    return session.scalar(select(FolderRow.epoch)) or 0


def rise_to_epoch(session: Session, epoch: int) -> None:
    """Take the database as it is, though it is older than it was."""
    session.execute(update(FolderRow).values(epoch=epoch))


def is_key_of(proof: bytes, key: bytes) -> bool:
    """Whether it is the key that sealed the proof."""
    try:
        unseal(proof, key, bound_to=_PROOF)
    except OperatorError:
        return False
    return True


def count_sealed(session: Session) -> int:
    """How many client secrets are sealed."""
    return session.scalar(select(func.count()).select_from(ConnectionSecretRow)) or 0


def opens_all(session: Session, key: bytes) -> bool:
    """Whether the key opens every client secret."""
    for row in session.scalars(select(ConnectionSecretRow)):
        try:
            unseal(row.sealed, key, bound_to=row.connection_id.bytes)
        except OperatorError:
            return False
    return True


def replace_lost_secrets(session: Session, key: bytes) -> list[str]:
    """Put a secret that nobody knows in the place of each that the key does not open; gives the connections' names."""
    lost = set()
    for row in session.scalars(select(ConnectionSecretRow)):
        try:
            unseal(row.sealed, key, bound_to=row.connection_id.bytes)
        except OperatorError:
            lost.add(row.connection_id)
            row.sealed = seal(random_credential(48).encode(), key, bound_to=row.connection_id.bytes)
    return sorted(session.scalars(select(ConnectionRow.name).where(ConnectionRow.id.in_(lost))))


_PROOF: Final = b"milepost keys"


def _proof(key: bytes) -> bytes:
    return seal(_PROOF, key, bound_to=_PROOF)
