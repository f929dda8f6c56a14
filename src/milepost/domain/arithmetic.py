"""The arithmetic of formulas: numbers, names, + - * / and parentheses. Pure.

Takes a formula's text; gives a tree, its names, and its value. Refuses anything else with a ValueError that says where.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """What stands for a metric's value."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`left` and `right` joined by one of + - * /."""

    sign: str
    left: Node
    right: Node


Node = Number | Name | Operation

_COMPUTED: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else math.nan,
}


_BINDS: Final = {"+": 1, "-": 1, "*": 2, "/": 2}
"""Signs that join two values: those that bind tighter are computed first, others from the left."""
_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![^\s()+*/-])"
_WORD: Final = re.compile(rf"{_NUMBER}|[()+*/-]|[^\s()+*/-]+")
_DEEPEST: Final = 50


def parse(text: str) -> Node:
    """The formula as a tree: names of letters, digits and _, decimal numbers, + - * / and parentheses."""
    reader = _Reader(text)
    node = reader.joined()
    if reader.word == ")":
        raise ValueError(f"{reader.here} closes nothing that is open")
    if reader.word:
        raise ValueError(f"{reader.here} follows a value; one of + - * / must stand between")
    return node


class _Reader:
    """Reads words from left to right; `word` is the one that comes next, empty at the end."""

    def __init__(self, text: str) -> None:
        self._words = [(found[0], found.start() + 1) for found in _WORD.finditer(text)]
        self._place = 0
        self._depth = 0

    @property
    def word(self) -> str:
        return self._words[self._place][0] if self._place < len(self._words) else ""

    @property
    def here(self) -> str:
        """The next word and where it is."""
        return f"{self.word!r} at character {self._words[self._place][1]}" if self.word else "the end"

    def joined(self, binds: int = 0) -> Node:
        """A value, and all after it that is joined to it by signs that bind tighter."""
        left = self._value()
        while _BINDS.get(sign := self.word, 0) > binds:
            self._place += 1
            left = Operation(sign, left, self.joined(_BINDS[sign]))
        return left

    def _value(self) -> Node:
        word, here = self.word, self.here
        if not word or word in "+*/)":
            raise ValueError(f"a name, a number, - or ( must stand before {here}")
        self._place += 1
        if word not in "(-":
            return _leaf(word, here)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"{here} is nested deeper than {_DEEPEST} levels")
        inside = Operation("-", Number(0.0), self._value()) if word == "-" else self._closed(here)
        self._depth -= 1
        return inside

    def _closed(self, opened: str) -> Node:
        inside = self.joined()
        if not self.word:
            raise ValueError(f"{opened} is never closed")
        if self.word != ")":
            raise ValueError(f"{self.here} follows a value; one of + - * / must stand between")
        self._place += 1
        return inside


def _leaf(word: str, here: str) -> Node:
    if word.isidentifier():
        return Name(word)
    if not re.fullmatch(_NUMBER, word):
        raise ValueError(f"{here} is neither a name of letters, digits and _ nor a decimal number")
    if not math.isfinite(value := float(word)):
        raise ValueError(f"{here} is too large a number")
    return Number(value)


def names_in(node: Node) -> set[str]:
    """The names that the formula speaks of."""
    match node:
        case Number():
            return set()
        case Name(name=name):
            return {name}
        case Operation(left=left, right=right):
            return names_in(left) | names_in(right)
        case _:
            assert_never(node)


def with_names(node: Node, replacement: Mapping[str, Node]) -> Node:
    """The formula with each name replaced by what it stands for."""
    match node:
        case Number():
            return node
        case Name(name=name):
            return replacement[name]
        case Operation(sign=sign, left=left, right=right):
            return Operation(sign, with_names(left, replacement), with_names(right, replacement))
        case _:
            assert_never(node)


def size(node: Node) -> int:
    """How many numbers, names and operations it has."""
    return 1 + size(node.left) + size(node.right) if isinstance(node, Operation) else 1


def text_of(node: Node) -> str:
    """The formula with a pair of parentheses around each operation: the same text only for the same tree."""
    match node:
        case Number(value=value):
            return repr(value)
        case Name(name=name):
            return name
        case Operation(sign=sign, left=left, right=right):
            return f"({text_of(left)}{sign}{text_of(right)})"
        case _:
            assert_never(node)


def evaluate(node: Node, values: Mapping[str, float | None]) -> float | None:
    """The value, to six decimals; None where a name has none, something is divided by zero, or it is no number.

    Computed as the store does (measure/statements.py), in 64-bit floats where NaN stands for no value.
    """
    value = _evaluate(node, values)
    return round(value * 1e6) / 1e6 if math.isfinite(value * 1e6) else None


def _evaluate(node: Node, values: Mapping[str, float | None]) -> float:
    match node:
        case Number(value=value):
            return value
        case Name(name=name):
            given = values[name]
            return math.nan if given is None else given
        case Operation(sign=sign, left=left, right=right):
            return _COMPUTED[sign](_evaluate(left, values), _evaluate(right, values))
        case _:
            assert_never(node)
