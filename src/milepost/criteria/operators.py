"""The registry of operators: for each field type and operator, its operand and its meaning in both engines.

One row is one operator; the two templates of a row stand side by side so that a reader sees they agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from milepost.criteria import operands
from milepost.criteria.operands import Operand
from milepost.domain.criterion import FieldType, Operator

ALWAYS = "always"
"""Template of what holds for every value that is there."""
NEVER = "never"
"""Template of what holds only where no value is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an operator means for a value that is there; where none is, it never holds, except `is_missing`.

    In the templates `{x}` is the converted value, `{0}`, `{1}`... are the operand's constants, `{now}` is the
    event's time of arrival in Unix milliseconds, and `{elements}` are an array's elements, each read as the type
    of the operand. User values are never part of a template's text.
    """

    operand: Operand
    python: str
    sql: str


def _same(operand: Operand, template: str) -> Rule:
    """A rule that both engines write alike."""
    return Rule(operand=operand, python=template, sql=template)


_NUMBER: dict[Operator, Rule] = {
    Operator.EQUAL: Rule(operand=operands.NUMBER, python="{x} == {0}", sql="{x} = {0}"),
    Operator.UNEQUAL: _same(operands.NUMBER, "{x} != {0}"),
    Operator.MORE_THAN: _same(operands.NUMBER, "{x} > {0}"),
    Operator.AT_LEAST: _same(operands.NUMBER, "{x} >= {0}"),
    Operator.LESS_THAN: _same(operands.NUMBER, "{x} < {0}"),
    Operator.AT_MOST: _same(operands.NUMBER, "{x} <= {0}"),
    Operator.BETWEEN: _same(operands.NUMBER_PAIR, "{x} >= {0} and {x} <= {1}"),
    Operator.IN: Rule(operand=operands.NUMBERS, python="{x} in {0}", sql="has({0}, {x})"),
}

_TEXT: dict[Operator, Rule] = {
    Operator.EQUALS: Rule(operand=operands.TEXT, python="{x} == {0}", sql="{x} = {0}"),
    Operator.NOT_EQUALS: _same(operands.TEXT, "{x} != {0}"),
    Operator.CONTAINS: Rule(operand=operands.PART, python="{0} in {x}", sql="position({x}, {0}) > 0"),
    Operator.STARTS_WITH: Rule(operand=operands.PART, python="{x}.startswith({0})", sql="startsWith({x}, {0})"),
    Operator.ENDS_WITH: Rule(operand=operands.PART, python="{x}.endswith({0})", sql="endsWith({x}, {0})"),
    Operator.IN: Rule(operand=operands.TEXTS, python="{x} in {0}", sql="has({0}, {x})"),
    Operator.MATCHES: Rule(operand=operands.PATTERN, python="{0}({x}) is not None", sql="match({x}, {0})"),
}

_BOOLEAN: dict[Operator, Rule] = {
    Operator.IS_TRUE: Rule(operand=operands.NOTHING, python="{x} == 1.0", sql="{x} = 1"),
    Operator.IS_FALSE: Rule(operand=operands.NOTHING, python="{x} == 0.0", sql="{x} = 0"),
}

_DATE: dict[Operator, Rule] = {
    Operator.BEFORE: _same(operands.DATE, "{x} < {0}"),
    Operator.AFTER: _same(operands.DATE, "{x} > {1}"),
    Operator.BETWEEN: _same(operands.DATE_PAIR, "{x} >= {0} and {x} <= {3}"),
    Operator.IN_LAST_DAYS: _same(operands.DAYS, "{x} > {now} - {0} and {x} <= {now}"),
}

_ARRAY: dict[Operator, Rule] = {
    Operator.CONTAINS: Rule(operand=operands.ELEMENT, python="{0}({x})", sql="has({elements}, {0})"),
    Operator.IS_EMPTY: Rule(operand=operands.NOTHING, python="not {x}", sql="empty({x})"),
    Operator.LENGTH_EQUAL: Rule(operand=operands.LENGTH, python="len({x}) == {0}", sql="length({x}) = {0}"),
    Operator.LENGTH_UNEQUAL: Rule(operand=operands.LENGTH, python="len({x}) != {0}", sql="length({x}) != {0}"),
    Operator.LENGTH_MORE_THAN: Rule(operand=operands.LENGTH, python="len({x}) > {0}", sql="length({x}) > {0}"),
    Operator.LENGTH_AT_LEAST: Rule(operand=operands.LENGTH, python="len({x}) >= {0}", sql="length({x}) >= {0}"),
    Operator.LENGTH_LESS_THAN: Rule(operand=operands.LENGTH, python="len({x}) < {0}", sql="length({x}) < {0}"),
    Operator.LENGTH_AT_MOST: Rule(operand=operands.LENGTH, python="len({x}) <= {0}", sql="length({x}) <= {0}"),
}

_PRESENCE: dict[Operator, Rule] = {
    Operator.EXISTS: _same(operands.NOTHING, ALWAYS),
    Operator.IS_MISSING: _same(operands.NOTHING, NEVER),
}

OPERATORS: Mapping[FieldType, Mapping[Operator, Rule]] = {
    FieldType.TEXT: _TEXT | _PRESENCE,
    FieldType.NUMBER: _NUMBER | _PRESENCE,
    FieldType.BOOLEAN: _BOOLEAN | _PRESENCE,
    FieldType.ISO_DATE: _DATE | _PRESENCE,
    FieldType.UNIX_MS_DATE: _DATE | _PRESENCE,
    FieldType.ARRAY: _ARRAY | _PRESENCE,
    FieldType.OBJECT: _PRESENCE,
}
