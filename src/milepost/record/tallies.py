"""The signals' tallies in the checkpoints' own file, so that they count each event once, across crashes.

`add_tallies` belongs into the transaction that moves the checkpoints; a TallyReader only looks, from any thread.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from milepost.domain.tally import Tally

TALLIES_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tallies (
    signal_id BLOB NOT NULL, day INTEGER NOT NULL, what TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (signal_id, day, what)
) STRICT, WITHOUT ROWID;
"""
_ADD: Final = (
    "INSERT INTO tallies VALUES (?, ?, ?, ?)"
    " ON CONFLICT (signal_id, day, what) DO UPDATE SET count = count + excluded.count"
)
_COUNTS: Final = ("seen", "matched", "company_missing", "company_unknown")
_FAILURE: Final = "failure:"
"""What stands before a field's name in `what`."""


def add_tallies(db: sqlite3.Connection, tallies: Iterable[Tally]) -> None:
    """Add to what is there; in the caller's transaction."""
    db.executemany(_ADD, (row for tally in tallies for row in _rows(tally)))


def _rows(tally: Tally) -> Iterator[tuple[bytes, int, str, int]]:
    signal_id = tally.signal_id.bytes
    for what in _COUNTS:
        if count := getattr(tally, what):
            yield signal_id, tally.day, what, count
    for field, count in tally.failures.items():
        if count:
            yield signal_id, tally.day, f"{_FAILURE}{field}", count


class TallyReader:
    """Reads the file of a reactor that may be running, or may never have started."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def days(self, signal_id: UUID) -> Sequence[Tally]:
        """A tally for each day on which events were seen, oldest first."""
        if not self._path.exists():
            return ()
        db = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)
        try:
            rows = db.execute(
                "SELECT day, what, count FROM tallies WHERE signal_id = ? ORDER BY day", (signal_id.bytes,)
            ).fetchall()
        finally:
            db.close()
        by_day: dict[int, dict[str, int]] = defaultdict(dict)
        for day, what, count in rows:
            by_day[day][what] = count
        return [_tally(signal_id, day, counts) for day, counts in by_day.items()]


def _tally(signal_id: UUID, day: int, counts: dict[str, int]) -> Tally:
    return Tally(
        signal_id=signal_id,
        day=day,
        **{what: counts.get(what, 0) for what in _COUNTS},
        failures={what.removeprefix(_FAILURE): count for what, count in counts.items() if what.startswith(_FAILURE)},
    )
