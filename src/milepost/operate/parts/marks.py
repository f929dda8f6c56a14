"""Which data folder each part says it belongs to; takes settings, gives marks, and writes those that are missing.

Marking bears being interrupted at any moment: a part without a mark is only missed once every part has had one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from milepost.control.folder import MarkedFolder, read_folder, remark_folder, write_folder
from milepost.control.session import Database, open_database, sqlite_file
from milepost.kit.clock import system_clock
from milepost.kit.crypto import load_key
from milepost.observe import paths
from milepost.operate.parts.databases import open_readonly
from milepost.record.checkpoint import Checkpoints
from milepost.record.journal.mending import mark_partition
from milepost.record.mark import (
    Mark,
    decode_mark,
    encode_mark,
    read_database_mark,
    read_file_mark,
    write_file_mark,
)
from milepost.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the parts say that no engine need be opened for. `control` is also None where there is no database."""

    control: MarkedFolder | None
    reactor: Mark | None
    keys: Mark | None
    journals: Mapping[Path, Mark]
    store: Mark | None

    def _all(self) -> Iterator[Mark]:
        control = decode_mark(self.control.mark.encode()) if self.control else None
        yield from (mark for mark in (control, self.reactor, self.keys, self.store) if mark)
        yield from self.journals.values()

    @property
    def is_complete(self) -> bool:
        """Whether every part has had the mark."""
        return any(mark.is_complete for mark in self._all())

    @property
    def folder(self) -> Mark | None:
        """The folder that most parts belong to; None before the first start that marks."""
        marks = [replace_complete(mark, self.is_complete) for mark in self._all()]
        return Counter(marks).most_common(1)[0][0] if marks else None


def replace_complete(mark: Mark, is_complete: bool) -> Mark:
    """The same mark, complete or not."""
    return Mark(folder_id=mark.folder_id, created_at_ms=mark.created_at_ms, is_complete=is_complete)


def read_marks(settings: Settings) -> Marks:
    """Of every part that is there; its databases must be readable."""
    data = settings.data
    journals = {file: _of_database(file) for file in sorted(paths.journal(data).glob("partition-*.sqlite"))}
    return Marks(
        control=read_control(settings),
        reactor=_of_database(paths.reactor(data)),
        keys=read_file_mark(paths.keys_mark(data)),
        journals={file: mark for file, mark in journals.items() if mark},
        store=read_file_mark(paths.store_mark(data)),
    )


def _of_database(file: Path) -> Mark | None:
    if not file.exists():
        return None
    with closing(open_readonly(file)) as db:
        return read_database_mark(db)


def has_control(settings: Settings) -> bool:
    """Whether there is a control database; one on a server always counts as there."""
    file = sqlite_file(settings.control())
    return file is None or file.exists()


def read_control(settings: Settings) -> MarkedFolder | None:
    """What the control database says; None if it is not there, or of a version that did not mark."""
    if not has_control(settings):
        return None
    with closing(open_database(settings.control())) as database, database.read() as session:
        return read_folder(session) if has_table(session, "folder") else None


def has_table(session: Session, name: str) -> bool:
    """Whether the database has come so far."""
    return inspect(session.connection()).has_table(name)


def mark_files(settings: Settings, database: Database) -> None:
    """Mark the control database, the keys, the reactor's file and the journal, as far as they are not marked."""
    data = settings.data
    marks = read_marks(settings)
    mark = marks.folder or Mark(folder_id=uuid4().hex, created_at_ms=system_clock())
    if marks.control is None:
        secrets_key, tokens_key = load_key(paths.secrets_key(data)), load_key(paths.tokens_key(data))
        with database.write() as session:
            write_folder(session, encode_mark(mark).decode(), secrets_key, tokens_key)
    if marks.keys is None:
        write_file_mark(paths.keys_mark(data), mark)
    if marks.reactor is None:
        with closing(Checkpoints(paths.reactor(data))) as checkpoints:
            checkpoints.mark(mark)
    for file in paths.journal(data).glob("partition-*.sqlite"):
        if file not in marks.journals:
            mark_partition(file, mark)


def complete_marks(settings: Settings, database: Database) -> None:
    """Every part has been marked: from now on, one without a mark was lost or made anew."""
    marks = read_marks(settings)
    if marks.folder is None:
        return
    mark = replace_complete(marks.folder, is_complete=True)
    with database.write() as session:
        remark_folder(session, encode_mark(mark).decode())
    write_file_mark(paths.keys_mark(settings.data), mark)
    with closing(Checkpoints(paths.reactor(settings.data))) as checkpoints:
        checkpoints.mark(mark)
