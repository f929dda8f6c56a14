"""What counts as a name in a pasted list."""

from __future__ import annotations

import pytest

from milepost.domain.errors import InvalidInputError
from milepost.web.audience import CompanyList


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("Aa,Bb\tZz", ["Aa", "Bb", "Zz"], id="several dividers in one line"),
        pytest.param("Aa;Bb\nCc,Dd\r\nEe\rFf", ["Aa", "Bb", "Cc", "Dd", "Ee", "Ff"], id="others in each"),
        pytest.param('"Aa, Inc.";"Bb\tLtd"\n"Cc\nDd"', ["Aa, Inc.", "Bb\tLtd", "Cc\nDd"], id="quoted dividers"),
        pytest.param('"Aa ""the"" Bb", "Cc"', ['Aa "the" Bb', "Cc"], id="quotes within quotes, a blank before"),
        pytest.param('5" Pipes, 7" Pipes', ['5" Pipes', '7" Pipes'], id="quotes within a name"),
        pytest.param('"Aa, Bb', ['"Aa', "Bb"], id="a quote that nobody closes"),
        pytest.param('"Aa" Ltd,Bb', ["Aa Ltd", "Bb"], id="more after a quote"),
        pytest.param('\ufeffAa,,  ;""\n\n Aa ', ["Aa"], id="nothing, and the same again"),
        pytest.param("Aa" + '"' * 200_001 + "\nBb", ["Aa" + '"' * 200_001, "Bb"], id="very many quotes"),
    ],
)
def test_a_pasted_list_is_cut_at_every_divider_outside_quotes(text: str, names: list[str]) -> None:
    assert CompanyList(text=text).names() == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("Owner;Account\nAda;Aa, Inc.\nBen;Bb", ["Aa, Inc.", "Bb"], id="a table has one divider"),
        pytest.param('Account,Owner\n"Aa;Bb;Cc;Dd",Ada', ["Aa;Bb;Cc;Dd"], id="quoted ones do not count"),
        pytest.param("Owner\tAccount\nA,B,C,D\tAa", ["Aa"], id="that of its first line"),
        pytest.param("Owner,Account\nAda", [], id="a line without that column"),
    ],
)
def test_a_table_is_cut_at_the_divider_of_its_first_line(text: str, names: list[str]) -> None:
    wanted = CompanyList(text=text, column="Account")
    if names:
        assert wanted.names() == names
    else:
        with pytest.raises(InvalidInputError):
            wanted.names()


def test_a_table_that_is_none_is_refused() -> None:
    for text in ("Owner,Account\n" + '"' + "x" * 200_000, "Owner,Name\nAda,Aa"):
        with pytest.raises(InvalidInputError) as refused:
            CompanyList(text=text, column="Account").names()
        assert refused.value.faults[0].path.startswith("list")


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        pytest.param('Account,Owner\nAa,Ada\n"Bb,Ben\nCc,Cai\n', "list.text", "Line 3", id="a quote left open"),
        pytest.param('Account,Owner\n"Aa" Ltd,Ada\n', "list.text", "Line 2", id="text behind a quote"),
        pytest.param("Account,Owner\nAa,Ada\nBb,Inc,Ben\n", "list.text", "line 3 has 3 cells", id="a row too long"),
        pytest.param("Account,Account\nAa,Bb\n", "list.column", "twice", id="a column twice"),
    ],
)
def test_a_table_that_cannot_be_cut_for_sure_is_refused_with_its_line(text: str, path: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        CompanyList(text=text, column="Account").names()
    (fault,) = refused.value.faults
    assert fault.path == path
    assert reason in fault.reason


def test_a_table_may_be_cut_at_pipes_and_have_short_rows() -> None:
    assert CompanyList(text="Owner|Account\nAda|Aa\nBen\n\nCai|Bb|\n", column="Account").names() == ["Aa", "Bb"]
