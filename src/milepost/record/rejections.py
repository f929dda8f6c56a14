"""Rejections on disk: one SQLite file per ingest worker, bounded by count per connection and by age.

A writer owns its file; a reader takes all files together, newest first. Losing the last moments of them in a crash
is accepted, for they tell of what was never kept, so commits do not wait for the disk.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from milepost.domain.errors import Fault
from milepost.domain.rejection import Rejection, RejectionFilter
from milepost.kit.clock import Clock

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS rejections (
    id BLOB PRIMARY KEY,           -- UUIDv7: in the order of time
    connection_id BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    door TEXT NOT NULL,
    status INTEGER NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    faults TEXT NOT NULL,          -- JSON [[path, reason], ...]
    excerpt TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_connection ON rejections (connection_id, id);
"""
_INSERT: Final = "INSERT INTO rejections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET_BEYOND: Final = (
    "DELETE FROM rejections WHERE connection_id = :connection AND id <= (SELECT id FROM rejections"
    " WHERE connection_id = :connection ORDER BY id DESC LIMIT 1 OFFSET :most)"
)
_FORGET_BEFORE: Final = "DELETE FROM rejections WHERE id < ?"
_SELECT: Final = (
    "SELECT id, connection_id, received_at_ms, door, status, code, reason, faults, excerpt FROM rejections WHERE"
)
_COUNT: Final = "SELECT connection_id, count(*) FROM rejections WHERE id >= ? GROUP BY connection_id"
_CONDITIONS: Final = {
    "oldest": "id >= :oldest",
    "older_than": "id < :older_than",
    "connection": "connection_id = :connection",
    "door": "door = :door",
    "code": "code = :code",
    "since": "received_at_ms >= :since",
    "until": "received_at_ms < :until",
}
_NEWEST_FIRST: Final = "ORDER BY id DESC LIMIT :limit"
_faults = msgspec.json.Decoder(list[tuple[str, str]]).decode


class RejectionWriter:
    """The writer of one worker's file. For one thread at a time, and any thread."""

    def __init__(self, folder: Path, worker: int, *, most_per_connection: int, keep_ms: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._most = most_per_connection
        self._keep_ms = keep_ms
        self._db = _open(folder / f"worker-{worker}.sqlite")

    def write(self, rejections: Sequence[Rejection], now_ms: int) -> None:
        """Keep these, and let go of what is too old or too many; sqlite3.Error when the disk does not take them."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(_INSERT, map(_row, rejections))
            for connection in {rejection.connection_id.bytes for rejection in rejections}:
                self._db.execute(_FORGET_BEYOND, {"connection": connection, "most": self._most})
            self._db.execute(_FORGET_BEFORE, (_first_id(now_ms - self._keep_ms),))
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class RejectionReader:
    """Reads the files of all workers, present and former; any number of threads may."""

    def __init__(self, folder: Path, *, keep_ms: int, clock: Clock) -> None:
        self._folder = folder
        self._keep_ms = keep_ms
        self._clock = clock

    def page(self, wanted: RejectionFilter, *, older_than: UUID | None, limit: int) -> list[Rejection]:
        """Up to `limit` rejections, newest first; `older_than` is the id of the last one seen."""
        given = {
            "oldest": _first_id(self._clock() - self._keep_ms),
            "older_than": older_than.bytes if older_than else None,
            "connection": wanted.connection_id.bytes if wanted.connection_id else None,
            "door": wanted.door,
            "code": wanted.code,
            "since": wanted.since_ms,
            "until": wanted.until_ms,
        }
        bound = {name: value for name, value in given.items() if value is not None}
        statement = " ".join((_SELECT, " AND ".join(_CONDITIONS[name] for name in bound), _NEWEST_FIRST))
        files = sorted(self._folder.glob("worker-*.sqlite"))
        pages = [_select(file, statement, {**bound, "limit": limit}) for file in files]
        merged = heapq.merge(*pages, key=lambda rejection: rejection.id, reverse=True)
        return list(islice(merged, limit))

    def counts(self, since_ms: int) -> dict[UUID, int]:
        """How many there are of each connection since then, of those that are kept."""
        since = _first_id(max(since_ms, self._clock() - self._keep_ms))
        counted = Counter[UUID]()
        for file in sorted(self._folder.glob("worker-*.sqlite")):
            for connection_id, rejections in _count(file, since):
                counted[UUID(bytes=connection_id)] += rejections
        return dict(counted)


def _count(file: Path, since: bytes) -> list[tuple[bytes, int]]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
        try:
            return db.execute(_COUNT, (since,)).fetchall()
        except sqlite3.DatabaseError:  # as below
            return []


def _open(file: Path) -> sqlite3.Connection:
    """The file, made anew where it is damaged: it is no reason for a worker not to start."""
    try:
        return _prepared(file)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    return _prepared(file)


def _prepared(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(_SCHEMA)
    return db


def _select(file: Path, statement: str, bound: dict[str, Any]) -> list[Rejection]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
        try:
            return list(map(_rejection, db.execute(statement, bound)))
        except sqlite3.DatabaseError:  # a worker has begun the file this moment, or will make it anew
            return []


def _first_id(unix_ms: int) -> bytes:
    """The least UUIDv7 of that time."""
    return max(unix_ms, 0).to_bytes(6, "big") + bytes(10)


def _row(rejection: Rejection) -> tuple[Any, ...]:
    faults = [(fault.path, fault.reason) for fault in rejection.faults]
    return (
        rejection.id.bytes,
        rejection.connection_id.bytes,
        rejection.received_at_ms,
        rejection.door,
        rejection.status,
        rejection.code,
        rejection.reason,
        msgspec.json.encode(faults).decode(),
        rejection.excerpt,
    )


def _rejection(row: tuple[Any, ...]) -> Rejection:
    identifier, connection, received_at_ms, door, status, code, reason, faults, excerpt = row
    return Rejection(
        id=UUID(bytes=identifier),
        connection_id=UUID(bytes=connection),
        received_at_ms=received_at_ms,
        door=door,
        status=status,
        code=code,
        reason=reason,
        faults=tuple(Fault(path=path, reason=why) for path, why in _faults(faults)),
        excerpt=excerpt,
    )
