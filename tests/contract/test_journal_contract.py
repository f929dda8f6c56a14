"""What every journal promises (record/journal/port.py), over every implementation."""

import asyncio
import os
from pathlib import Path

import pytest

from milepost.domain.errors import UnavailableError
from milepost.record.journal.port import Extent
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter

WRITERS = [pytest.param(SqliteJournalWriter, id="sqlite")]
ALL = 1 << 40


async def write(folder: Path, entries: list[bytes], writer_type: type[SqliteJournalWriter]) -> list[int]:
    """Append concurrently, as requests do, and give the offsets."""
    writer = writer_type(folder, 0, loop=asyncio.get_running_loop())
    try:
        return list(await asyncio.gather(*(writer.append(entry) for entry in entries)))
    finally:
        writer.close()


@pytest.mark.parametrize("writer_type", WRITERS)
def test_entries_come_back_in_the_order_and_at_the_offsets_they_were_acknowledged_with(
    tmp_path: Path, writer_type: type[SqliteJournalWriter]
) -> None:
    entries = [os.urandom(1 + n % 50) for n in range(500)]
    offsets = asyncio.run(write(tmp_path, entries, writer_type))
    assert offsets == list(range(1, 501))
    found = SqliteJournalReader(tmp_path).read(0, 0, ALL, ALL)
    assert [(located.offset, located.entry) for located in found] == list(zip(offsets, entries, strict=True))


@pytest.mark.parametrize("writer_type", WRITERS)
def test_a_writer_that_comes_back_goes_on_where_the_last_one_ended(
    tmp_path: Path, writer_type: type[SqliteJournalWriter]
) -> None:
    asyncio.run(write(tmp_path, [b"a", b"b"], writer_type))
    assert asyncio.run(write(tmp_path, [b"c"], writer_type)) == [3]


@pytest.mark.parametrize(
    ("after", "limit", "limit_bytes", "expected"),
    [
        pytest.param(0, 2, ALL, [1, 2], id="limited by count"),
        pytest.param(3, ALL, ALL, [4, 5], id="from the middle of a frame"),
        pytest.param(0, ALL, 5, [1], id="limited by bytes but never empty-handed"),
        pytest.param(5, ALL, ALL, [], id="at the end"),
    ],
)
def test_a_reader_takes_what_it_asks_for(
    tmp_path: Path, after: int, limit: int, limit_bytes: int, expected: list[int]
) -> None:
    asyncio.run(write(tmp_path, [b"x" * 10] * 5, SqliteJournalWriter))
    found = SqliteJournalReader(tmp_path).read(0, after, limit, limit_bytes)
    assert [located.offset for located in found] == expected


def test_a_partition_takes_one_writer_at_a_time(tmp_path: Path) -> None:
    async def open_twice() -> None:
        first = SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop())
        try:
            with pytest.raises(UnavailableError, match="already has a writer"):
                SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop())
        finally:
            first.close()

    asyncio.run(open_twice())


def test_what_cannot_be_queued_is_refused_at_once_and_leaves_no_gap(tmp_path: Path) -> None:
    async def overfill() -> list[int]:
        writer = SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop(), most_queued_bytes=100)
        first = writer.append(b"x" * 200)
        with pytest.raises(UnavailableError, match="does not keep up"):
            writer.append(b"y")
        offset = await first
        later = await writer.append(b"z")
        writer.close()
        return [offset, later]

    assert asyncio.run(overfill()) == [1, 2]


def test_trimming_lets_go_of_old_processed_frames_but_never_of_the_last_offset(tmp_path: Path) -> None:
    async def fill_and_trim() -> None:
        writer = SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop(), clock=lambda: 1000)
        for entry in (b"a", b"b", b"c"):
            await writer.append(entry)
        writer.trim(upto=2, written_before_ms=1000)
        writer.trim(upto=1, written_before_ms=1001)
        writer.close()

    asyncio.run(fill_and_trim())
    reader = SqliteJournalReader(tmp_path)
    assert reader.extent(0) == Extent(2, 3)

    async def trim_all() -> int:
        writer = SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop())
        writer.trim(upto=3, written_before_ms=1 << 60)
        offset = await writer.append(b"d")
        writer.close()
        return offset

    assert asyncio.run(trim_all()) == 4


def test_a_torn_tail_of_the_log_costs_only_what_was_never_acknowledged(tmp_path: Path) -> None:
    asyncio.run(write(tmp_path, [b"kept"], SqliteJournalWriter))

    async def leave_a_log_behind() -> bytes:
        writer = SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop())
        await writer.append(b"second")
        log = (tmp_path / "partition-0.sqlite-wal").read_bytes()
        writer.close()
        return log

    log = asyncio.run(leave_a_log_behind())
    (tmp_path / "partition-0.sqlite-wal").write_bytes(log[:-100])  # the machine died while this was being written
    offset = asyncio.run(write(tmp_path, [b"third"], SqliteJournalWriter))[0]
    found = [located.entry for located in SqliteJournalReader(tmp_path).read(0, 0, ALL, ALL)]
    assert found[0] == b"kept"
    assert found[-1] == b"third"
    assert offset == len(found)


def test_a_partition_that_its_writer_is_just_making_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "partition-0.sqlite").touch()
    reader = SqliteJournalReader(tmp_path)
    assert reader.partitions() == []
    asyncio.run(write(tmp_path, [b"a"], SqliteJournalWriter))
    assert (reader.partitions(), reader.extent(0)) == ([0], Extent(1, 1))
