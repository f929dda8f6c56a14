"""How far the reactor is, and the intents of batches that are under way, in one small SQLite file.

An intent is written before a batch is worked on, so that after a crash the same batch, with the same number and
therefore the same insert tokens, is made again; it goes away in the transaction that moves the checkpoints.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from milepost.domain.tally import Tally
from milepost.record.mark import Mark, write_database_mark
from milepost.record.proof import (
    CLAIMS,
    PROOF_SCHEMA,
    ROWS,
    Left,
    add_left,
    forget_facts,
    put_facts,
    raise_fact,
    read_facts,
    seal_facts,
)
from milepost.record.tallies import TALLIES_SCHEMA, add_tallies


class Span(NamedTuple):
    """Offsets of one partition: later than `after`, up to and with `upto`."""

    partition: int
    after: int
    upto: int


class Intent(NamedTuple):
    """A batch that was begun: its number (from 1, rising), the spans it is made of, and its insert token.

    The token is unique over all data folders, so that a store shared with, or kept from, another one is safe.
    """

    batch: int
    spans: tuple[Span, ...]
    token: str


_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS checkpoints (partition INTEGER PRIMARY KEY, upto INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS intents (batch INTEGER PRIMARY KEY, spans BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS identity (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS finished (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), batch INTEGER NOT NULL) STRICT;
"""
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(tuple[Span, ...]).decode


class Checkpoints:
    """The one owner is the reactor; `begin` and `finish` may be called from two of its threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._lock = threading.Lock()
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA + TALLIES_SCHEMA + PROOF_SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (secrets.token_hex(8),))
        (self._identity,) = self._db.execute("SELECT name FROM identity").fetchone()
        rows = self._db.execute("SELECT batch FROM intents UNION ALL SELECT batch FROM finished").fetchall()
        self._last_batch: int = max((batch for (batch,) in rows), default=0)

    def open_intents(self) -> list[Intent]:
        """The batches that were begun and not finished, in their order."""
        self._db.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (secrets.token_hex(8),))
        (self._identity,) = self._db.execute("SELECT name FROM identity").fetchone()
        rows = self._db.execute("SELECT batch, spans FROM intents ORDER BY batch").fetchall()
        return [self._intent(batch, _decode(spans)) for batch, spans in rows]

    def reached(self) -> dict[int, int]:
        """Per partition, the offset up to which everything is processed."""
        with self._lock:
            return dict(self._db.execute("SELECT partition, upto FROM checkpoints").fetchall())

    def finished_batch(self) -> int:
        """The number of the latest batch that is on disk with its every effect, as are all before it; 0 for none."""
        with self._lock:
            return max((batch for (batch,) in self._db.execute("SELECT batch FROM finished")), default=0)

    def next_batch(self) -> int:
        """The number that the next batch will have."""
        with self._lock:
            return self._last_batch + 1

    def begin(self, spans: Sequence[Span]) -> Intent:
        """Write down the next batch; on disk when it returns."""
        with self._lock:
            intent = self._intent(self._last_batch + 1, tuple(spans))
            self._db.execute("INSERT INTO intents VALUES (?, ?)", (intent.batch, _encode(intent.spans)))
            self._last_batch = intent.batch
            return intent

    def finish(self, intent: Intent, tallies: Sequence[Tally] = (), left: Left | None = None) -> None:
        """Move the checkpoints past a batch whose every effect is on disk, and count it; on disk when it returns."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT (partition) DO UPDATE SET upto = excluded.upto",
                [(span.partition, span.upto) for span in intent.spans],
            )
            self._db.execute("DELETE FROM intents WHERE batch = ?", (intent.batch,))
            self._db.execute(
                "INSERT INTO finished VALUES (1, ?) ON CONFLICT (only_row) DO UPDATE SET batch = excluded.batch",
                (intent.batch,),
            )
            add_tallies(self._db, tallies)
            if left is not None:
                add_left(self._db, left)
            seal_facts(self._db)

    def rows_are(self, rows: Mapping[str, int] | None) -> None:
        """How many rows the store has of each table through the finished batches; None while nobody can know it."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            forget_facts(self._db, ROWS)
            put_facts(self._db, {ROWS + table: count for table, count in (rows or {}).items()})
            seal_facts(self._db)

    def reach(self, upto: Mapping[int, int], *, batch: int = 0) -> None:
        """Take these offsets, and the batches up to that number, as processed; a repair, not the reactor's own."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", list(upto.items()))
            self._db.execute("DELETE FROM intents")
            self._db.execute("INSERT OR REPLACE INTO finished VALUES (1, ?)", (max(batch, self._last_batch),))
            seal_facts(self._db)

    def claims_are(self, sequence: int) -> None:
        """Take the claims' number as it is, though it may have been higher; a repair."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            put_facts(self._db, {CLAIMS: sequence})
            seal_facts(self._db)

    def mark(self, mark: Mark) -> None:
        """Say which data folder this belongs to."""
        with self._lock:
            write_database_mark(self._db, mark)

    def note(self, fact: str, value: int) -> None:
        """Keep a number that only rises, of proof.py."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            raise_fact(self._db, fact, value)
            seal_facts(self._db)

    def facts(self) -> dict[str, int]:
        """What is known, by name (proof.py)."""
        with self._lock:
            return read_facts(self._db)

    def _intent(self, batch: int, spans: tuple[Span, ...]) -> Intent:
        return Intent(batch, spans, f"{self._identity}-{batch}")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def read_reached(path: Path) -> dict[int, int]:
    """`Checkpoints.reached` for another process, which only looks; empty before the reactor's first start."""
    if not path.exists():
        return {}
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        return dict(db.execute("SELECT partition, upto FROM checkpoints").fetchall())
    except sqlite3.OperationalError:  # the reactor is making the file at this moment
        return {}
    finally:
        db.close()
