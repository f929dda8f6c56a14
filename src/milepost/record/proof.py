"""What the reactor's file says of the other parts, for the checks of the next start, and a checksum over it.

Takes the file's connection; the facts are whole numbers by name. A fact that is not there is not known.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from milepost.domain.event import Emissions, RecordedGroup

PROOF_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
ROWS: Final = "rows."
"""And the table's name: how many rows the store has of it, through the last finished batch."""
CLAIMS: Final = "claims"
"""The sequence number that the claims had reached."""
EPOCH: Final = "epoch"
"""How often the control database had been noted (operate/parts/epochs.py)."""
_SEAL: Final = "seal"
_PUT: Final = "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
_SEALED: Final = (
    "SELECT 'checkpoint', partition, upto FROM checkpoints ORDER BY partition",
    "SELECT 'finished', batch, 0 FROM finished",
    "SELECT name, value, 0 FROM facts WHERE name != 'seal' ORDER BY name",
)


class Left(NamedTuple):
    """What a batch has left in the other parts: rows of the two tables, and the claims' sequence number."""

    events: int
    signals: int
    claims: int


def left_by(groups: Sequence[RecordedGroup], emissions: Sequence[Emissions], claims: int) -> Left:
    """Of a batch that was worked on, when the claims had come to that number."""
    return Left(sum(len(group.payloads) for group in groups), sum(len(each.items) for each in emissions), claims)


def add_left(db: sqlite3.Connection, left: Left) -> None:
    """Count a batch; rows only where their number is known. In the caller's transaction."""
    for table, rows in (("events", left.events), ("signals", left.signals)):
        db.execute("UPDATE facts SET value = value + ? WHERE name = ?", (rows, ROWS + table))
    db.execute(_PUT, (CLAIMS, left.claims))


def raise_fact(db: sqlite3.Connection, name: str, value: int) -> None:
    """Know a number that only rises."""
    db.execute(_PUT, (name, value))


def put_facts(db: sqlite3.Connection, facts: Mapping[str, int]) -> None:
    """Know these numbers from now on."""
    db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts.items()))


def forget_facts(db: sqlite3.Connection, prefix: str) -> None:
    """No longer know any that begins so."""
    db.execute("DELETE FROM facts WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))


def read_facts(db: sqlite3.Connection) -> dict[str, int]:
    """All of them."""
    return {name: value for name, value in db.execute("SELECT name, value FROM facts") if name != _SEAL}


def seal_facts(db: sqlite3.Connection) -> None:
    """Write the checksum of what was written; the last act of a transaction."""
    put_facts(db, {_SEAL: _checksum(db)})


def is_sealed(db: sqlite3.Connection) -> bool:
    """Whether it is what was written; also where nothing was ever sealed."""
    row = db.execute("SELECT value FROM facts WHERE name = ?", (_SEAL,)).fetchone()
    return row is None or row[0] == _checksum(db)


def _checksum(db: sqlite3.Connection) -> int:
    return zlib.crc32(repr([row for statement in _SEALED for row in db.execute(statement)]).encode())
