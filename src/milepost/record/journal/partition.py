"""The file of a journal partition: takes its path, gives the database, made or brought up to date, and what it holds.

UnavailableError for what may work later, OperatorError for what only a person can mend.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from milepost.domain.errors import OperatorError, UnavailableError
from milepost.record.journal.port import Extent

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS frames (
    last_offset INTEGER PRIMARY KEY, -- of the frame's last entry
    entries INTEGER NOT NULL,        -- how many
    written_at_ms INTEGER NOT NULL,
    frame BLOB NOT NULL,             -- msgpack array of the entries' bytes
    checksum INTEGER                 -- CRC-32 of the frame, looked at when the service starts
) STRICT
"""
INSERT_FRAME: Final = "INSERT INTO frames (last_offset, entries, written_at_ms, frame, checksum) VALUES (?, ?, ?, ?, ?)"
_FOR_A_PERSON: Final = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


def path_of(folder: Path, partition: int) -> Path:
    """Where a partition of the journal's folder lies."""
    return folder / f"partition-{partition}.sqlite"


def open_partition(path: Path) -> tuple[sqlite3.Connection, int]:
    """The partition and its last offset; OperatorError for a file that only a person can mend."""
    try:
        db = prepared(path)
        return db, extent_of(db).last
    except sqlite3.Error as error:
        message = f"The journal {path} cannot be opened: {error}."
        if error.sqlite_errorcode in _FOR_A_PERSON:
            raise OperatorError(f"{message} Check its permissions, or restore it from a backup.") from error
        raise UnavailableError(message) from error


def prepared(path: Path) -> sqlite3.Connection:
    """The partition's database, made or brought up to date first."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    db.execute("PRAGMA page_size = 8192")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 512")  # 4 MiB: a checkpoint stalls one commit by milliseconds, not tens
    db.execute("PRAGMA journal_size_limit = 67108864")
    db.execute(_SCHEMA)
    with suppress(sqlite3.OperationalError):  # of a version that had no checksums
        db.execute("ALTER TABLE frames ADD COLUMN checksum INTEGER")
    return db


def extent_of(db: sqlite3.Connection) -> Extent:
    """What a partition's database holds."""
    first, last = db.execute(
        "SELECT (SELECT last_offset - entries + 1 FROM frames ORDER BY last_offset LIMIT 1),"
        " (SELECT last_offset FROM frames ORDER BY last_offset DESC LIMIT 1)"
    ).fetchone()
    return Extent(first or 0, last or 0)
