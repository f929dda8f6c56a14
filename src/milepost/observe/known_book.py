"""Which revision of the connections each ingest worker knows, in small files of `<data>/run`, so that one can wait.

A worker holds a lock on its file while it lives: what a killed one left behind is told from what is true.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_SECONDS = 3.0
"""A worker looks four times a second; one that cannot, such as one without its database, keeps nobody for longer."""

_LOOK_SECONDS = 0.01
_REVISION_BYTES = 8


class KnownBook:
    """The file of one worker."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / f"worker-{os.getpid()}", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def announce(self, revision: int) -> None:
        """From now on every request sees the connections as of this revision, or a later one."""
        os.pwrite(self._file, revision.to_bytes(_REVISION_BYTES, "big"), 0)

    def close(self) -> None:
        """This worker answers no more."""
        os.close(self._file)


def wait_until_known(folder: Path, revision: int, *, most_seconds: float = MOST_SECONDS) -> bool:
    """Return True once every living worker knows the revision (at once where none lives), or False after a while."""
    until = time.monotonic() + most_seconds
    while any(known < revision for known in _known_by_the_living(folder)):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _known_by_the_living(folder: Path) -> Iterator[int]:
    for path in folder.glob("worker-*"):
        with _opened(path) as file:
            if file is not None and not _is_free(file):
                yield int.from_bytes(os.pread(file, _REVISION_BYTES, 0), "big")


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        yield file
    finally:
        os.close(file)


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
