"""Formulas: what is arithmetic, what is not, and what it comes to."""

from __future__ import annotations

import re

import pytest

from milepost.domain.arithmetic import evaluate, names_in, parse, size

VALUES = {"a": 6.0, "b": 4.0, "e": 7.0, "zero": 0.0, "nothing": None, "huge": 1e200}


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
        ("a-b-1", 1.0),
        ("a/b/2*3", 2.25),
        ("a*-b", -24.0),
        ("-a*b--1", -23.0),
        ("--a", 6.0),
        ("((a))-(b-1)", 3.0),
        ("007 + .5 + 1. + 1e3 + 2.5E-1 + 1e+2", 1108.75),
        ("1e1-e", 3.0),
        ("a\u00a0+\nb", 10.0),
    ],
)
def test_a_formula_comes_to_its_value(formula: str, value: float | None) -> None:
    assert evaluate(parse(formula), VALUES) == value


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("", "a name, a number, - or ( must stand before the end"),
        ("a +", "a name, a number, - or ( must stand before the end"),
        ("+a", "a name, a number, - or ( must stand before '+' at character 1"),
        ("a ** b", "a name, a number, - or ( must stand before '*' at character 4"),
        ("a // b", "a name, a number, - or ( must stand before '/' at character 4"),
        ("()", "a name, a number, - or ( must stand before ')' at character 2"),
        ("a b", "'b' at character 3 follows a value; one of + - * / must stand between"),
        ("f(a)", "'(' at character 2 follows a value; one of + - * / must stand between"),
        ("(a b)", "'b' at character 4 follows a value; one of + - * / must stand between"),
        ("a if b else 1", "'if' at character 3 follows a value; one of + - * / must stand between"),
        ("(a + b", "'(' at character 1 is never closed"),
        ("a + b)", "')' at character 6 closes nothing that is open"),
        ("1e999", "'1e999' at character 1 is too large a number"),
        ("-" * 51 + "a", "'-' at character 51 is nested deeper than 50 levels"),
        ("(" * 400 + "a" + ")" * 400, "'(' at character 51 is nested deeper than 50 levels"),
        *(
            (f"b * {word}", f"{word!r} at character 5 is neither a name of letters, digits and _ nor a decimal number")
            for word in ("0x10", "1_000", "1j", "2a", "1.2.3", "#", "'a'", "a.b", "a[0]", "a;b", "a,b", "\0", "٣", "1e")
        ),
        ("a # x", "'#' at character 3 follows a value; one of + - * / must stand between"),
        ("a % b", "'%' at character 3 follows a value; one of + - * / must stand between"),
        ("a := b", "':=' at character 3 follows a value; one of + - * / must stand between"),
    ],
)
def test_anything_else_is_refused_with_where_and_why(formula: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        parse(formula)


@pytest.mark.parametrize("name", ["class", "True", "lambda", "_", "größe", "ﬁ", "e1", "e\u0301", "売上"])
def test_a_name_is_what_was_written_whatever_it_means_elsewhere(name: str) -> None:
    assert names_in(parse(f"2*{name}-1")) == {name}


@pytest.mark.parametrize("formula", ["-".join("a" * 250), "a" + "+(a" * 50 + ")" * 50, "-" * 50 + "a"])
def test_a_formula_of_any_shape_is_computed(formula: str) -> None:
    assert evaluate(parse(formula), {"a": 0.0}) == 0.0
    assert size(parse(formula)) <= 500


def test_a_formula_tells_its_names_and_its_size() -> None:
    node = parse("(active + 1) / seats - active")
    assert names_in(node) == {"active", "seats"}
    assert size(node) == 7
