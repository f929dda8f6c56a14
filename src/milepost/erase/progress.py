"""How far the reactor is: whether everything that was accepted by some instant is processed.

Takes the journal's folder and the checkpoints' file; gives offsets by partition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from milepost.domain.errors import UnavailableError
from milepost.domain.event import Submission
from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalReader

_LOOK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 300.0
_PAGE_ENTRIES: Final = 5_000
_PAGE_BYTES: Final = 16 * 1024 * 1024
_decode_submission = msgspec.msgpack.Decoder(Submission).decode


def accepted(journal: Path) -> dict[int, int]:
    """The last offset of each partition that anything was ever written to."""
    with closing(SqliteJournalReader(journal)) as reader:
        last = {partition: reader.extent(partition).last for partition in reader.partitions()}
    return {partition: offset for partition, offset in last.items() if offset}


def arrived_by(journal: Path, checkpoints: Path, at_ms: int) -> dict[int, int]:
    """Of each partition, the last offset of what had arrived by that instant, as far as it is not processed yet.

    An entry that cannot be read does not say when it arrived; it counts with what lies before it.
    """
    last: dict[int, int] = {}
    with closing(SqliteJournalReader(journal)) as reader:
        reached = read_reached(checkpoints)
        for partition in reader.partitions():
            after, is_later = reached.get(partition, 0), False
            while entries := reader.read(partition, after, _PAGE_ENTRIES, _PAGE_BYTES):
                for entry in entries:
                    received_at_ms = _received_at_ms(entry.entry)
                    is_later = is_later if received_at_ms is None else received_at_ms > at_ms
                    if not is_later:
                        last[partition] = entry.offset
                after = entries[-1].offset
    return last


def _received_at_ms(entry: bytes) -> int | None:
    try:
        return _decode_submission(entry).received_at_ms
    except msgspec.MsgspecError:
        return None


def wait_until_processed(checkpoints: Path, upto: Mapping[int, int], told: Callable[[], None]) -> None:
    """Return once each partition is processed up to its offset; UnavailableError when that takes too long."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        reached = read_reached(checkpoints)
        if all(reached.get(partition, 0) >= offset for partition, offset in upto.items()):
            return
        if time.monotonic() > deadline:
            raise UnavailableError("What was accepted before the request is not processed yet; see /ready.")
        told()
        time.sleep(_LOOK_SECONDS)


def wait_until_settled(seconds: float, told: Callable[[], None]) -> None:
    """Give what has arrived the time to get into the journal."""
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0:
        told()
        time.sleep(min(left, _LOOK_SECONDS))
