"""Takes a draft and payloads, gives what would match, what each field reads, and which rules are against a match.

Pure. The draft must have passed `check`; payloads are those that the door let through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any

import msgspec

from milepost.criteria.convert import CONVERTERS, step_into, to_slot, to_text
from milepost.criteria.evaluate import Test, evaluate
from milepost.domain.criterion import Condition, Criterion
from milepost.domain.signal import SignalDraft, SignalField


class ReadingState(StrEnum):
    """How the reading of a field went."""

    READ = "read"
    MISSING = "missing"
    NOT_CONVERTIBLE = "not_convertible"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReading:
    """What a field reads in one payload.

    `found` is the value as it is in the payload, decoded; `value` what the store would keep of it: a number for
    numbers, booleans (0, 1) and dates (Unix milliseconds), a text for texts and arrays.
    """

    field: str
    state: ReadingState
    found: Any
    value: float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedEvent:
    """What a draft makes of one payload.

    `unmet` has the paths (`rules.members[1]`) of the rules that stand against a match: each would have to turn
    out otherwise, or one of them where they are members of an `any` group. Empty exactly if `is_match`.
    """

    is_match: bool
    company: str | None
    readings: tuple[FieldReading, ...]
    unmet: tuple[str, ...]


def preview(draft: SignalDraft, events: Iterable[tuple[bytes, int]]) -> Iterator[PreviewedEvent]:
    """Run the draft over payloads, each with its time of arrival in Unix milliseconds."""
    blame = _blame(draft.rules, {field.name: field for field in draft.fields}, "rules")
    company_path = next(field.path for field in draft.fields if field.name == draft.company.field)
    for payload, arrived_ms in events:
        root = msgspec.json.decode(payload)
        unmet = tuple(blame(root, arrived_ms, True))
        yield PreviewedEvent(
            is_match=not unmet,
            company=to_text(reduce(step_into, company_path, root)) or None,
            readings=tuple(_reading(field, root) for field in draft.fields),
            unmet=unmet,
        )


def _reading(field: SignalField, root: Any) -> FieldReading:
    found = reduce(step_into, field.path, root)
    if found is None:
        state = ReadingState.MISSING
    elif CONVERTERS[field.type](found) is None:
        state = ReadingState.NOT_CONVERTIBLE
    else:
        state = ReadingState.READ
    return FieldReading(field=field.name, state=state, found=found, value=to_slot(field.type, found))


Blame = Callable[[Mapping[str, Any], int, bool], Iterator[str]]
"""Takes a payload, its arrival, and whether the criterion should hold; gives the paths of what is against that."""


def _blame(criterion: Criterion, fields: Mapping[str, SignalField], path: str) -> Blame:
    holds = evaluate(criterion, fields.values())
    if isinstance(criterion, Condition):
        return _blame_itself(holds, path)
    members = [_blame(member, fields, f"{path}.members[{index}]") for index, member in enumerate(criterion.members)]
    if not members:
        return _blame_itself(holds, path)
    wants_members = criterion.match != "none"

    def blame(root: Mapping[str, Any], arrived_ms: int, should_hold: bool) -> Iterator[str]:
        if holds(root, arrived_ms) is not should_hold:
            for member in members:
                yield from member(root, arrived_ms, should_hold is wants_members)

    return blame


def _blame_itself(holds: Test, path: str) -> Blame:
    def blame(root: Mapping[str, Any], arrived_ms: int, should_hold: bool) -> Iterator[str]:
        if holds(root, arrived_ms) is not should_hold:
            yield path

    return blame
