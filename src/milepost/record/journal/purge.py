"""The journal without what is processed: takes its folder and how far each partition is processed; gives counts.

Safe beside the writers and readers of other processes. UnavailableError for what may work later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from milepost.domain.errors import UnavailableError
from milepost.kit.scour import scour

_TIMEOUT_SECONDS: Final = 30.0
_PROCESSED: Final = "last_offset <= :upto AND entries > 0"
_COUNT: Final = f"SELECT coalesce(sum(entries), 0) FROM frames WHERE {_PROCESSED}"  # noqa: S608
_DELETE: Final = f"DELETE FROM frames WHERE {_PROCESSED} AND last_offset < (SELECT max(last_offset) FROM frames)"  # noqa: S608
_EMPTY: Final = f"UPDATE frames SET entries = 0, frame = x'90', checksum = NULL WHERE {_PROCESSED}"  # noqa: S608  # no entries in msgpack


def purge_processed(folder: Path, upto: Mapping[int, int]) -> int:
    """Let go of every frame whose entries all lie at or below its partition's offset; gives how many entries went.

    The last frame of a partition stays, without its entries: it says which offset comes next. A backup whose state is
    older than what went begins anew, as after any trimming.
    """
    return sum(_purge(folder / f"partition-{partition}.sqlite", offset) for partition, offset in upto.items())


def count_processed(folder: Path, upto: Mapping[int, int]) -> int:
    """How many entries lie in frames that `purge_processed` would let go of."""
    found = 0
    for partition, offset in upto.items():
        with closing(sqlite3.connect(folder / f"partition-{partition}.sqlite", timeout=_TIMEOUT_SECONDS)) as db:
            found += _count(db, offset)
    return found


def _purge(file: Path, upto: int) -> int:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=_TIMEOUT_SECONDS)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            gone = _count(db, upto)
            db.execute(_DELETE, {"upto": upto})
            db.execute(_EMPTY, {"upto": upto})
            db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise UnavailableError(f"The journal {file.name} cannot be purged now: {error}") from error
        scour(db)
        return gone


def _count(db: sqlite3.Connection, upto: int) -> int:
    (entries,) = db.execute(_COUNT, {"upto": upto}).fetchone()
    return int(entries)
