"""JSON at the door: takes a body's bytes, gives its value, refuses what any later reader would read otherwise.

Later readers are orjson, msgspec and ClickHouse (simdjson); `tests/property/test_json_readers_agree.py` is the proof.
"""

from __future__ import annotations

import gc
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from milepost.domain.errors import Fault, InvalidInputError

MAX_DEPTH = 254
"""Arrays and objects may nest this deep. It is orjson's bound for writing; the readers stop at 1,000 or later."""

EMPTY_NAME = '""'
"""How a fault's path shows a member whose name is empty."""


MOST_TOKENS = 20_000
"""Names, texts, brackets and commas that are looked through for the place of a repeated name: some 10 ms."""

_LARGE = 64 * 1024
_MOST_BYTES = 1024 * 1024
_LONGEST_STEP = 200
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],]', re.DOTALL)


def strict_loads(body: bytes, *, path: str = "", subject: str = "The body") -> Any:
    """Read one JSON document, at about the speed of orjson alone.

    Refused with an InvalidInputError: everything that RFC 8259 refuses, invalid UTF-8, a byte order mark,
    lone surrogates, numbers beyond a double, nesting deeper than MAX_DEPTH, and a member name that appears
    twice in one object (readers differ in which of the two they take). Fault paths look like `data[3].plan`,
    with `path` in front; where there is no path, the message says that `subject` is wrong. The work is linear in the
    body's bytes.
    """
    try:
        value = orjson.loads(body) if len(body) < _LARGE else _loads_large(body)
    except orjson.JSONDecodeError as error:
        raise _refusal(path, f"is not valid JSON: {error}", subject) from None
    try:
        canonical = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise _refusal(path, f"is nested deeper than {MAX_DEPTH} levels", subject) from None
    if canonical != body and _repeats_a_name(body, canonical):
        place = _find_repeated_name(body, path)
        if place is None:
            raise _refusal(path, "has an object that names a member twice", subject)
        raise _refusal(place, "appears twice", subject)
    return value


def _loads_large(body: bytes) -> Any:
    """Without the garbage collector, which looks at the growing value again and again: four times the work."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return orjson.loads(body)
    finally:
        if was_enabled:
            gc.enable()


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


@dataclass(slots=True)
class _Open:
    """An array or object under way: the step that leads into it, and where in it the next value stands."""

    number: int
    step: str | int
    is_object: bool
    index: int = 0
    name: str = ""
    is_before_name: bool = True
    names: dict[str, int] = field(default_factory=dict)


def _find_repeated_name(body: bytes, path: str) -> str | None:
    """The path of the first member that appears twice, outer objects first, in the order of the document.

    None when MOST_TOKENS do not lead to one: the place is a kindness that must not cost more than the body did.
    """
    found: tuple[int, int, tuple[str | int, ...]] | None = None
    stack: list[_Open] = []
    for number, token in enumerate(islice(_TOKEN.finditer(body, 0, _MOST_BYTES), MOST_TOKENS)):
        text = token[0]
        inner = stack[-1] if stack else None
        if text in (b"{", b"["):
            step = "" if inner is None else inner.name if inner.is_object else inner.index
            stack.append(_Open(number=number, step=step, is_object=text == b"{"))
        elif text in (b"}", b"]"):
            stack.pop()
        elif inner is None:
            continue
        elif text == b",":
            inner.index += 1
            inner.is_before_name = True
        elif inner.is_object and inner.is_before_name:
            inner.is_before_name = False
            inner.name = orjson.loads(text)
            first = inner.names.setdefault(inner.name, inner.index)
            if first != inner.index:
                here = (inner.number, first, (*(one.step for one in stack[1:]), inner.name))
                found = here if found is None or here[:2] < found[:2] else found
    return None if found is None else _written(found[2], path)


def _written(steps: tuple[str | int, ...], path: str) -> str:
    brief = (step[:_LONGEST_STEP] if isinstance(step, str) else step for step in steps)
    written = path + "".join(f"[{step}]" if isinstance(step, int) else f".{step or EMPTY_NAME}" for step in brief)
    return written if path else written.removeprefix(".")


def _refusal(path: str, reason: str, subject: str) -> InvalidInputError:
    return InvalidInputError(f"{path or subject} {reason}.", faults=(Fault(path=path, reason=reason),))
