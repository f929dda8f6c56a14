"""A partition of the journal looked at, marked and mended while nothing writes to it; takes its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from milepost.record.journal.partition import INSERT_FRAME, extent_of, prepared
from milepost.record.journal.port import Extent
from milepost.record.mark import Mark, write_database_mark

_NO_ENTRIES: Final = b"\x90"  # in msgpack


def mark_partition(path: Path, mark: Mark) -> None:
    """Say which data folder it belongs to."""
    with closing(prepared(path)) as db:
        write_database_mark(db, mark)


def skip_to(path: Path, offset: int) -> None:
    """Let the partition go on after an offset whose entries are lost: a frame without any stands in their place."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(prepared(path)) as db:
        db.execute(INSERT_FRAME, (offset, 0, 0, _NO_ENTRIES, None))


def frame_extent(db: sqlite3.Connection) -> Extent:
    """The offsets of a partition that may not have been made yet."""
    is_made = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'frames'").fetchone() is not None
    return extent_of(db) if is_made else Extent(0, 0)
