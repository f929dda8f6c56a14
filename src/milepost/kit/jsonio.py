"""JSON at the door: takes a body's bytes, gives its value, refuses what any later reader would read otherwise.

Later readers are orjson, msgspec and ClickHouse (simdjson); `tests/property/test_json_readers_agree.py` is the proof.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from milepost.domain.errors import Fault, InvalidInputError

MAX_DEPTH = 254
"""Arrays and objects may nest this deep. It is orjson's bound for writing; the readers stop at 1,000 or later."""


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
    if canonical != body and _may_repeat_a_name(body, canonical):
        _refuse_repeated_names(body, path)
    return value


def _may_repeat_a_name(body: bytes, canonical: bytes) -> bool:
    """False only if no object of `body` names a member twice, for which `canonical` has each name once.

    Every member has one colon outside strings, and a colon inside a string stands there as itself unless it
    is written as an escape. So, without such escapes, a lost member is a lost colon.
    """
    if b"\\" in body and b"\\u003" in body:
        return True
    return body.count(b":") != canonical.count(b":")


class _Repeated(dict[str, Any]):
    """An object that names a member more than once."""

    name: str


def _refuse_repeated_names(body: bytes, path: str) -> None:
    document = json.loads(body.decode(), object_pairs_hook=_object)
    pending = [(path, document)]
    while pending:
        at, value = pending.pop()
        if isinstance(value, _Repeated):
            raise _refusal(_member(at, value.name), "appears twice")
        if isinstance(value, dict):
            pending.extend((_member(at, name), item) for name, item in reversed(value.items()))
        elif isinstance(value, list):
            pending.extend((f"{at}[{index}]", item) for index, item in reversed([*enumerate(value)]))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeated = _Repeated(members)
    seen: set[str] = set()
    repeated.name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return repeated


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _refusal(path: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"{path or 'The body'} {reason}.", faults=(Fault(path=path, reason=reason),))
