"""The SQLite files of a data folder: whether each is one and is whole, within a bounded time.

Takes the data folder and settings; gives faults, and changes nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from milepost.control.session import sqlite_file
from milepost.observe import paths
from milepost.operate.parts.fault import Fault, database_files, set_aside
from milepost.settings import Settings

_MOST_BYTES: Final = 256 * 1024 * 1024
"""Of a file that is read whole at a start: some tenths of a second."""
_FOLDERS: Final = ("journal", "rejections", "claims", "keys", "run", "jobs", "marks", "tls", "snapshot")
_FILES: Final = (
    "lock",
    "last-service.json",
    "backup.lock",
    "store/folder.json",
    "run/reactor.json",
    "run/service.json",
)


def open_readonly(file: Path) -> sqlite3.Connection:
    """A connection that changes nothing; sqlite3.Error if the file is none."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)


def survey_kinds(settings: Settings) -> Iterator[Fault]:
    """Folders where folders belong, files where files do, all of which this user can read."""
    data = settings.data
    control = sqlite_file(settings.control())
    for place, is_folder in [
        *((data / name, True) for name in _FOLDERS),
        *((data / name, False) for name in _FILES),
        *(
            (file, False)
            for database in (control, paths.reactor(data))
            if database
            for file in database_files(database)
        ),
        *((file, False) for folder in ("keys", "journal", "rejections", "marks") for file in _entries(data / folder)),
    ]:
        if not place.exists():
            continue
        if place.is_dir() is not is_folder:
            is_, belongs = ("a file", "a folder") if is_folder else ("a folder", "a file")
            yield Fault(part=place.name, told=f"{place} is {is_} where {belongs} belongs: move it away.")
        elif not os.access(place, os.R_OK | os.W_OK | (os.X_OK if is_folder else 0)):
            told = (
                f"{place} cannot be read or written by this user: give it back to the owner of {data}, or chmod u+rw."
            )
            yield Fault(part=place.name, told=told)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK) else []


def survey_databases(settings: Settings) -> Iterator[Fault]:
    """Every database is one, and is whole."""
    data = settings.data
    control = sqlite_file(settings.control())
    journals = sorted(paths.journal(data).glob("partition-*.sqlite"))
    rejections = sorted(paths.rejections(data).glob("*.sqlite"))
    lost_with: dict[Path, str] = {
        paths.reactor(data): "how far each journal was processed, and the counts of what signals saw",
        **dict.fromkeys(journals, "what it holds that was not processed yet"),
        **dict.fromkeys(rejections, "the refusals it holds, which are kept only to be looked at"),
    }
    if control is not None:
        lost_with[control] = "all connections, people, definitions, companies and plans"
    for file, lost in lost_with.items():
        reason = damage(file)
        if reason is not None:
            name = str(file.relative_to(data)) if file.is_relative_to(data) else str(file)
            yield Fault(
                part=name,
                told=f"{file} is damaged: {reason}.",
                gives_up=f"{lost}; the damaged file is kept in {data / 'lost'}",
                mend=lambda file=file: set_aside(data, *database_files(file)),  # type: ignore[misc]
            )


def damage(file: Path) -> str | None:
    """Why a database cannot be worked with; None if it can, or is not there. Large ones are only opened."""
    if not file.exists():
        return None
    try:
        with closing(open_readonly(file)) as db:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if file.stat().st_size <= _MOST_BYTES:
                (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
                return None if found == "ok" else str(found).replace("\n", " ")
    except sqlite3.DatabaseError as error:
        return str(error)
    return None
