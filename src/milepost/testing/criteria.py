"""Hypothesis strategies for what `criteria/` works on: fields, nasty payloads that hit them, criteria over them.

Needs the development dependencies. Payloads are JSON texts, so that the same bytes go to every engine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from hypothesis import strategies as st

from milepost.criteria.convert import is_index
from milepost.criteria.operators import OPERATORS
from milepost.domain.criterion import Condition, Criterion, FieldType, Group, Operator
from milepost.domain.signal import SignalField
from milepost.testing.values import DATE_TEXTS, MILLISECONDS, NUMERALS, PATTERNS, TEXTS

NAMES = ["a", "b", "A", "TOTAL KWH", "é", "", 'q"\\', "0", "1", "a.b", "`", "\n"]

texts = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=6))
numerals = st.one_of(
    st.sampled_from(NUMERALS),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
_instants = st.datetimes().map(lambda instant: instant.isoformat())
_dates = st.one_of(st.sampled_from(DATE_TEXTS), _instants, _instants.map(lambda text: f"{text}+05:45"))
_strings = st.one_of(texts.map(json.dumps), texts.map(lambda text: json.dumps(text, ensure_ascii=False)))
_scalars = st.one_of(_strings, numerals, st.sampled_from(["true", "false", "null"]))


def _array(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda items: f"[{','.join(items)}]")


def _object(members: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"


def _objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(st.sampled_from(NAMES), values, max_size=3).map(_object)


json_values = st.recursive(_scalars, lambda values: st.one_of(_array(values), _objects(values)), max_leaves=4)

_VALUES: dict[FieldType, st.SearchStrategy[str]] = {
    FieldType.TEXT: _scalars,
    FieldType.NUMBER: st.one_of(numerals, numerals.map(json.dumps)),
    FieldType.BOOLEAN: st.sampled_from(["true", "false", "1", "0", "1.0", "-0.0", '"true"', '"FALSE"', '"-0"', '"0"']),
    FieldType.ISO_DATE: _dates.map(json.dumps),
    FieldType.UNIX_MS_DATE: st.one_of(
        st.sampled_from(MILLISECONDS), st.floats(-3e12, 1.1e13).map(repr), st.sampled_from(MILLISECONDS).map(json.dumps)
    ),
    FieldType.ARRAY: _array(json_values),
    FieldType.OBJECT: _objects(json_values),
}
_PATHS = st.one_of(
    st.sampled_from(NAMES).map(lambda name: (name,)),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=3).map(tuple),
)


@st.composite
def signal_fields(draw: st.DrawFn) -> tuple[SignalField, ...]:
    """One to four fields named f0, f1..., at the root and deeper."""
    types = draw(st.lists(st.sampled_from(FieldType), min_size=1, max_size=4))
    return tuple(SignalField(name=f"f{i}", path=draw(_PATHS), type=each) for i, each in enumerate(types))


@st.composite
def payloads(draw: st.DrawFn, fields: Sequence[SignalField]) -> bytes:
    """A payload object that the door lets through, with a value at the path of most fields, often of their type."""
    root: dict[str, Any] = {}
    for field in fields:
        node = root
        for step in field.path[:-1]:
            inner = node.get(step)
            node[step] = inner if isinstance(inner, dict) else {}
            node = node[step]
        if draw(st.integers(0, 9)):
            node[field.path[-1]] = draw(_VALUES[field.type] if draw(st.integers(0, 3)) else json_values)
    return _written(root, draw(st.booleans()), is_root=True).encode()


def _written(node: Any, as_arrays: bool, *, is_root: bool = False) -> str:
    """The JSON text of a tree whose leaves are JSON texts; objects with only places as names may become arrays."""
    if isinstance(node, str):
        return node
    members = {name: _written(value, as_arrays) for name, value in node.items()}
    if as_arrays and not is_root and members and all(map(is_index, members)):
        return f"[{','.join(members.get(str(place), 'null') for place in range(1 + max(map(int, members))))}]"
    return _object(members)


_numbers = numerals.map(json.loads).filter(lambda number: abs(number) < 1e308)
_good_dates = st.sampled_from(["1900-01-01", "1970-01-01", "2024-02-29", "2024-02-29T10:20:30Z", "2299-12-31"])
_lengths = st.integers(0, 3)
_OPERANDS: dict[Operator, st.SearchStrategy[Any]] = {
    **dict.fromkeys((Operator.EQUALS, Operator.NOT_EQUALS), texts),
    **dict.fromkeys((Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH), texts.filter(bool)),
    Operator.MATCHES: st.sampled_from(PATTERNS),
    **dict.fromkeys((Operator.EQUAL, Operator.UNEQUAL, Operator.MORE_THAN, Operator.AT_LEAST), _numbers),
    **dict.fromkeys((Operator.LESS_THAN, Operator.AT_MOST), _numbers),
    **dict.fromkeys((Operator.BEFORE, Operator.AFTER), _good_dates),
    Operator.IN_LAST_DAYS: st.integers(1, 36_600),
    **dict.fromkeys((Operator.LENGTH_EQUAL, Operator.LENGTH_UNEQUAL, Operator.LENGTH_MORE_THAN), _lengths),
    **dict.fromkeys((Operator.LENGTH_AT_LEAST, Operator.LENGTH_LESS_THAN, Operator.LENGTH_AT_MOST), _lengths),
}


def _operand(field: SignalField, operator: Operator) -> st.SearchStrategy[Any]:
    one = _numbers if field.type is FieldType.NUMBER else texts
    if operator is Operator.IN:
        return st.lists(one, min_size=1, max_size=4).map(tuple)
    if operator is Operator.BETWEEN and field.type is FieldType.NUMBER:
        return st.lists(_numbers, min_size=2, max_size=2).map(sorted).map(tuple)
    if operator is Operator.BETWEEN:
        return st.lists(_good_dates, min_size=2, max_size=2).map(sorted).map(tuple)
    if field.type is FieldType.ARRAY and operator is Operator.CONTAINS:
        return st.one_of(texts, _numbers, st.booleans())
    return _OPERANDS.get(operator, st.none())


@st.composite
def conditions(draw: st.DrawFn, fields: Sequence[SignalField]) -> Condition:
    """A condition without fault on one of the fields."""
    field = draw(st.sampled_from(fields))
    operator = draw(st.sampled_from([*OPERATORS[field.type]]))
    return Condition(field=field.name, operator=operator, value=draw(_operand(field, operator)))


def groups(fields: Sequence[SignalField]) -> st.SearchStrategy[Group]:
    """Nested groups of conditions without fault over the fields."""
    matches: list[Literal["all", "any", "none"]] = ["all", "any", "none"]

    def group(members: st.SearchStrategy[Criterion]) -> st.SearchStrategy[Group]:
        return st.builds(Group, match=st.sampled_from(matches), members=st.lists(members, max_size=3).map(tuple))

    inner: st.SearchStrategy[Criterion] = st.recursive(conditions(fields), group, max_leaves=4)
    return group(inner)
