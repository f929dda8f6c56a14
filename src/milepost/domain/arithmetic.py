"""The arithmetic of formulas: numbers, names, + - * / and parentheses. Pure.

Takes a formula's text; gives a tree, its names, and its value. Refuses anything else with a ValueError that says where.
"""

from __future__ import annotations

import ast
import math
import operator
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

_SIGNS: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPUTED: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else math.nan,
}


def parse(text: str) -> Node:
    """The formula as a tree; Python's own parser reads it, and only arithmetic is let through."""
    try:
        return _node(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueError(f"{text!r} is not arithmetic over names and numbers, such as (a + b) / c") from error


def _node(found: ast.expr) -> Node:
    match found:
        case ast.Name(id=name):
            return Name(name)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return Number(float(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Operation("-", Number(0.0), _node(operand))
        case ast.BinOp(op=sign, left=left, right=right) if type(sign) in _SIGNS:
            return Operation(_SIGNS[type(sign)], _node(left), _node(right))
        case _:
            part = ast.unparse(found)
            raise ValueError(f"{part!r} is not a name, a number, or two of them with + - * / between")


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
