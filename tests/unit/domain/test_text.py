"""What a text, and what a name, may be that a person types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.domain.text import first_text_fault, name_fault, text_fault

UNNAMABLE = [
    "",
    " ",
    "\t",
    "\u3000",
    "\u00a0 ",
    "\u200b",
    "\u2800",
    "\ufeff",
    "\u3164",
    "a\nb",
    "a\r",
    "a\x00",
    "\x7f",
    "\x85",
]
UNNAMABLE += ["a\u202eb", "\u202aa", "\u2066a", "\u2069a", "a\u2028b", "\ud800", "a\udfff"]


@pytest.mark.parametrize("name", UNNAMABLE, ids=ascii)
def test_a_name_is_one_line_that_can_be_seen(name: str) -> None:
    assert name_fault(name) is not None


@pytest.mark.parametrize(
    "name", ["a", " a ", "é", "日本", "😀", "👩‍🚀", "مرحبا", "a\u200db", "`", '"a"', "%00", "\\"], ids=ascii
)
def test_a_name_may_be_of_any_letters(name: str) -> None:
    assert name_fault(name) is None


@given(st.text(st.characters(codec="utf-8")).filter(lambda text: "\x00" not in text))
def test_a_text_may_be_whatever_utf_8_can_write_but_nul(text: str) -> None:
    assert text_fault(text) is None


@given(st.text(), st.sampled_from(["\x00", "\ud800", "\udbff", "\udc00", "\udfff"]), st.text())
def test_no_text_has_nul_or_half_a_letter_wherever_it_stands(before: str, wrong: str, after: str) -> None:
    assert text_fault(before + wrong + after) is not None
    assert first_text_fault({"a": [1, None, {"b": "x"}, {"b": wrong}]}) == ("a[3].b", text_fault(wrong))
    assert first_text_fault({"a": {wrong: 1}}) == ("a", f"has a member whose name {text_fault(wrong)}")
