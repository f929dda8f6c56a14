"""SQLite files without a trace of what was deleted from them: takes a connection, gives a file written anew.

Deleted rows otherwise stay in free pages and in the write-ahead log. UnavailableError while somebody reads on.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Final

from milepost.domain.errors import UnavailableError

_PATIENCE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05


def scour(db: sqlite3.Connection) -> None:
    """Write the file anew and empty its log; no transaction may be open on the connection.

    Others may go on reading and writing, but for a moment; one that keeps a transaction open for long, as a backup
    does, makes it fail.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        db.execute("VACUUM")
        while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                raise UnavailableError("A database file is being read by someone who does not come to an end.")
            time.sleep(_LOOK_SECONDS)
    except sqlite3.OperationalError as error:
        raise UnavailableError(f"A database file cannot be written anew now: {error}") from error
