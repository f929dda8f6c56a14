"""docs/howto/operate.md: every line of "What happens when …" is a test that exists under that name."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_line_of_what_happens_when_is_a_test() -> None:
    page = (ROOT / "docs/howto/operate.md").read_text()
    section = page.partition("## What happens when …")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(test_\w+)`", line) for line in lines]
    assert len(lines) > 10
    assert [line for line, names in zip(lines, named, strict=True) if not names] == []
    tests = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name for names in named for name in names} - tests == set()
