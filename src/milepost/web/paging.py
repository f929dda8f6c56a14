"""Pages: `{"items": [...], "next": cursor or null}`; a cursor says after what the next page begins, and is opaque.

Refuses a cursor that we did not make.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.text import first_text_fault

T = TypeVar("T")
K = TypeVar("K")
_MOST: Final = 10_413_791_999_999
"""The latest instant in milliseconds; no other number of a place is greater."""

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
    places = [_place(key(one)) for one in items]

    def read(*given: Any) -> tuple[Any, ...]:
        if places and [type(part) for part in given] != [type(part) for part in places[0]]:
            raise ValueError("another list's place")
        return given

    after = read_cursor(cursor, read)
    rest = [one for one, place in zip(items, places, strict=True) if after is None or place > after]
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
        if first_text_fault(key) is None and all(_is_part(part) for part in key):
            return read(*key)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        pass
    fault = Fault(path="cursor", reason="is not a cursor of this list; take `next` of the page before")
    raise InvalidInputError("The cursor is not valid.", faults=(fault,))


def whole(part: object) -> int:
    """The number that stands in a cursor; TypeError where it is text, which could hold any number."""
    if not isinstance(part, int):
        raise TypeError("a whole number was expected")
    return part


def _is_part(part: object) -> bool:
    match part:
        case bool() | str() | None:
            return True
        case int():
            return -_MOST <= part <= _MOST
        case float():
            return isfinite(part)
    return False
