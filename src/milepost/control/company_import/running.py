"""A whole file: tried without a change, or imported chunk by chunk, each in a transaction with its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from milepost.control.company_import.applying import apply, load
from milepost.control.company_import.deciding import Decider, ImportLine, Known
from milepost.control.company_import.reading import CompanyFile, FileRow
from milepost.control.pace import companies_at_once
from milepost.control.repos.auto_assign import copies_of_new_companies
from milepost.control.repos.import_lines import add_lines, last_line
from milepost.control.session import Database
from milepost.kit.clock import Clock
from milepost.kit.ids import uuid7

CHUNK: Final = 200
"""Lines in one transaction at most: a writer beside it waits for a tenth of a second."""


def try_import(database: Database, file: CompanyFile, clock: Clock) -> Iterator[ImportLine]:
    """What each line would do; companies that would be created have no id."""
    decider, known = Decider(lambda: uuid7(clock())), Known()
    invented: set[UUID] = set()
    for rows in _chunks(file, CHUNK):
        with database.read() as session:
            load(session, rows, known)
        decider.begin(known)
        for line in map(decider.decide, rows):
            invented |= decider.effects.created.keys()
            yield line.model_copy(update={"company_id": None}) if line.company_id in invented else line


class Import:
    """An import under way; `job_id` is whose report it writes."""

    def __init__(self, database: Database, clock: Clock, *, job_id: UUID, actor: str) -> None:
        self._database = database
        self._clock = clock
        self._job_id = job_id
        self._actor = actor

    def run(self, file: CompanyFile) -> Iterator[int]:
        """Do it; gives how many rows are done after each chunk. Goes on after the last line in the report.

        Rows that are done already are decided once more, without effects, so that later ones cannot contradict them.
        """
        decider = Decider(lambda: uuid7(self._clock()))
        with self._database.read() as session:
            reached = last_line(session, self._job_id)
            size = min(CHUNK, companies_at_once(copies_of_new_companies(session)))
        done = 0
        for rows in _chunks(file, size):
            self._settle(decider, [row for row in rows if row.line <= reached], is_done=True)
            self._settle(decider, [row for row in rows if row.line > reached], is_done=False)
            done += len(rows)
            yield done

    def _settle(self, decider: Decider, rows: Sequence[FileRow], *, is_done: bool) -> None:
        if not rows:
            return
        known = Known()
        if is_done:
            with self._database.read() as session:
                load(session, rows, known)
            decider.begin(known)
            for row in rows:
                decider.decide(row)
            return
        with self._database.write() as session:
            load(session, rows, known)
            decider.begin(known)
            lines = [decider.decide(row) for row in rows]
            apply(session, decider.effects, actor=self._actor, now_ms=self._clock())
            add_lines(session, self._job_id, lines)


def _chunks(file: CompanyFile, size: int) -> Iterator[Sequence[FileRow]]:
    rows = file.rows()
    while chunk := tuple(islice(rows, size)):
        yield chunk
