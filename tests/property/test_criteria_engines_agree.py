"""Criteria and conversions have one meaning: the stream's engine and the store's agree on every row, on real chDB."""

import math
from functools import reduce
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from milepost.criteria import operands
from milepost.criteria.check import check
from milepost.criteria.convert import step_into, to_slot, to_text
from milepost.criteria.evaluate import evaluate
from milepost.criteria.to_sql import to_sql
from milepost.domain.criterion import Group
from milepost.domain.signal import SignalField
from milepost.testing.criteria import groups, payloads, signal_fields

NOW = 1_709_202_030_123


Case = tuple[tuple[SignalField, ...], Group, list[bytes]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Fields, a criterion over them, and payloads that have them or nearly."""
    fields = draw(signal_fields())
    return fields, draw(groups(fields)), draw(st.lists(payloads(fields), min_size=1, max_size=8))


def same(left: Any, right: Any) -> bool:
    """Equal, and of one sign where they are zero."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return bool(left == right)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
@given(cases())
def test_both_engines_agree_on_every_row(chdb_client: Client, case: Case) -> None:
    fields, criterion, events = case
    assert check(criterion, fields) == ()
    sql = to_sql(criterion, fields, company=fields[0].name, now=str(NOW))
    columns = [sql.test, f"{sql.test} AND NOT ({sql.prefilter})", sql.company, *sql.stored.values()]
    rows = chdb_client.query(
        f"WITH {sql.bindings} SELECT {', '.join(columns)} "
        "FROM (SELECT unhex(arrayJoin({events:Array(String)})) AS payload)",
        parameters={**sql.parameters, "events": [event.hex() for event in events]},
    ).result_rows
    matches = evaluate(criterion, fields)
    for event, row in zip(events, rows, strict=True):
        payload = msgspec.json.decode(event)
        values = [reduce(step_into, field.path, payload) for field in fields]
        stored = [to_slot(field.type, value) for field, value in zip(fields, values, strict=True)]
        expected = [matches(payload, NOW), False, to_text(values[0]) or None, *stored]
        for name, left, right in zip(["test", "lost by prefilter", "company", *sql.stored], expected, row, strict=True):
            assert same(left, right), f"{name} of {event.decode()}: {left!r} in the stream, {right!r} in the store"


_ATOMS = [
    "a",
    "k",
    ".",
    "é",
    "ß",
    "日",
    "😀",
    "\u017f",
    "İ",
    "[é]",
    "[^é]",
    r"\x{e9}",
    r"\pL",
    r"\w",
    r"\b",
    "(?i)",
    "^",
    "$",
]
_QUANTIFIERS = ["", "", "?", "*", "+", "{0}", "{0,1}", "{0,}", "{1,2}", "??", "*?", "+?", "{0,1}?"]
patterns = st.recursive(
    st.lists(
        st.tuples(st.sampled_from(_ATOMS), st.sampled_from(_QUANTIFIERS)).map("".join), min_size=1, max_size=4
    ).map("".join),
    lambda inside: st.one_of(
        st.tuples(
            st.sampled_from(["(", "(?:", "(?i:", "(?P<n>"]), inside, st.just(")"), st.sampled_from(_QUANTIFIERS)
        ).map("".join),
        st.tuples(inside, inside).map("".join),
        st.tuples(inside, inside).map("|".join),
        inside.map(lambda pattern: pattern + r"\Qé?"),
    ),
    max_leaves=4,
).filter(lambda pattern: operands.PATTERN.fault(pattern) is None)


@settings(max_examples=80, deadline=None)
@given(patterns, st.lists(st.text(st.sampled_from("akAKé日ß😀\u017fİs?b\n"), max_size=6), min_size=1, max_size=12))
@example("café?", ["caf", "café", "ca"])
@example("😀*", [""])
@example("é{0,1}x", ["x"])
def test_patterns_of_any_letters_match_alike(chdb_client: Client, pattern: str, texts: list[str]) -> None:
    (constant,) = operands.PATTERN.constants(pattern)
    sql = "SELECT arrayMap(x -> match(x, {pattern:String}), {texts:Array(String)})"
    ((found,),) = chdb_client.query(sql, parameters={"pattern": constant.sql, "texts": texts}).result_rows
    assert [bool(one) for one in found] == [constant.python(text) is not None for text in texts]
