"""Why an event does not match, in the words a person reads."""

from typing import Any
from uuid import UUID

import pytest

from milepost.criteria.operators import OPERATORS
from milepost.criteria.words import demand
from milepost.detect.preview import preview
from milepost.detect.reasons import objections
from milepost.domain.criterion import Condition, FieldType, Group, Operator
from milepost.domain.signal import CompanyMapping, SignalDraft, SignalField

NOW = 1_709_202_030_123


def said(field_type: FieldType, rule: dict[str, Any], payload: bytes, *, match: Any = "all") -> list[str]:
    draft = SignalDraft(
        name="s",
        connection_id=UUID(int=1),
        event_key="k",
        fields=(SignalField(name="x", path=("x",), type=field_type),),
        company=CompanyMapping(field="x"),
        rules=Group(match=match, members=(Condition.model_validate({"field": "x"} | rule),)),
    )
    [event] = preview(draft, [(payload, NOW)])
    return [objection.words for objection in objections(draft, event)]


@pytest.mark.parametrize(
    ("field_type", "rule", "payload", "words"),
    [
        ("number", {"operator": ">", "value": 5}, b'{"x":"3"}', "x is 3; it must be more than 5"),
        ("number", {"operator": ">", "value": 5}, b"{}", "x is missing; it must be more than 5"),
        (
            "number",
            {"operator": ">", "value": 5},
            b'{"x":"3 seats"}',
            'x is "3 seats", which does not convert to number; it must be more than 5',
        ),
        ("number", {"operator": "in", "value": [1, 2]}, b'{"x":3.5}', "x is 3.5; it must be one of 1, 2"),
        ("text", {"operator": "equals", "value": "pro"}, b'{"x":"free"}', 'x is "free"; it must equal "pro"'),
        ("boolean", {"operator": "is_true"}, b'{"x":"FALSE"}', "x is false; it must be true"),
        (
            "iso_date",
            {"operator": "before", "value": "2024-01-01"},
            b'{"x":"2024-02-29T10:00+02:00"}',
            "x is 2024-02-29T08:00:00.000Z; it must be before 2024-01-01",
        ),
        (
            "array",
            {"operator": "contains", "value": "vip"},
            b'{"x":["a"]}',
            'x is an array of length 1; it must contain "vip"',
        ),
        ("object", {"operator": "is_missing"}, b'{"x":{}}', "x is an object; it must be missing"),
        (
            "text",
            {"operator": "exists"},
            b'{"x":{}}',
            "x is an object, which does not convert to text; it must be there",
        ),
    ],
)
def test_a_rule_that_is_not_met_says_what_was_read_and_what_it_asks_for(
    field_type: str, rule: dict[str, Any], payload: bytes, words: str
) -> None:
    assert said(FieldType(field_type), rule, payload) == [words]


def test_inside_a_none_group_the_rule_must_not_hold() -> None:
    rule = {"operator": "equals", "value": "free"}
    assert said(FieldType.TEXT, rule, b'{"x":"free"}', match="none") == ['x is "free"; it must not equal "free"']


def test_a_long_value_is_cut() -> None:
    [words] = said(FieldType.TEXT, {"operator": "equals", "value": "a"}, b'{"x":"%b"}' % (b"b" * 500))
    assert len(words) < 150


def test_a_group_without_members_says_so_itself() -> None:
    draft = SignalDraft(
        name="s",
        connection_id=UUID(int=1),
        event_key="k",
        fields=(SignalField(name="x", path=("x",), type=FieldType.TEXT),),
        company=CompanyMapping(field="x"),
        rules=Group(match="all", members=(Group(match="any", members=()),)),
    )
    [event] = preview(draft, [(b"{}", NOW)])
    [objection] = objections(draft, event)
    assert (objection.path, objection.field) == ("rules.members[0]", None)
    assert objection.words == "a group without members asks for one of none and never holds"


def test_every_operator_has_words() -> None:
    values: dict[Operator, Any] = {Operator.IN: ("a",), Operator.BETWEEN: (1, 2)}
    for operator in {operator for rules in OPERATORS.values() for operator in rules}:
        assert demand(Condition(field="x", operator=operator, value=values.get(operator, 1)), should_hold=True)
