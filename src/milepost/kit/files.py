"""Copies that are on disk when the call returns: files, folders of files, and SQLite databases in use.

Takes paths; `told` hears how many bytes were copied since it last heard. An OSError or sqlite3.Error says why not.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Told = Callable[[int], None]
_CHUNK_BYTES = 1024 * 1024
_PAGES = 256


def sync(path: Path) -> None:
    """Put a file's content, or a folder's list of names, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(source: Path, target: Path, told: Told) -> None:
    """Copy a file with its mode."""
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK_BYTES):
            writing.write(chunk)
            told(len(chunk))
        writing.flush()
        os.fsync(writing.fileno())
    shutil.copymode(source, target)


def copy_folder(source: Path, target: Path, told: Told) -> None:
    """Copy a folder with everything in it; symbolic links stay links."""
    target.mkdir(mode=0o700)
    for entry in sorted(source.iterdir()):
        copy = target / entry.name
        if entry.is_symlink():
            copy.symlink_to(entry.readlink())
        elif entry.is_dir():
            copy_folder(entry, copy, told)
        else:
            copy_file(entry, copy, told)
    sync(target)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; 0 where there is nothing."""
    if path.is_dir():
        return sum(file.lstat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    return path.stat().st_size if path.exists() else 0


def copy_database(source: Path, target: Path, told: Told) -> None:
    """Copy a SQLite database as it is at one moment, whoever writes to it meanwhile."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading:
        copy_open_database(reading, target, told)


def copy_open_database(reading: sqlite3.Connection, target: Path, told: Told) -> None:
    """Copy what the connection sees; with a transaction open on it, that is the state at the transaction's begin."""
    if not reading.in_transaction:  # without one, each change by others would make the copying begin anew
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (page_bytes,) = reading.execute("PRAGMA page_size").fetchone()
    left = -1

    def progressed(_status: int, remaining: int, total: int) -> None:
        nonlocal left
        told(((total if left < 0 else left) - remaining) * page_bytes)
        left = remaining

    target.touch(mode=0o600)
    with closing(sqlite3.connect(target)) as writing:
        reading.backup(writing, pages=_PAGES, progress=progressed)
    sync(target)
