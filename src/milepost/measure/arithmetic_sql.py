"""The arithmetic of a formula as SQL over the columns `leaf_0`, `leaf_1`, ...; gives text, no I/O.

Names are places of leaves, so that nothing a person wrote but numbers, as their shortest digits, becomes text.
"""

from __future__ import annotations

from typing import Final, NamedTuple, assert_never

from milepost.domain.arithmetic import Name, Node, Number, Operation

_DEEPEST: Final = 24
"""Operations inside one another in one expression; what lies deeper is a column of the subquery below it.

Each is about three levels of the statement's tree, of which the store allows 1,000 at most, and reads on its stack.
"""


class _Part(NamedTuple):
    """An expression, how deep it is, and how many layers of columns must lie below it."""

    sql: str
    depth: int
    layer: int


def computed(node: Node, known: str) -> str:
    """SELECT ask, at, computed: the arithmetic over the rows of `known`, which have `ask`, `at` and the leaves."""
    layers: list[list[str]] = []
    whole = _part(node, layers)
    below = known
    for columns in layers:
        below = f"SELECT *, {', '.join(columns)} FROM (\n{below}\n)"  # noqa: S608  # columns are ours
    return f"SELECT ask, at, ifNull({whole.sql}, nan) AS computed FROM (\n{below}\n)"  # noqa: S608


def _part(node: Node, layers: list[list[str]]) -> _Part:
    match node:
        case Number(value=value):
            return _Part(f"toFloat64({value!r})", 0, 0)
        case Name(name=place):
            return _Part(f"leaf_{place}", 0, 0)
        case Operation():
            return _operation(node, layers)
        case _:
            assert_never(node)


def _operation(node: Operation, layers: list[list[str]]) -> _Part:
    left, right = _part(node.left, layers), _part(node.right, layers)
    divisor = f"nullIf({right.sql}, 0)" if node.sign == "/" else right.sql
    part = _Part(f"({left.sql} {node.sign} {divisor})", max(left.depth, right.depth) + 1, max(left.layer, right.layer))
    return _column(part, layers) if part.depth >= _DEEPEST else part


def _column(part: _Part, layers: list[list[str]]) -> _Part:
    if len(layers) == part.layer:
        layers.append([])
    columns = layers[part.layer]
    name = f"part_{part.layer}_{len(columns)}"
    columns.append(f"{part.sql} AS {name}")
    return _Part(name, 0, part.layer + 1)
