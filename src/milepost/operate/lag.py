"""How many accepted requests wait to be processed, counted at the moment of asking.

Takes the journal's folder and the checkpoints' file; gives the sum over all partitions, None where they cannot be read.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalReader


class Lag:
    """For one thread. What was on disk before the call counts until it is in the log: nobody is told 0 too early."""

    def __init__(self, journal: Path, checkpoints: Path) -> None:
        self._reader = SqliteJournalReader(journal)
        self._checkpoints = checkpoints

    def now(self) -> int | None:
        """See the module."""
        try:
            last = {partition: self._reader.extent(partition).last for partition in self._reader.partitions()}
            reached = read_reached(self._checkpoints)
        except sqlite3.Error:  # a disk that fails is for /ready to say, by way of the journal's own writer
            return None
        return sum(max(0, offset - reached.get(partition, 0)) for partition, offset in last.items())

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()
