"""The mark of a data folder in each of its parts: which folder it belongs to, and whether every part was marked.

Takes a SQLite connection or a file; gives what it holds, None for nothing or for what cannot be read as a mark.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from milepost.kit.files import sync

_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS folder_mark (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), mark BLOB)"
_encode = msgspec.json.encode


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """`is_complete` is set once every part has the mark: from then on a part without it was lost, or made anew."""

    folder_id: str
    created_at_ms: int
    is_complete: bool = False


def decode_mark(content: bytes) -> Mark | None:
    """What was written; None for anything else."""
    try:
        return msgspec.json.decode(content, type=Mark)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def encode_mark(mark: Mark) -> bytes:
    """The inverse."""
    return _encode(mark)


def read_database_mark(db: sqlite3.Connection) -> Mark | None:
    """Of a database; sqlite3.Error when it cannot be read."""
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'folder_mark'").fetchone() is None:
        return None
    row = db.execute("SELECT mark FROM folder_mark").fetchone()
    return decode_mark(bytes(row[0])) if row else None


def write_database_mark(db: sqlite3.Connection, mark: Mark) -> None:
    """Into a database; on disk when it returns."""
    db.execute("PRAGMA synchronous = FULL")
    with db:
        db.execute(_SCHEMA)
        db.execute("INSERT OR REPLACE INTO folder_mark VALUES (1, ?)", (encode_mark(mark),))


def read_file_mark(file: Path) -> Mark | None:
    """Of a folder that is a part, in a file of its own."""
    return decode_mark(file.read_bytes()) if file.is_file() else None


def write_file_mark(file: Path, mark: Mark) -> None:
    """Whole or not at all, also after a crash; on disk when it returns."""
    draft = file.with_name(f".{file.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as writing:
        writing.write(encode_mark(mark))
        writing.flush()
        os.fsync(writing.fileno())
    draft.replace(file)
    sync(file.parent)
