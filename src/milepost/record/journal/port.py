"""The journal: accepted submissions in order, one partition per writer.

A writer says "on disk" or fails; a reader sees what was written, in order, any number of times.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol

from milepost.domain.event import Located


class Extent(NamedTuple):
    """What a partition holds: offsets from `first` to `last`, both 0 when it was never written to."""

    first: int
    last: int


class JournalWriter(Protocol):
    """The one writer of a partition, used from one event loop.

    Offsets start at 1 and have no gaps. `append` raises UnavailableError at once when too much is queued, and
    the awaitable raises it when the entry could not be put on disk: nothing of the entry is kept then, unless the
    disk failed while syncing, where it may be (senders that retry need idempotency keys anyway).
    """

    def append(self, entry: bytes) -> Awaitable[int]:
        """Queue an entry; the awaitable gives its offset once it is on disk."""

    def trim(self, upto: int, written_before_ms: int) -> None:
        """Let go of entries up to that offset that are older than that time; whole frames only."""

    def close(self) -> None:
        """Put on disk what is queued, and let go of the partition."""


class JournalReader(Protocol):
    """A reader of every partition; it never blocks a writer."""

    def partitions(self) -> Sequence[int]:
        """The partitions that exist now; more may appear."""

    def read(self, partition: int, after: int, limit: int, limit_bytes: int) -> list[Located]:
        """Entries above `after`, in order, at most `limit`; stops once `limit_bytes` is passed, never empty-handed."""

    def extent(self, partition: int) -> Extent:
        """The offsets on disk."""

    def close(self) -> None:
        """Let go of every partition."""
