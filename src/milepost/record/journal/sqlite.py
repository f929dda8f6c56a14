"""The journal in SQLite: one file per partition, write-ahead log, synchronous=FULL, group commit.

All entries that arrive while the disk is busy go into one row (a frame), so that a commit is one statement:
the interpreter lock is given up once per commit, not once per entry.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

import msgspec

from milepost.domain.errors import UnavailableError
from milepost.domain.event import Located
from milepost.kit.clock import Clock, system_clock
from milepost.kit.files import Told, copy_open_database
from milepost.record.high_water import HighWater
from milepost.record.journal.partition import INSERT_FRAME, extent_of, open_partition, path_of
from milepost.record.journal.port import Extent, Settle

_FRAME_BYTES: Final = 4 * 1024 * 1024
_TRIM_FRAMES: Final = 200
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode

_LARGE_BYTES: Final = 64 * 1024
"""An entry of so many bytes is not kept waiting for the end of the loop's turn."""

_BEHIND: Final = 4
"""From this part of the most queued bytes on, the writer is behind."""

Waiting = tuple[bytes, Settle]


class SqliteJournalWriter:
    """The writer of one partition (see port.py); a lock file keeps a second writer out."""

    def __init__(
        self,
        folder: Path,
        partition: int,
        *,
        loop: asyncio.AbstractEventLoop,
        most_queued_bytes: int = 64 * 1024 * 1024,
        clock: Clock = system_clock,
        high_water: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / f"partition-{partition}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise UnavailableError(f"Journal partition {partition} already has a writer.") from error
        self._db, self._offset = open_partition(path_of(folder, partition))
        self._high_water = HighWater(high_water) if high_water else None
        self._loop = loop
        self._clock = clock
        self._most_queued_bytes = most_queued_bytes
        self._queued_bytes = 0
        self._broken: UnavailableError | None = None
        self._gathered: list[Waiting] = []
        self._queue: SimpleQueue[list[Waiting] | Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._commit_until_closed, name=f"journal-{partition}")
        self._thread.start()

    def submit(self, entry: bytes, settle: Settle) -> None:
        """See the port. Must be called on the event loop."""
        if self._broken is not None:
            raise self._broken
        if self._queued_bytes > self._most_queued_bytes:
            raise UnavailableError("The disk does not keep up with what is sent; try again shortly.")
        self._queued_bytes += len(entry)
        gathered = self._gathered
        if not gathered:
            self._loop.call_soon(self._hand_over)
        gathered.append((entry, settle))
        if len(entry) >= _LARGE_BYTES:
            self._hand_over()

    def _hand_over(self) -> None:
        """What one turn of the loop has gathered goes to the disk together: a commit costs as much as ten requests."""
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def append(self, entry: bytes) -> Awaitable[int]:
        """See the port. Must be called on the event loop."""
        future: asyncio.Future[int] = self._loop.create_future()

        def settle(offset: int, error: UnavailableError | None) -> None:
            if future.done():  # the sender went away
                return
            if error is None:
                future.set_result(offset)
            else:
                future.set_exception(error)

        self.submit(entry, settle)
        return future

    @property
    def is_behind(self) -> bool:
        """See the port."""
        return self._queued_bytes * _BEHIND > self._most_queued_bytes

    def trim(self, upto: int, written_before_ms: int) -> None:
        """See the port. Done between commits, a bounded number of frames at a time."""
        self._queue.put(lambda: self._trim(upto, written_before_ms))

    def close(self) -> None:
        """See the port."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join()
        self._db.close()
        if self._high_water is not None:
            self._high_water.close()
        os.close(self._lock)

    def _commit_until_closed(self) -> None:
        is_open = True
        while is_open:
            group: list[Waiting] = []
            size = 0
            item = self._queue.get()
            while True:
                if item is None:
                    is_open = False
                elif callable(item):
                    item()
                else:
                    group += item
                    size += sum(len(entry) for entry, _ in item)
                if size >= _FRAME_BYTES or not is_open:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            if group:
                self._commit(group, size)

    def _commit(self, group: list[Waiting], size: int) -> None:
        first = self._offset + 1
        last = self._offset + len(group)
        error: UnavailableError | None = None
        frame = _encode([entry for entry, _ in group])
        try:
            self._db.execute(INSERT_FRAME, (last, len(group), self._clock(), frame, zlib.crc32(frame)))
            self._offset = last
            if self._high_water is not None:
                self._high_water.note(last)
        except sqlite3.Error as failure:
            error = UnavailableError(f"The journal cannot be written: {failure}", retry_after_seconds=5)
            if getattr(failure, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL:
                self._broken = error  # after a failed sync nobody knows what is on disk; the process must restart
        with suppress(RuntimeError):  # the loop is gone: its senders are too
            self._loop.call_soon_threadsafe(self._settle, group, first, size, error)

    def _settle(self, group: list[Waiting], first: int, size: int, error: UnavailableError | None) -> None:
        self._queued_bytes -= size
        for offset, (_, settle) in enumerate(group, first):
            settle(offset, error)

    def _trim(self, upto: int, written_before_ms: int) -> None:
        with suppress(sqlite3.Error):  # trimming again later does no harm
            self._db.execute(
                "DELETE FROM frames WHERE last_offset IN (SELECT last_offset FROM frames WHERE last_offset <= ?"
                " AND last_offset < (SELECT max(last_offset) FROM frames) AND written_at_ms < ?"
                " ORDER BY last_offset LIMIT ?)",
                (upto, written_before_ms, _TRIM_FRAMES),
            )

    @property
    def is_broken(self) -> bool:
        """Whether the file can no longer be written, so that the process had better start anew."""
        return self._broken is not None


class SqliteJournalReader:
    """Reads every partition file of a folder, each through a read-only connection. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, sqlite3.Connection] = {}
        self._made: set[int] = set()

    def partitions(self) -> Sequence[int]:
        """See the port."""
        numbers = sorted(int(file.stem.partition("-")[2]) for file in self._folder.glob("partition-*.sqlite"))
        return [number for number in numbers if number in self._made or self._is_made(number)]

    def read(self, partition: int, after: int, limit: int, limit_bytes: int) -> list[Located]:
        """See the port."""
        found: list[Located] = []
        size = 0
        rows = self._connection(partition).execute(
            "SELECT last_offset, entries, frame FROM frames WHERE last_offset > ? ORDER BY last_offset", (after,)
        )
        for last_offset, count, frame in rows:
            first = last_offset - count + 1
            for offset, entry in enumerate(_decode(frame), first):
                if offset > after:
                    if len(found) >= limit or (found and size >= limit_bytes):
                        rows.close()
                        return found
                    found.append(Located(partition, offset, entry))
                    size += len(entry)
        return found

    def extent(self, partition: int) -> Extent:
        """See the port."""
        return extent_of(self._connection(partition))

    def pin(self) -> None:
        """From now on see every partition as it is at this moment, whatever is written or trimmed."""
        for partition in self.partitions():
            self._connection(partition).execute("BEGIN")
            self.extent(partition)  # the first read is what fixes the moment

    def copy(self, folder: Path, told: Told) -> None:
        """Copy the pinned partitions into a folder that exists; they are on disk when it returns."""
        for partition, connection in self._open.items():
            copy_open_database(connection, path_of(folder, partition), told)

    def close(self) -> None:
        """See the port."""
        while self._open:
            self._open.popitem()[1].close()

    def _is_made(self, partition: int) -> bool:
        """Whether the writer, which makes the file first and the table then, has come so far."""
        made = "SELECT 1 FROM sqlite_schema WHERE name = 'frames'"
        try:
            is_made = self._connection(partition).execute(made).fetchone() is not None
        except sqlite3.OperationalError:  # it holds the file for itself while it makes it
            return False
        if is_made:
            self._made.add(partition)
        return is_made

    def _connection(self, partition: int) -> sqlite3.Connection:
        if partition not in self._open:
            path = path_of(self._folder, partition)
            self._open[partition] = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        return self._open[partition]
