"""Pages: `{"items": [...], "next": cursor or null}`; a cursor says after what the next page begins, and is opaque.

Refuses a cursor that we did not make.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.text import first_text_fault

T = TypeVar("T")
K = TypeVar("K")

Cursor = Annotated[str | None, Query(description="`next` of the page before; absent for the first page.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many items at most.")]


class Page(BaseModel, Generic[T]):
    """Some items, and where the next ones begin."""

    items: list[T]
    next: str | None = None


ShortLimit = Annotated[int, Query(ge=1, le=1000, description="How many items at most; there are seldom more.")]


def some_of(
    items: Sequence[T], cursor: str | None, limit: int, key: Callable[[T], tuple[str | int | UUID, ...]]
) -> Page[T]:
    """A page of a list that is short enough to be read whole, in the order of the key."""
    after = read_cursor(cursor, lambda *place: place)
    rest = [one for one in items if after is None or _place(key(one)) > _place(after)]
    return page_of(rest[: limit + 1], limit, key)


def _place(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(str(part) if isinstance(part, UUID) else part for part in key)


def page_of(items: Sequence[T], limit: int, key: Callable[[T], tuple[str | int | UUID, ...]]) -> Page[T]:
    """A page from up to `limit + 1` items: the one too many says that there is a next page, after `key(last)`."""
    shown = list(items[:limit])
    return Page(items=shown, next=write_cursor(key(shown[-1])) if len(items) > limit else None)


def write_cursor(key: tuple[str | int | float | UUID | None, ...]) -> str:
    """The cursor for the page after the item with this key."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, read: Callable[..., K]) -> K | None:
    """What `read` makes of the key that the cursor holds; InvalidInputError when it makes nothing of it."""
    if cursor is None:
        return None
    try:
        key: list[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if first_text_fault(key) is None:
            return read(*key)
    except (ValueError, TypeError, AttributeError):
        pass
    fault = Fault(path="cursor", reason="is not a cursor of this list; take `next` of the page before")
    raise InvalidInputError("The cursor is not valid.", faults=(fault,))
