"""JSON at the door: takes a body's bytes, gives its value, refuses what any later reader would read otherwise.

Later readers are orjson, msgspec and ClickHouse (simdjson); `tests/property/test_json_readers_agree.py` is the proof.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import orjson

from milepost.domain.errors import Fault, InvalidInputError

MAX_DEPTH = 254
"""Arrays and objects may nest this deep. It is orjson's bound for writing; the readers stop at 1,000 or later."""

EMPTY_NAME = '""'
"""How a fault's path shows a member whose name is empty."""


def strict_loads(body: bytes, *, path: str = "") -> Any:
    """Read one JSON document, at about the speed of orjson alone.

    Refused with an InvalidInputError: everything that RFC 8259 refuses, invalid UTF-8, a byte order mark,
    lone surrogates, numbers beyond a double, nesting deeper than MAX_DEPTH, and a member name that appears
    twice in one object (readers differ in which of the two they take). Fault paths look like `data[3].plan`,
    with `path` in front.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refusal(path, f"is not valid JSON: {error}") from None
    try:
        canonical = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise _refusal(path, f"is nested deeper than {MAX_DEPTH} levels") from None
    if canonical != body and _repeats_a_name(body, canonical):
        raise _refusal(_find_repeated_name(body, path), "appears twice")
    return value


def _repeats_a_name(body: bytes, canonical: bytes) -> bool:
    """Whether an object of `body` names a member twice, where `canonical` is the same value with each name once.

    Every member has one colon outside strings. A colon inside a string stands there as itself, in `body` maybe as
    an escape. So a member that is lost on the way is a colon that is lost, and nothing else changes their number.
    """
    colons = body.count(b":")
    if b"\\" in body:
        escapes = body.replace(b"\\\\", b"")
        colons += escapes.count(b"\\u003a") + escapes.count(b"\\u003A")
    return colons != canonical.count(b":")


class _Repeating(dict[str, Any]):
    """An object that names a member more than once; `name` is the first that it repeats."""

    name: str


def _find_repeated_name(body: bytes, path: str) -> str:
    """The path of the first member that appears twice, in the order of the document, outer objects first."""
    steps = _steps_to_repeating(json.loads(body.decode(), object_pairs_hook=_object)) or ()
    written = path + "".join(f"[{step}]" if isinstance(step, int) else f".{step or EMPTY_NAME}" for step in steps)
    return written if path else written.removeprefix(".")


def _steps_to_repeating(value: Any) -> tuple[str | int, ...] | None:
    """Recursive, which MAX_DEPTH bounds."""
    if isinstance(value, _Repeating):
        return (value.name,)
    for step, item in value.items() if isinstance(value, dict) else enumerate(value):
        if item and isinstance(item, dict | list) and (found := _steps_to_repeating(item)):
            return (step, *found)
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeating = _Repeating(members)
    times = Counter(name for name, _ in pairs)
    repeating.name = next(name for name, _ in pairs if times[name] > 1)
    return repeating


def _refusal(path: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"{path or 'The body'} {reason}.", faults=(Fault(path=path, reason=reason),))
