"""How much waits to be processed, counted when it is asked."""

import asyncio
from contextlib import closing
from pathlib import Path

from milepost.operate.lag import Lag
from milepost.record.checkpoint import Checkpoints, Span
from milepost.record.journal.sqlite import SqliteJournalWriter


async def append(folder: Path, partition: int, entries: int) -> None:
    writer = SqliteJournalWriter(folder / "journal", partition, loop=asyncio.get_running_loop())
    for _ in range(entries):
        await writer.append(b"x")
    writer.close()


def test_it_knows_at_once_what_was_accepted_in_any_partition_and_what_was_processed(tmp_path: Path) -> None:
    with closing(Lag(tmp_path / "journal", tmp_path / "reactor.sqlite")) as lag:
        assert lag.now() == 0
        for partition, entries in ((0, 3), (1, 2)):
            asyncio.run(append(tmp_path, partition, entries))
        assert lag.now() == 5
        with closing(Checkpoints(tmp_path / "reactor.sqlite")) as checkpoints:
            assert lag.now() == 5
            intent = checkpoints.begin([Span(0, 0, 3), Span(1, 0, 1)])
            assert lag.now() == 5
            checkpoints.finish(intent)
            assert lag.now() == 1


def test_files_that_cannot_be_read_are_no_lag_of_zero(tmp_path: Path) -> None:
    (tmp_path / "reactor.sqlite").write_bytes(b"no database, and long enough to be read as one" * 100)
    asyncio.run(append(tmp_path, 0, 1))
    with closing(Lag(tmp_path / "journal", tmp_path / "reactor.sqlite")) as lag:
        assert lag.now() is None
