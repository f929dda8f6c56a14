"""The journal and the rejections without somebody: no trace in the files, and everything else goes on."""

import asyncio
import secrets
from pathlib import Path
from uuid import UUID

import pytest

from milepost.domain.errors import Fault
from milepost.domain.rejection import Rejection, RejectionFilter
from milepost.kit.ids import uuid7
from milepost.record.forget import find_mentioning, forget_mentioning
from milepost.record.journal.port import Extent
from milepost.record.journal.purge import count_processed, purge_processed
from milepost.record.journal.sqlite import SqliteJournalReader, SqliteJournalWriter
from milepost.record.rejections import RejectionReader, RejectionWriter

NOW = 1_763_750_000_000


@pytest.fixture
def marker() -> bytes:
    return secrets.token_hex(16).encode()


def append(folder: Path, *entries: bytes) -> None:
    """One frame each."""

    async def write() -> None:
        writer = SqliteJournalWriter(folder, 0, loop=asyncio.get_running_loop())
        for entry in entries:
            await writer.append(entry)
        writer.close()

    asyncio.run(write())


def lies_in(folder: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_processed_entries_leave_no_trace_and_the_others_stay(tmp_path: Path, marker: bytes) -> None:
    append(tmp_path, b"first " + marker, b"second " + marker, b"third")
    reader = SqliteJournalReader(tmp_path)
    assert count_processed(tmp_path, {0: 2}) == 2
    assert purge_processed(tmp_path, {0: 2}) == 2
    assert not lies_in(tmp_path, marker)
    assert [(found.offset, found.entry) for found in reader.read(0, 0, 9, 99)] == [(3, b"third")]
    assert (reader.extent(0), count_processed(tmp_path, {0: 2})) == (Extent(3, 3), 0)
    reader.close()


def test_offsets_go_on_after_everything_has_been_purged_twice(tmp_path: Path, marker: bytes) -> None:
    append(tmp_path, b"first", b"second " + marker)
    assert (purge_processed(tmp_path, {0: 2}), purge_processed(tmp_path, {0: 2})) == (2, 0)
    assert not lies_in(tmp_path, marker)
    reader = SqliteJournalReader(tmp_path)
    assert reader.extent(0) == Extent(3, 2)  # a state from before needs entries that are gone
    append(tmp_path, b"third")
    assert [found.offset for found in reader.read(0, 0, 9, 99)] == [3]
    reader.close()


def test_a_writer_at_work_and_a_reader_between_two_reads_do_not_stand_in_the_way(tmp_path: Path, marker: bytes) -> None:
    async def write() -> list[int]:
        writer = SqliteJournalWriter(tmp_path, 0, loop=asyncio.get_running_loop())
        offsets = [await writer.append(b"first " + marker)]
        reader = SqliteJournalReader(tmp_path)
        reader.read(0, 0, 9, 99)
        await asyncio.to_thread(purge_processed, tmp_path, {0: 1})
        offsets.append(await writer.append(b"second"))
        assert [found.entry for found in reader.read(0, 0, 9, 99)] == [b"second"]
        assert not lies_in(tmp_path, marker)
        reader.close()
        writer.close()
        return offsets

    assert asyncio.run(write()) == [1, 2]


def refused(at_ms: int, excerpt: str) -> Rejection:
    fault = Fault(path="data", reason="must be an array")
    return Rejection(
        id=uuid7(at_ms),
        connection_id=UUID(int=7),
        received_at_ms=at_ms,
        door="events",
        status=400,
        code="invalid_input",
        reason="no",
        faults=(fault,),
        excerpt=excerpt,
    )


def test_rejections_that_mention_somebody_leave_no_trace(tmp_path: Path, marker: bytes) -> None:
    writer = RejectionWriter(tmp_path, 0, most_per_connection=9, keep_ms=10**9)
    secret = f'{{"user": "ada", "note": "{marker.decode()}'
    writer.write([refused(NOW, secret), refused(NOW + 1, '{"user": "adam"'), refused(NOW + 2, "ada")], NOW)
    assert [one.excerpt for one in find_mentioning(tmp_path, r"\bada\b", NOW + 1)] == [secret]
    assert forget_mentioning(tmp_path, r"\bada\b", NOW + 1) == 1
    assert not lies_in(tmp_path, marker)
    reader = RejectionReader(tmp_path, keep_ms=10**9, clock=lambda: NOW)
    kept = reader.page(RejectionFilter(), older_than=None, limit=9)
    assert [one.excerpt for one in kept] == ["ada", '{"user": "adam"']
    writer.write([refused(NOW + 3, "later")], NOW)
    writer.close()
