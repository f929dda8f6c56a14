"""Hypothesis strategies for what `criteria/` works on: nasty payloads, fields that hit them, criteria over those.

Needs the development dependencies. Payloads are JSON texts, so that the same bytes go to every engine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from hypothesis import strategies as st

from milepost.criteria.operators import OPERATORS
from milepost.domain.criterion import Condition, Criterion, FieldType, Group, Operator
from milepost.domain.signal import SignalField

NAMES = ["a", "b", "A", "TOTAL KWH", "é", "", 'q"\\', "0", "1", "a.b", "$", "\n"]
TEXTS = [
    *["", "a", "ab", "abc", "B", "é", "e\u0301", "😀", "\x00", "a\x00b", "\n", "a\nb", "'", "\\", "\\N", "\t", " a "],
    *[
        "0",
        "1",
        "-0",
        "5",
        "007",
        "5.0",
        "5.00",
        "1e3",
        "1E+3",
        "1e21",
        "1e999",
        "9" * 30,
        "9" * 401,
        "+5",
        " 5",
        ".5",
        "5.",
    ],
    *[
        "true",
        "True",
        "TRUE",
        "tRUE",
        "false",
        "yes",
        "NaN",
        "inf",
        "null",
        "0x10",
        "\u0661",
        "[1]",
        '{"a":1}',
        "[",
        "{",
    ],
    *["2024-02-29", "2023-02-29", "2024-02-29T10:20:30Z", "2024-02-29 10:20", "2024-02-29T10:20:30.1234567+02:00"],
    *[
        "2024-02-29T10:20:30-0530",
        "1899-12-31",
        "1900-01-01T00:00+23:59",
        "2299-12-31T23:59:59.999-23:59",
        "2300-01-01",
    ],
    *["2024-13-01", "2024-02-29T24:00Z", "2024-02-29T10:20:60Z", "20240229", "2024-2-9", "2024-02-29T", "2024-02-29Z"],
    *["1969-12-31T23:59:59.9999Z", "2024-02-29t10:20z", "1709202030123", "-1", "-2208988800000.5", "10413791999999.9"],
]
NUMBERS = [
    *[
        "0",
        "-0",
        "-0.0",
        "0e9",
        "1",
        "1.0",
        "-1",
        "5",
        "5.0",
        "0.5",
        "1e3",
        "1E5",
        "0.1",
        "1e-5",
        "1e-6",
        "9.99e-7",
        "1e-7",
    ],
    *["1e15", "1e16", "1e20", "1e21", "1e22", "123456789012345680000.0", "1.5e300", "1e308", "1.7976931348623157e308"],
    *["5e-324", "1e-400", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809"],
    *["18446744073709551615", "18446744073709551616", "9" * 30, "9" * 300, "1709202030123", "1709202030123.75"],
    *["-2208988800000", "-2208988800001", "-2208988800000.5", "10413791999999", "10413791999999.5", "10413792000000"],
]
PATTERNS = [
    "a",
    "^a",
    "b$",
    "a.b",
    "(?i)B",
    "^$",
    r"\d+",
    "é|😀",
    r"\x00",
    "[^a]",
    r"^\w+$",
    "a{2,}",
    r"\pL",
    "(?m)^b",
    "'",
]
DATES = [
    "2024-02-29",
    "2024-02-29T10:20:30Z",
    "1900-01-01",
    "2299-12-31T23:59:59.999Z",
    "1970-01-01",
    "2024-03-01T00:00+02:00",
]

texts = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=6))
numerals = st.one_of(
    st.sampled_from(NUMBERS),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
_scalars = st.one_of(
    texts.map(json.dumps),
    texts.map(lambda text: json.dumps(text, ensure_ascii=False)),
    numerals,
    st.sampled_from(["true", "false", "null"]),
)


def _array(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda items: f"[{','.join(items)}]")


def _object(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.dictionaries(st.sampled_from(NAMES), values, max_size=4).map(
        lambda members: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"
    )


json_values = st.recursive(_scalars, lambda values: st.one_of(_array(values), _object(values)), max_leaves=4)
payloads = _object(json_values).map(str.encode)
"""Payload objects as bytes that the door lets through."""

_paths = st.one_of(
    st.sampled_from(NAMES).map(lambda name: (name,)),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=3).map(tuple),
)


@st.composite
def signal_fields(draw: st.DrawFn) -> tuple[SignalField, ...]:
    """One to five fields named f0, f1...; the paths often lead somewhere in `payloads`."""
    types = draw(st.lists(st.sampled_from(FieldType), min_size=1, max_size=5))
    return tuple(SignalField(name=f"f{i}", path=draw(_paths), type=each) for i, each in enumerate(types))


_numbers = numerals.map(json.loads).filter(lambda number: abs(number) < 1e308)
_lengths = st.integers(0, 3)
_OPERANDS: dict[Operator, st.SearchStrategy[Any]] = {
    **dict.fromkeys((Operator.EQUALS, Operator.NOT_EQUALS), texts),
    **dict.fromkeys((Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH), texts.filter(bool)),
    Operator.MATCHES: st.sampled_from(PATTERNS),
    **dict.fromkeys((Operator.EQUAL, Operator.UNEQUAL, Operator.MORE_THAN, Operator.AT_LEAST), _numbers),
    **dict.fromkeys((Operator.LESS_THAN, Operator.AT_MOST), _numbers),
    **dict.fromkeys((Operator.BEFORE, Operator.AFTER), st.sampled_from(DATES)),
    Operator.IN_LAST_DAYS: st.integers(1, 36_600),
    **dict.fromkeys((Operator.LENGTH_EQUAL, Operator.LENGTH_UNEQUAL, Operator.LENGTH_MORE_THAN), _lengths),
    **dict.fromkeys((Operator.LENGTH_AT_LEAST, Operator.LENGTH_LESS_THAN, Operator.LENGTH_AT_MOST), _lengths),
}


def _operand(field: SignalField, operator: Operator) -> st.SearchStrategy[Any]:
    is_number = field.type is FieldType.NUMBER
    if operator is Operator.IN:
        return st.lists(_numbers if is_number else texts, min_size=1, max_size=4).map(tuple)
    if operator is Operator.BETWEEN:
        return st.lists(_numbers, min_size=2, max_size=2).map(sorted).map(tuple) if is_number else _date_pairs
    if field.type is FieldType.ARRAY and operator is Operator.CONTAINS:
        return st.one_of(texts, _numbers, st.booleans())
    return _OPERANDS.get(operator, st.none())


_date_pairs = st.tuples(st.sampled_from(["1900-01-01", "1970-01-01"]), st.sampled_from(DATES[:2] + DATES[3:4]))


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
