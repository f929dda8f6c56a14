"""Where entries stand in timelines: what was recorded last is first, so that a reader meets the state that stands.

Takes entries and what a cursor holds, gives their places. What comes late goes on top, never into a page that was read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from milepost.control.repos.plan_changes import Place
from milepost.kit.clock import to_unix_ms


class Entry(Protocol):
    """Something that happened at an instant, and was recorded then or later."""

    @property
    def id(self) -> UUID:
        """Its own."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def recorded_at(self) -> datetime:
        """When it was noted."""


def place_of(entry: Entry) -> Place:
    """Where it stands."""
    return Place(to_unix_ms(entry.recorded_at), to_unix_ms(entry.at), entry.id)


def read_place(recorded_at_ms: int, at_ms: int, entry_id: str) -> Place:
    """The place that a cursor holds; ValueError or TypeError where it is none."""
    return Place(int(recorded_at_ms), int(at_ms), UUID(entry_id))
