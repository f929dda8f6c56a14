"""Takes a draft and a previewed event, gives each rule that is against a match, in words and with what its field read.

Pure. The draft is the one that the event was previewed with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from milepost.criteria.words import demand, empty_group, quoted
from milepost.detect.preview import FieldReading, PreviewedEvent, ReadingState
from milepost.domain.criterion import Condition, Criterion, FieldType
from milepost.domain.signal import SignalDraft
from milepost.kit.clock import to_datetime

_MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A rule against a match: its path, its field (None for a group without members), and why, as a sentence."""

    path: str
    field: str | None
    words: str


def objections(draft: SignalDraft, event: PreviewedEvent) -> Iterator[Objection]:
    """One for each of the event's `unmet` rules."""
    types = {field.name: field.type for field in draft.fields}
    readings = {reading.field: reading for reading in event.readings}
    for path in event.unmet:
        criterion, should_hold = _at(draft.rules, path)
        if isinstance(criterion, Condition):
            found = _told(readings[criterion.field], types[criterion.field])
            words = f"{criterion.field} {found}; it {demand(criterion, should_hold=should_hold)}"
            yield Objection(path=path, field=criterion.field, words=words)
        else:
            yield Objection(path=path, field=None, words=empty_group(criterion))


def _at(rules: Criterion, path: str) -> tuple[Criterion, bool]:
    """The criterion at a path like `rules.members[1].members[0]`, and whether it should hold for a match."""
    criterion, should_hold = rules, True
    for place in map(int, re.findall(r"\[(\d+)\]", path)):
        assert not isinstance(criterion, Condition)
        should_hold = should_hold is (criterion.match != "none")
        criterion = criterion.members[place]
    return criterion, should_hold


def _told(reading: FieldReading, field_type: FieldType) -> str:
    if reading.state is ReadingState.MISSING:
        return "is missing"
    if reading.state is ReadingState.NOT_CONVERTIBLE:
        return f"is {_short(_json_like(reading.found))}, which does not convert to {field_type.value}"
    if field_type is FieldType.OBJECT:
        return "is an object"
    if field_type is FieldType.ARRAY:
        return f"is an array of length {len(reading.found)}"
    return f"is {_short(_converted(reading.value, field_type))}"


def _converted(value: float | str | None, field_type: FieldType) -> str:
    if isinstance(value, float):
        if field_type is FieldType.BOOLEAN:
            return quoted(value != 0)
        if field_type in (FieldType.ISO_DATE, FieldType.UNIX_MS_DATE):
            return to_datetime(int(value)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return quoted(value)


def _json_like(found: object) -> str:
    if isinstance(found, dict):
        return "an object"
    return "an array" if isinstance(found, list) else quoted(found)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
