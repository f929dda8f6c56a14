"""What the doctor examines, and what it finds. Types alone: takes and gives nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from milepost.kit.clock import Clock
from milepost.operate.doubtful_dates import Doubtful
from milepost.operate.parts.fault import Fault
from milepost.settings import Settings


class Level(StrEnum):
    """WARNING: it works, but look at it. PROBLEM: something does not work, or will not at the next start."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found, and, unless it is fine, what to do."""

    level: Level
    subject: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A data folder, whether a service runs on it, what would stop a start, and how to ask the store: for the number
    of events, and for those with implausible dates that arrived at or after a time in Unix ms.
    """

    settings: Settings
    is_running: bool
    find_faults: Callable[[], Sequence[Fault]]
    count_events: Callable[[], int]
    doubtful_dates: Callable[[int], Sequence[Doubtful]]
    clock: Clock


Found = Iterator[tuple[Level, str]]
