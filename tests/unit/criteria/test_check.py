"""What a criterion may say: each fault has its path and a reason that tells how to mend it."""

from typing import Any

import pytest

from milepost.criteria.check import check, check_fields
from milepost.criteria.operators import OPERATORS
from milepost.criteria.pattern_size import pattern_size
from milepost.domain.criterion import EVERYTHING, Condition, Criterion, FieldType, Group, Operator
from milepost.domain.signal import SignalField

FIELDS = tuple(SignalField(name=each.value, path=(each.value,), type=each) for each in FieldType)


def condition(field: str, operator: str, value: Any = None) -> Condition:
    return Condition(field=field, operator=Operator(operator), value=value)


def test_a_criterion_that_says_nothing_has_no_fault() -> None:
    assert check(EVERYTHING, FIELDS) == ()


def test_faults_are_named_with_the_path_of_each() -> None:
    criterion = Group(
        match="all",
        members=(
            condition("text", "equals", "x"),
            Group(match="none", members=(condition("nobody", "exists"), condition("number", "equals", 1))),
            condition("number", "=", "1"),
        ),
    )
    faults = check(criterion, FIELDS)
    assert [fault.path for fault in faults] == [
        "rules.members[1].members[0].field",
        "rules.members[1].members[1].operator",
        "rules.members[2].value",
    ]
    assert faults[0].reason == "'nobody' is not one of the fields"
    assert faults[1].reason.startswith("'equals' is not for a field of type number; it has =, !=, >, >=")
    assert faults[2].reason == "must be a number"


@pytest.mark.parametrize(
    ("field", "operator", "value", "reason"),
    [
        ("text", "exists", "x", "takes no value"),
        ("text", "equals", None, "must be a text"),
        ("text", "equals", 5, "must be a text"),
        ("text", "equals", "\ud800", "must be valid Unicode"),
        ("text", "equals", "x" * 4097, "at most 4096 characters"),
        ("text", "contains", "", "must not be empty"),
        ("text", "in", "x", "must be a list of 1 to 1000 values"),
        ("text", "in", (), "must be a list of 1 to 1000 values"),
        ("text", "in", ("x", 1), "[1] must be a text"),
        ("text", "matches", "(", "is not a pattern: missing )"),
        ("text", "matches", "(?=x)", "is not a pattern"),
        ("text", "matches", r"(a)\1", "is not a pattern"),
        ("text", "matches", "((a{100}){100}){10}", "is not a pattern"),
        ("text", "matches", "x" * 513, "at most 512 characters"),
        ("number", "=", True, "must be a number"),
        ("number", "=", float("nan"), "within the range of a double"),
        ("number", "=", float("inf"), "within the range of a double"),
        ("number", "=", 10**400, "within the range of a double"),
        ("number", "between", (1,), "a list of two values"),
        ("number", "between", (2, 1), "the lower value first"),
        ("number", "between", (1, "2"), "[1] must be a number"),
        ("boolean", "is_true", True, "takes no value"),
        ("iso_date", "before", "yesterday", "must be a date like 2024-05-31"),
        ("iso_date", "before", 1709202030123, "must be a date like 2024-05-31"),
        ("unix_ms_date", "between", ("2024-02-01", "2024-01-01"), "the lower value first"),
        ("unix_ms_date", "in_last_days", 0, "from 1 to 36600"),
        ("unix_ms_date", "in_last_days", 1.5, "a whole number of days"),
        ("array", "length=", -1, "0 or more"),
        ("array", "length=", True, "0 or more"),
        ("array", "contains", None, "a text, a number or a boolean"),
        ("object", "exists", 1, "takes no value"),
    ],
)
def test_a_value_that_does_not_fit_its_operator_is_a_fault(field: str, operator: str, value: Any, reason: str) -> None:
    [fault] = check(Condition.model_construct(field=field, operator=Operator(operator), value=value), FIELDS)
    assert fault.path == "rules.value"
    assert reason in fault.reason


def test_groups_nest_eight_deep_and_no_deeper() -> None:
    nested: Criterion = condition("text", "exists")
    for _ in range(8):
        nested = Group(match="all", members=(nested,))
    assert check(nested, FIELDS) == ()
    [fault] = check(Group(match="all", members=(nested,)), FIELDS)
    assert fault.reason == "is nested deeper than 8 groups"


def test_more_than_200_conditions_are_a_fault() -> None:
    [fault] = check(Group(match="all", members=(condition("text", "exists"),) * 201), FIELDS)
    assert fault.reason == "has 201 conditions, of which 200 are allowed"


def test_two_fields_of_one_name_are_a_fault() -> None:
    [fault] = check_fields((FIELDS[0], FIELDS[1], FIELDS[0]))
    assert (fault.path, fault.reason) == ("fields[2].name", "repeats the field name 'text'")


@pytest.mark.parametrize("field_type", FieldType)
def test_every_field_type_can_be_asked_for_presence(field_type: FieldType) -> None:
    assert {Operator.EXISTS, Operator.IS_MISSING} <= OPERATORS[field_type].keys()


def test_every_operator_belongs_to_a_field_type() -> None:
    assert {operator for rules in OPERATORS.values() for operator in rules} == set(Operator)


@pytest.mark.parametrize(
    "patterns",
    [
        pytest.param([r"(\pL{50}){3}"] * 200, id="too large each"),
        pytest.param([r"\pL{40}"] * 200, id="good each"),
        pytest.param([r"\pL{40}"] * 2 + [r"[^\pL\pN]{30}"], id="large together"),
    ],
)
def test_patterns_that_are_too_large_together_are_refused_before_any_is_compiled(patterns: list[str]) -> None:
    members = tuple(Condition(field="text", operator=Operator.MATCHES, value=one) for one in patterns)
    [fault] = check(Group(match="any", members=members), FIELDS)
    assert fault.path == "rules"
    assert fault.reason.startswith("has patterns that are too large together")


def test_200_patterns_as_people_write_them_are_fine() -> None:
    pattern = r"^[A-Z]{2,3}-[0-9a-f]{8}(-[0-9a-f]{4}){2}@\w+\.(com|org)$"
    members = tuple(Condition(field="text", operator=Operator.MATCHES, value=pattern) for _ in range(200))
    assert check(Group(match="any", members=members), FIELDS) == ()


def test_too_many_conditions_are_counted_before_they_are_looked_at() -> None:
    members = tuple(Condition(field="text", operator=Operator.MATCHES, value="(") for _ in range(201))
    [fault] = check(Group(match="any", members=members), FIELDS)
    assert fault.reason == "has 201 conditions, of which 200 are allowed"


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("", 0),
        ("abc", 3),
        ("a{3}", 3),
        ("a{2,5}", 5),
        ("(ab){10}", 30),
        ("((a){10}){10}", 210),
        (r"\pL", 400),
        (r"\p{Greek}{4}", 1600),
        (r"\\pL", 3),
        (r"[\pL\pN]", 802),
        (r"[a{9}]", 2),
        ("[^a]{5}", 40),
        ("[ä-ü]", 8),
        ("a{2", 3),
        (")){9}", 10),
        ("[", 2),
        ("\\", 1),
    ],
)
def test_the_size_of_a_pattern_follows_what_it_compiles_to(pattern: str, size: int) -> None:
    assert pattern_size(pattern) == size
