"""The journal against the checkpoints and against what was acknowledged; takes a data folder, gives faults."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from milepost.observe import paths
from milepost.operate.parts.databases import open_readonly
from milepost.operate.parts.fault import Fault, database_files, set_aside
from milepost.record.checkpoint import Checkpoints, Span, read_reached
from milepost.record.high_water import read_high_water
from milepost.record.journal.mending import frame_extent, skip_to
from milepost.record.journal.port import Extent

_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of what waits to be processed, whose checksums are looked at: some hundredths of a second."""
_spans = msgspec.msgpack.Decoder(tuple[Span, ...]).decode


def survey_journals(data: Path) -> Iterator[Fault]:
    """Nothing that was acknowledged is missing, and nothing that waits was altered."""
    reached = read_reached(paths.reactor(data))
    begun = _begun(paths.reactor(data))
    noted = _noted(data)
    files = {_number(file): file for file in paths.journal(data).glob("partition-*.sqlite")}
    for partition in sorted({*reached, *begun, *noted, *files}):
        file = paths.journal(data) / f"partition-{partition}.sqlite"
        extent = _extent(file)
        known = max(reached.get(partition, 0), begun.get(partition, 0), noted.get(partition, 0))
        yield from _short(data, file, extent, known, reached.get(partition, 0))
        yield from _gap(data, partition, extent, reached.get(partition, 0))
        yield from _altered(data, file, reached.get(partition, 0))


def _short(data: Path, file: Path, extent: Extent, known: int, done: int) -> Iterator[Fault]:
    if extent.last >= known:
        return
    gone = known - max(extent.last, done)
    found = f"ends at request {extent.last:,}" if file.exists() else "is missing"
    yield Fault(
        part=f"journal/{file.name}",
        told=f"{file} {found}, but requests up to {known:,} were acknowledged, and up to {done:,} processed:"
        f" it was lost, cut, or is an older copy.",
        gives_up=f"{gone:,} acknowledged requests that were not processed",
        numbers={"requests": gone, "acknowledged": known, "processed": done},
        mend=lambda: skip_to(file, known),
    )


def _gap(data: Path, partition: int, extent: Extent, done: int) -> Iterator[Fault]:
    if extent.first <= done + 1:
        return
    gone = extent.first - 1 - done
    yield Fault(
        part=f"journal/partition-{partition}.sqlite",
        told=f"Partition {partition} of the journal begins at request {extent.first:,}, but {paths.reactor(data)} says"
        f" that it was processed only up to {done:,}: {gone:,} requests between are gone, or reactor.sqlite is older.",
        gives_up=f"{gone:,} requests between, unless they were processed",
        numbers={"requests": gone},
        mend=lambda: _pass_over(data, partition, extent.first - 1),
    )


def _pass_over(data: Path, partition: int, upto: int) -> None:
    with closing(Checkpoints(paths.reactor(data))) as checkpoints:
        checkpoints.reach({partition: upto})


def _altered(data: Path, file: Path, done: int) -> Iterator[Fault]:
    size = 0
    if not file.exists():
        return
    with closing(open_readonly(file)) as db:
        if not any(column[1] == "checksum" for column in db.execute("PRAGMA table_info(frames)")):
            return
        waiting = "SELECT last_offset, entries, frame, checksum FROM frames WHERE last_offset > ? ORDER BY last_offset"
        for last, entries, frame, checksum in db.execute(waiting, (done,)):
            if checksum is not None and zlib.crc32(frame) != checksum:
                yield Fault(
                    part=f"journal/{file.name}",
                    told=f"{file} is damaged: requests {last - entries + 1:,} to {last:,} are not what was written.",
                    gives_up=f"everything in it from request {done + 1:,} on; the file is kept in {data / 'lost'}",
                    numbers={"requests": entries},
                    mend=lambda: set_aside(data, *database_files(file)),
                )
                return
            size += len(frame)
            if size > _MOST_BYTES:
                return


def _extent(file: Path) -> Extent:
    if not file.exists():
        return Extent(0, 0)
    with closing(open_readonly(file)) as db:
        return frame_extent(db)


def _begun(reactor: Path) -> dict[int, int]:
    if not reactor.exists():
        return {}
    found: dict[int, int] = {}
    with closing(open_readonly(reactor)) as db:
        try:
            rows = db.execute("SELECT spans FROM intents").fetchall()
        except sqlite3.OperationalError:  # made at this moment, and without a table yet
            return {}
    for (spans,) in rows:
        for span in _spans(spans):
            found[span.partition] = max(found.get(span.partition, 0), span.upto)
    return found


def _noted(data: Path) -> dict[int, int]:
    files = paths.high_water(data, 0).parent.glob("journal-*")
    noted = {int(number): read_high_water(file) for file in files if (number := file.name.partition("-")[2]).isdigit()}
    return {partition: offset for partition, offset in noted.items() if offset is not None}


def _number(file: Path) -> int:
    return int(file.stem.partition("-")[2])
