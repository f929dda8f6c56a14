"""Claims and analytic store against what the reactor's file says of them; takes settings, gives faults.

Opens both engines, so it is for the process that is about to own them. What is read whole is bounded in bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from milepost.domain.errors import MilepostError
from milepost.observe import paths
from milepost.observe.stage import at_stage
from milepost.operate.parts import mending
from milepost.operate.parts.databases import open_readonly
from milepost.operate.parts.fault import Fault, set_aside
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.mark import Mark, read_database_mark, read_file_mark
from milepost.record.proof import CLAIMS, ROWS, read_facts
from milepost.settings import Settings
from milepost.store.client import connect, embedded_folder
from milepost.store.parts import COUNTED_TABLES, broken_parts, count_rows, detached_parts, rows_after

_MOST_CLAIMS_BYTES: Final = 16 * 1024 * 1024
"""Read whole at a start: some tenths of a second."""


class Known(NamedTuple):
    """What the reactor's file says."""

    mark: Mark | None
    facts: dict[str, int]
    finished: int
    last: int  # the latest batch that was begun


def read_known(data: Path) -> Known:
    """Nothing is known where there is no file."""
    file = paths.reactor(data)
    if not file.exists():
        return Known(None, {}, 0, 0)
    with closing(open_readonly(file)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
        facts = read_facts(db) if "facts" in names else {}
        batches = {
            name: max((batch for (batch,) in db.execute(f"SELECT batch FROM {name}")), default=0)  # noqa: S608
            for name in ("finished", "intents")
            if name in names
        }
        finished = batches.get("finished", 0)
        return Known(read_database_mark(db), facts, finished, max([finished, *batches.values()]))


def hold_store(settings: Settings, held: ExitStack) -> None:
    """Keep the store open until then, if it opens: chDB does not bear to be closed and opened again and again."""
    folder = embedded_folder(settings.store())
    at_stage(f"opening {settings.store()}")
    with suppress(MilepostError, OSError):
        if folder is not None and folder.is_dir() and any(folder.iterdir()):
            held.enter_context(closing(connect(settings.store())))


def survey_stores(settings: Settings) -> list[Fault]:
    """Every fault of the two, and of the reactor's file beside them."""
    try:
        known = read_known(settings.data)
    except sqlite3.Error as error:
        return [Fault(part="reactor.sqlite", told=f"{paths.reactor(settings.data)} cannot be read: {error}")]
    return [*survey_claims(settings.data, known), *_survey_store(settings, known)]


def survey_claims(data: Path, known: Known) -> Iterator[Fault]:
    """They are there, of this folder, and as far as they ever were."""
    folder = paths.claims(data)
    is_expected = (known.mark is not None and known.mark.is_complete) or known.finished > 0
    lost = "the memory of idempotency keys: events that are sent again with a key of before count again"

    def fault(told: str, **numbers: int) -> Fault:
        return Fault(
            part="claims", told=told, gives_up=lost, numbers=numbers, mend=lambda: mending.make_claims(data, known.mark)
        )

    if not (folder / "CURRENT").exists():
        if is_expected or (folder.exists() and any(folder.iterdir())):
            yield fault(f"{folder} is missing, or its file CURRENT is.")
        return
    at_stage(f"reading {folder}")
    try:
        with closing(RocksdbClaims(folder)) as claims:
            mark, sequence = claims.mark, claims.sequence
            claims.check(_MOST_CLAIMS_BYTES)
    except Exception as error:  # the library has no class of its own
        reason = " ".join(str(error).split())
        yield fault(f"{folder} is damaged: {reason}.")
        return
    if known.mark is None:
        return
    if (mark is None and known.mark.is_complete) or (mark is not None and mark.folder_id != known.mark.folder_id):
        yield fault(f"{folder} was made anew, or belongs to another data folder.")
    elif sequence < known.facts.get(CLAIMS, 0):
        expected = known.facts[CLAIMS]
        told = f"{folder} is an older copy, or was cut: it ends at number {sequence:,} of {expected:,}."
        yield fault(told, sequence=sequence, expected=expected)


def _survey_store(settings: Settings, known: Known) -> Iterator[Fault]:
    folder = embedded_folder(settings.store())
    place = str(folder) if folder else "The analytic store"
    is_expected = (known.mark is not None and known.mark.is_complete) or known.finished > 0
    if folder is not None:
        if not folder.is_dir() or not any(folder.iterdir()):
            if folder.exists() and not folder.is_dir():
                yield Fault(part="store", told=f"{folder} is a file where a folder belongs: move it away.")
            elif is_expected:
                yield Fault(
                    part="store",
                    told=f"{folder} is missing or empty.",
                    gives_up="the event log and everything that signals emitted",
                    numbers={name: known.facts[ROWS + name] for name in COUNTED_TABLES if ROWS + name in known.facts},
                    mend=lambda: mending.accept_store(settings),
                )
            return
        mark = read_file_mark(paths.store_mark(settings.data))
        if known.mark is not None and mark is not None and mark.folder_id != known.mark.folder_id:
            yield _store_fault(settings, f"{place} belongs to another data folder.")
            return
    try:
        with closing(connect(settings.store())) as client:
            yield from _survey_rows(settings, client, known, place)
    except MilepostError as error:
        told = f"{place} is damaged: {' '.join(error.message.split())[:600]}"
        if folder is None:
            yield Fault(part="store", told=error.message)
        else:
            yield Fault(
                part="store",
                told=told,
                gives_up="the event log and everything that signals emitted; the damaged folder is kept",
                mend=lambda: set_aside(settings.data, folder),
            )


def _store_fault(settings: Settings, told: str, gives_up: str = "", **numbers: int) -> Fault:
    lost = gives_up or "what the store of this folder held"
    mend = lambda: mending.accept_store(settings)  # noqa: E731
    return Fault(part="store", told=told, gives_up=lost, numbers=numbers, mend=mend)


def _survey_rows(settings: Settings, client: Client, known: Known, place: str) -> Iterator[Fault]:
    at_stage(f"checking the parts of {place}")
    rows = count_rows(client, COUNTED_TABLES)
    for table in COUNTED_TABLES:
        expected = known.facts.get(ROWS + table, 0)
        if rows.get(table, 0) < expected:
            detached = detached_parts(client, table)
            parts = f" Broken parts, set aside by the store: {', '.join(detached)}." if detached else ""
            told = f"{place} has {rows.get(table, 0):,} rows of {table}, but {expected:,} were written.{parts}"
            gone = expected - rows.get(table, 0)
            yield _store_fault(settings, told, f"{gone:,} rows of {table}", rows=gone)
        elif table not in rows and known.finished:
            yield _store_fault(settings, f"{place} has no table {table} any more.", f"every row of {table}")
        for part, reason in broken_parts(client, table) if table in rows else ():
            told = f"{place} is damaged: part {part} of {table}: {reason}."
            yield _store_fault(settings, told, f"the rows of part {part} of {table}")
    if embedded_folder(settings.store()) is None or "events" not in rows:
        return  # a server may hold what other folders wrote too
    after = rows_after(client, known.last)
    if after:
        yield Fault(
            part="reactor.sqlite",
            told=f"{paths.reactor(settings.data)} is an older copy, or was made anew: {place} has {after:,} events of"
            f" later batches than its last one, {known.last:,}, which would be processed and counted again.",
            gives_up="the counts of what signals saw; what is in the event log is not processed again",
            numbers={"events": after},
            mend=lambda: mending.catch_up(settings),
        )
