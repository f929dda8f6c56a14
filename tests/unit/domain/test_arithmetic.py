"""Formulas: what is arithmetic, what is not, and what it comes to."""

from __future__ import annotations

import pytest

from milepost.domain.arithmetic import evaluate, names_in, parse, size

VALUES = {"a": 6.0, "b": 4.0, "zero": 0.0, "nothing": None, "huge": 1e200}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a / b", 1.5),
        ("a + b * 2 - 1", 13.0),
        ("(a + b) * 2", 20.0),
        ("-a", -6.0),
        ("2 / 3", 0.666667),
        ("a / zero", None),
        ("zero / a", 0.0),
        ("1 / (a / zero)", None),
        ("zero * (a / zero)", None),
        ("nothing + 1", None),
        ("nothing * 0", None),
        ("huge * huge", None),
        ("1 / (huge * huge)", 0.0),
        (" a\t", 6.0),
    ],
)
def test_a_formula_comes_to_its_value(formula: str, value: float | None) -> None:
    assert evaluate(parse(formula), VALUES) == value


@pytest.mark.parametrize(
    "formula",
    [
        *("", "a +", "a b", "a ** b", "a // b", "a % b", "f(a)", "a.b", "a[0]", "+a", "a < b", "a and b", "'a'"),
        *("True", "1j", "1e999", "a if b else 1", "lambda: a", "a := b", "a; b", "\0", "9" * 400),
        "(" * 400 + "a" + ")" * 400,
    ],
)
def test_anything_else_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match=r"is not"):
        parse(formula)


def test_a_formula_tells_its_names_and_its_size() -> None:
    node = parse("(active + 1) / seats - active")
    assert names_in(node) == {"active", "seats"}
    assert size(node) == 7
