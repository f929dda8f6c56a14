"""How far the reactor is: whether everything that was accepted by some instant is processed.

Takes the journal's folder and the checkpoints' file; gives offsets by partition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from milepost.domain.errors import UnavailableError
from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalReader

_LOOK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 300.0


def accepted(journal: Path) -> dict[int, int]:
    """The last offset of each partition that anything was ever written to."""
    with closing(SqliteJournalReader(journal)) as reader:
        last = {partition: reader.extent(partition).last for partition in reader.partitions()}
    return {partition: offset for partition, offset in last.items() if offset}


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
