"""Rejections that mention somebody, looked for and let go of in the files of all workers.

Takes a pattern for their texts, since excerpts are cut and masked and no payloads; gives counts.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from milepost.domain.errors import UnavailableError
from milepost.kit.scour import scour

_TIMEOUT_SECONDS: Final = 10.0
_SELECT: Final = (
    "SELECT id, connection_id, received_at_ms, door, code, reason, faults, excerpt FROM rejections"
    " WHERE received_at_ms <= ?"
)


class Mentioning(NamedTuple):
    """A rejection that mentions them, as an export shows it."""

    id: UUID
    connection_id: UUID
    received_at_ms: int
    door: str
    code: str
    reason: str
    excerpt: str


def find_mentioning(folder: Path, pattern: str, upto_ms: int) -> list[Mentioning]:
    """The rejections up to that instant whose reason, faults or excerpt have the pattern, oldest first."""
    found = [one for file in _files(folder) for one in _in_file(file, re.compile(pattern), upto_ms)]
    return sorted(found, key=lambda one: one.id)


def forget_mentioning(folder: Path, pattern: str, upto_ms: int) -> int:
    """Delete them, and every trace of deleted ones from the files; gives how many they were."""
    wanted = re.compile(pattern)
    forgotten = 0
    for file in _files(folder):
        ids = [(one.id.bytes,) for one in _in_file(file, wanted, upto_ms)]
        with closing(_open(file)) as db:
            try:
                db.executemany("DELETE FROM rejections WHERE id = ?", ids)
            except sqlite3.OperationalError as error:
                raise UnavailableError(f"Rejections cannot be deleted now: {error}") from error
            scour(db)
        forgotten += len(ids)
    return forgotten


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("worker-*.sqlite"))


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None, timeout=_TIMEOUT_SECONDS)


def _in_file(file: Path, wanted: re.Pattern[str], upto_ms: int) -> Iterator[Mentioning]:
    with closing(_open(file)) as db:
        try:
            rows: list[tuple[Any, ...]] = db.execute(_SELECT, (upto_ms,)).fetchall()
        except sqlite3.DatabaseError as error:
            raise UnavailableError(f"Rejections cannot be read now: {error}") from error
    for identifier, connection, received_at_ms, door, code, reason, faults, excerpt in rows:
        if any(wanted.search(text) for text in (reason, faults, excerpt)):
            yield Mentioning(
                UUID(bytes=identifier), UUID(bytes=connection), received_at_ms, door, code, reason, excerpt
            )
