"""Takes payloads of one event key, gives the fields that were seen in them: paths, types that fit, examples.

Pure. Payloads are those that the door let through; bounded, so that arbitrary keys cannot flood the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from milepost.criteria.convert import CONVERTERS, to_iso_date
from milepost.domain.criterion import FieldType

MAX_FIELDS = 500
MAX_DEPTH = 16
MAX_EXAMPLES = 3
_RECENT_MS = range(946_684_800_000, 4_102_444_800_000)
"""The years 2000 to 2099 in milliseconds: an integer in there is more likely a date than an amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedField:
    """A place where payloads have values.

    `seen` counts the payloads with a value there, null not counted; `convertible` how many of those values each
    type can read; `type` is the one that fits what was seen best. Examples are different values, as decoded.
    """

    path: tuple[str, ...]
    type: FieldType
    seen: int
    convertible: dict[FieldType, int]
    examples: tuple[Any, ...]


@dataclass(slots=True)
class _Seen:
    kinds: set[FieldType] = field(default_factory=set)
    count: int = 0
    convertible: dict[FieldType, int] = field(default_factory=lambda: dict.fromkeys(FieldType, 0))
    examples: list[Any] = field(default_factory=list)


def suggest_fields(payloads: Iterable[bytes]) -> tuple[SuggestedField, ...]:
    """Every place seen, those in most payloads first, and else in the order they were met."""
    places: dict[tuple[str, ...], _Seen] = {}
    for payload in payloads:
        for path, value in _values((), msgspec.json.decode(payload)):
            if path in places or len(places) < MAX_FIELDS:
                _note(places.setdefault(path, _Seen()), value)
    return tuple(
        SuggestedField(
            path=path,
            type=seen.kinds.pop() if len(seen.kinds) == 1 else FieldType.TEXT,
            seen=seen.count,
            convertible=seen.convertible,
            examples=tuple(seen.examples),
        )
        for path, seen in sorted(places.items(), key=lambda place: -place[1].count)
    )


def _values(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each member that is not null, objects before what is in them; arrays as a whole."""
    for name, member in value.items():
        if member is not None:
            yield (*path, name), member
            if isinstance(member, dict) and len(path) + 1 < MAX_DEPTH:
                yield from _values((*path, name), member)


def _note(seen: _Seen, value: Any) -> None:
    seen.count += 1
    seen.kinds.add(_kind(value))
    for field_type, convert in CONVERTERS.items():
        seen.convertible[field_type] += convert(value) is not None
    if len(seen.examples) < MAX_EXAMPLES and value not in seen.examples:
        seen.examples.append(value)


def _kind(value: Any) -> FieldType:
    """The type of one value by itself. A text of digits stays a text: it is more often an id than an amount."""
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, str):
        return FieldType.TEXT if to_iso_date(value) is None else FieldType.ISO_DATE
    if isinstance(value, int) and value in _RECENT_MS:
        return FieldType.UNIX_MS_DATE
    if isinstance(value, int | float):
        return FieldType.NUMBER
    return FieldType.ARRAY if isinstance(value, list) else FieldType.OBJECT
