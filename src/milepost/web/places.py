"""Where entries stand in timelines, and companies in lists by name: what a cursor holds.

In timelines what was recorded last is first, so that a reader meets the state that stands; what comes late goes on top,
never into a page that was read. A walk by name keeps to the names as of its first page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from milepost.control.repos.former_names import NamePlace
from milepost.control.repos.plan_changes import Place
from milepost.kit.clock import to_unix_ms
from milepost.web.paging import whole


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
    return Place(whole(recorded_at_ms), whole(at_ms), UUID(entry_id))


def read_name_place(mark: int, name: str, company_id: str) -> tuple[int, NamePlace]:
    """The mark of a walk by name, and the place where it is; ValueError or TypeError where the cursor holds neither."""
    if whole(mark) < 0:
        raise ValueError("no mark is below 0")
    return mark, (str(name), UUID(company_id))
