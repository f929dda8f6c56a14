"""What answering a privacy request needs of the running service, told as one value that the wiring fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from milepost.control.session import Database
from milepost.kit.clock import Clock
from milepost.store.quiet import QuietClient


class Pausing(Protocol):
    """The reactor."""

    def catch_up(self, upto: Mapping[int, int]) -> None:
        """While it is paused: process what lies up to these offsets by partition, and nothing beyond."""

    def paused(self, patience_seconds: float) -> AbstractContextManager[None]:
        """While the block runs, no batch is under way and every one begun is settled; UnavailableError if not now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """Every place where something of somebody may lie.

    `open_store` gives a client of its own; `control_file` is None for a database server. `drop_snapshots` deletes
    what waits for a backup to take it away; UnavailableError while one is being made. `settling_seconds` is how long a
    request that has arrived may take until it is in the journal.
    """

    database: Database
    open_store: Callable[[], QuietClient]
    reactor: Pausing
    checkpoints: Path
    journal: Path
    rejections: Path
    jobs: Path
    control_file: Path | None
    drop_snapshots: Callable[[], None]
    clock: Clock
    settling_seconds: float
