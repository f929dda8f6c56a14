"""Values as the text of a template: strings bare, numbers as they were written, the rest as compact JSON.

Takes an event read by `read_event`; gives text of bounded length; refuses a result that is longer.
"""

from __future__ import annotations

from typing import Any

import msgspec

from milepost.receive.template.engine import TooCostlyError

LONGEST_OUTPUT = 4096


class Number(float):
    """A JSON number with a fraction or an exponent, which compares as a float and remembers its text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Number)
_quote = msgspec.json.Encoder().encode


def read_event(raw: bytes) -> dict[str, Any]:
    """An event for `Template.render`: integers exact, other numbers with their text.

    `raw` is valid JSON with an object at its root; anything else is the caller's mistake and raises msgspec's error.
    """
    return _decoder.decode(raw)


class Output:
    """Text that grows, up to LONGEST_OUTPUT characters."""

    __slots__ = ("_length", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    def text(self) -> str:
        """All of it."""
        return "".join(self._pieces)

    def add(self, piece: str) -> None:
        """Append, or end the rendering with TooCostlyError."""
        self._length += len(piece)
        if self._length > LONGEST_OUTPUT:
            raise _too_long()
        self._pieces.append(piece)

    def add_value(self, value: object) -> None:
        """Append a value as FACTS says: a string bare, everything else as JSON."""
        if isinstance(value, str):
            self.add(value)
        else:
            self._add_json(value)

    def _add_json(self, value: object) -> None:
        """Walks with its own stack: an event may be nested deeper than Python calls may."""
        pending: list[tuple[str, object]] = [("", value)]
        while pending:
            before, value = pending.pop()
            self.add(before)
            if isinstance(value, dict | list) and 2 * len(value) > LONGEST_OUTPUT + 2:
                raise _too_long()
            if isinstance(value, dict):
                pending.append(("}", _NOTHING))
                members = [(f"{_text_of(name)}:", member) for name, member in value.items()]
                pending.extend(_with_commas("{", members))
            elif isinstance(value, list):
                pending.append(("]", _NOTHING))
                pending.extend(_with_commas("[", [("", member) for member in value]))
            elif value is not _NOTHING:
                self.add(_text_of(value))


_NOTHING = object()


def _too_long() -> TooCostlyError:
    return TooCostlyError(f"the result would have more than {LONGEST_OUTPUT} characters")


def _with_commas(opening: str, members: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """The members as they go on a stack: last first, each behind what precedes it."""
    if not members:
        return [(opening, _NOTHING)]
    first, *rest = members
    placed = [(opening + first[0], first[1]), *((f",{name}", member) for name, member in rest)]
    return placed[::-1]


def _text_of(scalar: object) -> str:
    if isinstance(scalar, Number):
        return scalar.text
    return _quote(scalar).decode()
