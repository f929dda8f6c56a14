"""The journal: accepted submissions in order, one partition per writer.

A writer says "on disk" or fails; a reader sees what was written, in order, any number of times.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from milepost.domain.errors import UnavailableError
from milepost.domain.event import Located


class Extent(NamedTuple):
    """What a partition holds: offsets from `first` to `last`, both 0 when it was never written to."""

    first: int
    last: int


Settle = Callable[[int, UnavailableError | None], None]
"""Called on the loop with an entry's offset once it is on disk, or with why it is not; must not raise."""


class JournalWriter(Protocol):
    """The one writer of a partition, used from one event loop.

    Offsets start at 1 and have no gaps. `submit` raises UnavailableError at once when too much is queued, and
    `settle` gets it when the entry could not be put on disk: nothing of the entry is kept then, unless the
    disk failed while syncing, where it may be (senders that retry need idempotency keys anyway).
    """

    def submit(self, entry: bytes, settle: Settle) -> None:
        """Queue an entry; a whole group of them is settled in one turn of the loop, without a task for each."""

    def append(self, entry: bytes) -> Awaitable[int]:
        """The same for who waits: the awaitable gives the offset, or raises."""

    @property
    def is_behind(self) -> bool:
        """Whether so much is queued that it is better to let senders wait than to refuse them soon."""

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
