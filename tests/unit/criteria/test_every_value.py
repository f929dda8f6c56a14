"""Every operator over every value that readers tend to disagree about: both engines agree, value by value."""

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from milepost.criteria.check import check
from milepost.criteria.convert import to_iso_date, to_slot, to_text
from milepost.criteria.evaluate import evaluate
from milepost.criteria.operators import OPERATORS
from milepost.criteria.to_sql import to_sql
from milepost.domain.criterion import EVERYTHING, Condition, FieldType, Operator
from milepost.domain.signal import SignalField
from milepost.testing.values import DATE_TEXTS, MILLISECONDS, NUMERALS, PATTERNS, TEXTS

NOW = 1_709_202_030_123
SCALARS = [
    *map(json.dumps, TEXTS + DATE_TEXTS + NUMERALS + MILLISECONDS),
    *NUMERALS,
    *MILLISECONDS,
    "true",
    "false",
    "null",
]
ARRAYS = ["[]", "[[]]", "[{}]", "[null]", *(f"[{scalar}]" for scalar in SCALARS), f"[{','.join(SCALARS)}]"]
VALUES = [*SCALARS, *ARRAYS, "{}", '{"x":1}', '{"0":"y"}']
PAYLOADS = [b"{}", *(f'{{"x":{value}}}'.encode() for value in VALUES)]
DECODED = [msgspec.json.decode(payload) for payload in PAYLOADS]

NUMBERS = [*map(json.loads, ["0", "-1", "5", "0.5", "1e21", "1709202030123", "9007199254740993"])]
DATES = [
    "2024-02-29",
    "1900-01-01",
    "2299-12-31",
    "2024-02-29T10:20:30Z",
    "1970-01-01T00:00Z",
    "2024-02-29T10:20+02:00",
]
LENGTHS = [0, 1, 2]
PARTS = [text for text in TEXTS[:40] if text]
OPERANDS: dict[Operator, list[Any]] = {
    **dict.fromkeys((Operator.EQUALS, Operator.NOT_EQUALS), TEXTS[:40]),
    **dict.fromkeys((Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH), PARTS),
    Operator.IN: [tuple(TEXTS[:40])],
    Operator.MATCHES: PATTERNS,
    **dict.fromkeys((Operator.EQUAL, Operator.UNEQUAL, Operator.MORE_THAN), NUMBERS),
    **dict.fromkeys((Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST), NUMBERS),
    **dict.fromkeys((Operator.BEFORE, Operator.AFTER), DATES),
    Operator.IN_LAST_DAYS: [1, 30, 36_600],
    **dict.fromkeys((Operator.LENGTH_EQUAL, Operator.LENGTH_UNEQUAL, Operator.LENGTH_MORE_THAN), LENGTHS),
    **dict.fromkeys((Operator.LENGTH_AT_LEAST, Operator.LENGTH_LESS_THAN, Operator.LENGTH_AT_MOST), LENGTHS),
}


def operands(field_type: FieldType, operator: Operator) -> list[Any]:
    if field_type is FieldType.NUMBER and operator is Operator.IN:
        return [tuple(NUMBERS)]
    if operator is Operator.BETWEEN:
        return [(-1, 5), (0.5, 0.5)] if field_type is FieldType.NUMBER else [("1970-01-01", "2024-02-29")]
    if field_type is FieldType.ARRAY and operator is Operator.CONTAINS:
        return [*TEXTS[:40], *NUMBERS, True, False]
    return OPERANDS.get(operator, [None])


def stored(client: Client, columns: list[str], bindings: str, parameters: Any) -> Sequence[Sequence[Any]]:
    rows: Sequence[Sequence[Any]] = client.query(
        f"WITH {bindings} SELECT {', '.join(columns)} FROM (SELECT unhex(arrayJoin({{all:Array(String)}})) AS payload)",
        parameters={**parameters, "all": [payload.hex() for payload in PAYLOADS]},
    ).result_rows
    return rows


def exactly(value: Any) -> Any:
    """The value, told apart from another only in the sign of zero."""
    return (value, math.copysign(1, value)) if isinstance(value, float) else value


@pytest.mark.parametrize("path", [("x",), ("x", "0"), ("x", "x")], ids=".".join)
def test_every_value_is_converted_alike(path: tuple[str, ...], chdb_client: Client) -> None:
    fields = [SignalField(name=each.value, path=path, type=each) for each in FieldType]
    sql = to_sql(EVERYTHING, fields, company="text")
    rows = stored(chdb_client, [sql.company, *sql.stored.values()], sql.bindings, sql.parameters)
    for payload, root, row in zip(PAYLOADS, DECODED, rows, strict=True):
        value = reached(root, path)
        expected = [to_text(value) or None, *(to_slot(each, value) for each in FieldType)]
        assert list(map(exactly, row)) == list(map(exactly, expected)), payload


def reached(root: Any, path: tuple[str, ...]) -> Any:
    """Written out here once more, without the code under test."""
    value = root
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        else:
            value = value[0] if isinstance(value, list) and step == "0" and value else None
    return value


@pytest.mark.parametrize(
    ("field_type", "operator"), [(each, operator) for each, rules in OPERATORS.items() for operator in rules]
)
def test_every_operator_holds_alike(field_type: FieldType, operator: Operator, chdb_client: Client) -> None:
    field = SignalField(name="x", path=("x",), type=field_type)
    for operand in operands(field_type, operator):
        condition = Condition(field="x", operator=operator, value=operand)
        assert check(condition, [field]) == ()
        sql = to_sql(condition, [field], now=str(NOW))
        rows = stored(chdb_client, [sql.test, sql.prefilter], sql.bindings, sql.parameters)
        in_store = [bool(test) for test, _ in rows]
        holds = evaluate(condition, [field])
        in_stream = [holds(root, NOW) for root in DECODED]
        assert [p for p, left, right in zip(PAYLOADS, in_stream, in_store, strict=True) if left != right] == [], operand
        assert [p for p, (test, prefilter) in zip(PAYLOADS, rows, strict=True) if test and not prefilter] == [], operand


@pytest.mark.parametrize("name", ["null", "NULL", "x y", "a.b", "`", "\\", "size0", "é", "1", "", "'"])
def test_a_member_of_any_name_is_read_alike(name: str, chdb_client: Client) -> None:
    fields = [SignalField(name="x", path=(name,), type=FieldType.TEXT)]
    payloads = [msgspec.json.encode({name: "v"}), b"{}", msgspec.json.encode({name: 7})]
    sql = to_sql(Condition(field="x", operator=Operator.EXISTS), fields, company="x")
    rows = chdb_client.query(
        f"WITH {sql.bindings} SELECT {sql.test}, {sql.prefilter}, {sql.company}"
        " FROM (SELECT unhex(arrayJoin({all:Array(String)})) AS payload)",
        parameters={**sql.parameters, "all": [payload.hex() for payload in payloads]},
    ).result_rows
    assert [tuple(row) for row in rows] == [(1, 1, "v"), (0, 0, None), (1, 1, "7")]


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        ("2299-12-31T23:59:59.999Z", True),
        ("2299-12-31T23:59:59-01:00", False),
        ("1900-01-01T00:00:00Z", True),
        ("1900-01-01T00:00:00+05:00", False),
    ],
)
def test_an_offset_does_not_lead_out_of_the_years_there_are(text: str, is_date: bool) -> None:
    assert (to_iso_date(text) is not None) == is_date
