"""Every example and every bound of docs/reference/jsonpath.md is what the code does."""

import re
from pathlib import Path

import pytest

from milepost.domain.errors import InvalidInputError
from milepost.receive.dialects.custom_metadata import LARGEST_TEMPLATED
from milepost.receive.template import compile_template, engine, grammar, output, read_event

PAGE = (Path(__file__).parents[2] / "docs/reference/jsonpath.md").read_text()
EVENT = read_event(PAGE.split("```json event\n")[1].split("```")[0].encode())
CELL = re.compile(r"(?<!\\)\|")


def _rows(last_heading: str) -> list[tuple[str, str]]:
    """The last two cells of each row of the tables whose last column has that heading."""
    rows: list[tuple[str, str]] = []
    heading = ""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
        if not cells:
            heading = ""
        elif not heading:
            heading = cells[-1]
        elif heading == last_heading and not cells[0].startswith("---"):
            rows.append((_unquoted(cells[-2]), _unquoted(cells[-1])))
    return rows


def _unquoted(cell: str) -> str:
    return cell.strip("`").replace("\\|", "|").replace("⏎", "\n") if cell.startswith("`") else cell


@pytest.mark.parametrize(("template", "result"), _rows("result"))
def test_the_example_gives_its_result(template: str, result: str) -> None:
    assert compile_template(template).render(EVENT) == (None if result == "(nothing)" else result)


@pytest.mark.parametrize(("template", "reason"), _rows("reason"))
def test_the_example_is_refused_for_its_reason(template: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        compile_template(template)
    assert refusal.value.message == reason


def test_the_bounds_are_those_of_the_code() -> None:
    assert [int(bound.replace(",", "")) for _, bound in _rows("bound")] == [
        grammar.LONGEST_TEMPLATE,
        grammar.MOST_SELECTORS,
        grammar.MOST_LOGICAL_OPERATORS,
        grammar.DEEPEST_NESTING,
        LARGEST_TEMPLATED,
        engine.DEEPEST_DESCENT,
        engine.MOST_STEPS,
        output.LONGEST_OUTPUT,
        engine.LONGEST_PATTERN,
    ]


def test_the_page_has_examples() -> None:
    assert len(_rows("result")) > 40
    assert len(_rows("reason")) > 5
