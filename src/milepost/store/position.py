"""How far somebody has read what the store took in: batch by batch, within a batch by arrival.

Batches become readable one after the other and each as a whole, so who reads on from a position misses nothing and
reads nothing twice, whatever else arrives, and across restarts: batch numbers outlive the process.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.event import EventId

MOST_ITEM: Final = 65_535


class Position(NamedTuple):
    """After everything of `batch`, or after one event of it, or after one signal's emission of that event.

    Written `7`, `7.<event id>` or `7.<event id>.<signal id>`: fit for the `id` of a server-sent event.
    """

    batch: int
    event_id: EventId | None = None
    signal_id: UUID | None = None

    def __str__(self) -> str:
        return ".".join(str(part) for part in self if part is not None)

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read what `str` wrote; ValueError for anything else."""
        batch, *rest = text.split(".")
        if not (batch.isascii() and batch.isdigit() and len(batch) < 20 and len(rest) in (0, 2, 3)):
            raise ValueError(f"{text!r} is not a position in a live stream; take the `id` of what was read last")
        event_id = EventId.parse(".".join(rest[:2])) if rest else None
        if event_id and event_id.item > MOST_ITEM:
            raise ValueError(f"{text!r} names an event that no request can have")
        return cls(int(batch), event_id, UUID(rest[2]) if len(rest) == 3 else None)
