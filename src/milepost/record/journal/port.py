"""The journal: accepted submissions in order, one partition per writer.

A writer says "on disk" or fails; a reader sees what was written, in order, any number of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from milepost.domain.event import Located


class JournalWriter(Protocol):
    """The one writer of a partition."""

    def append(self, entry: bytes) -> Future[int]:
        """Queue an entry; the future gives its offset once it is on disk, or the error that kept it off."""

    def close(self) -> None:
        """Write what is queued and let go of the partition."""


class JournalReader(Protocol):
    """A reader of every partition; it never blocks a writer."""

    def partitions(self) -> Sequence[int]:
        """The partitions that exist now; more may appear."""

    def read(self, partition: int, after: int, limit: int, limit_bytes: int) -> Sequence[Located]:
        """Entries with offsets above `after`, in order: up to `limit`, and up to `limit_bytes` but at least one."""

    def last_offset(self, partition: int) -> int:
        """The highest offset on disk, 0 for none."""
