"""The laws of the layout that the import linter does not check: purity, size, words and names.

The import linter (pyproject.toml) has law 1; each list below names its exceptions with the reason beside it.
"""

import ast
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

PURE = (
    "src/milepost/domain/*.py",
    "src/milepost/criteria/*.py",
    "src/milepost/**/rules.py",
    "src/milepost/**/aggregations.py",
    "src/milepost/**/windows.py",
    "src/milepost/**/turns.py",
    "src/milepost/**/spans.py",
    "src/milepost/**/statements.py",
    "src/milepost/measure/arithmetic_sql.py",
)
"""Law 2: these take the time, ids and all else as arguments."""

PURE_IMPORTS = frozenset(
    {
        *("__future__", "abc", "ast", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum"),
        *("functools", "itertools", "math", "operator", "re", "typing", "unicodedata", "uuid"),
        *("msgspec", "pydantic", "re2"),
        "zoneinfo",  # the time zone database ships with the program and is read like code
    }
)
"""What a pure module may import from outside: nothing that reads, writes, waits or draws lots."""

PURE_NEIGHBOURS = frozenset(
    {
        "milepost.kit.clock",  # for its conversions; system_clock is among the impure names
        "milepost.kit.jsonio",  # bytes to values and nothing else
        "milepost.judge.words",  # states in words: text in, text out
    }
)
"""Modules of ours that pure ones may import beside each other; checked here as well, but for the clock."""

IMPURE_NAMES = frozenset(
    {"open", "input", "print", "uuid1", "uuid4", "uuid6", "uuid7", "uuid7_bytes", "system_clock"}
    | {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
)
"""Names that would bring in files, the terminal, the clock or chance through what may be imported."""

LONGEST_FUNCTION = 40
LONGEST_FILE = {"src": 300, "bench": 300, "tests": 400, "tracker/src": 200, "tracker/test": 300, "console/src": 200}
"""Lines, law 3. Tests have more: cases of one door or one rule read better together than apart."""

LONG_FILES = {
    "src/milepost/wiring.py": "every part is made and named in this one place",
    "src/milepost/reactor.py": "the journey in order, which is read in one place or not at all",
}

NOT_RUN = {
    "tests/conftest.py uses skip": "WebKit cannot be installed everywhere; pytest's summary says so, with the reason",
}
"""Tests that may say of themselves that they were not run."""

LONG_FUNCTIONS = {
    "src/milepost/cli/send/command.py:send": "two thirds of it declare the command's options, which Typer reads there",
    "src/milepost/cli/serve.py:serve": "half of it declares the command's options, which Typer reads there",
}

UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b|^[<>]{7} ", re.MULTILINE)
VAGUE = re.compile(r"(?:^|_)(?:utils?|helpers?|managers?|misc)(?:_|$)|(?:Utils?|Helpers?|Manager)$")


LEFT_OUT = {"node_modules", "dist", "generated", "__pycache__"}


@cache
def _files(*patterns: str) -> tuple[Path, ...]:
    """A folder that is left out is not walked through: the packages of Node are tens of thousands of files."""
    found: list[Path] = []
    for pattern in patterns:
        folder, is_deep, name = pattern.partition("/**/")
        if not is_deep:
            found += sorted(ROOT.glob(pattern))
            continue
        for place, folders, files in os.walk(ROOT / folder):
            folders[:] = sorted(set(folders) - LEFT_OUT)
            found += (Path(place, file) for file in sorted(files) if fnmatch(file, name))
    return tuple(found)


def _python() -> Iterator[tuple[str, ast.Module]]:
    for file in _files("src/**/*.py", "tests/**/*.py", "bench/**/*.py"):
        yield str(file.relative_to(ROOT)), ast.parse(file.read_text())


def _lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


def _imported(tree: ast.Module) -> Iterator[str]:
    """Every imported module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _used(tree: ast.Module) -> Iterator[str]:
    """Every name that the module uses, imported ones included; attributes also as `name.attribute`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
            if isinstance(node.value, ast.Name):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def test_pure_modules_import_nothing_that_reads_writes_or_waits() -> None:
    pure = {_module(file) for file in _files(*PURE)}
    offences = [
        f"{module} imports {name}"
        for file in _files(*PURE)
        for module, tree in [(_module(file), ast.parse(file.read_text()))]
        for name in _imported(tree)
        if name not in pure | PURE_NEIGHBOURS and name.partition(".")[0] not in PURE_IMPORTS
    ]
    assert len(pure) > 20
    assert offences == []


def test_pure_modules_ask_neither_the_clock_nor_chance_nor_a_file() -> None:
    neighbours = [ROOT / "src" / f"{name.replace('.', '/')}.py" for name in PURE_NEIGHBOURS - {"milepost.kit.clock"}]
    offences = [
        f"{file.relative_to(ROOT)} uses {name}"
        for file in (*_files(*PURE), *neighbours)
        for name in _used(ast.parse(file.read_text()))
        if name in IMPURE_NAMES
    ]
    assert offences == []


def test_no_file_is_longer_than_its_bound_but_those_with_a_reason() -> None:
    too_long = {
        str(file.relative_to(ROOT))
        for folder, most in LONGEST_FILE.items()
        for file in _files(f"{folder}/**/*.py", f"{folder}/**/*.ts", f"{folder}/**/*.tsx")
        if _lines(file) > most
    }
    assert too_long == set(LONG_FILES)


def test_no_function_is_longer_than_its_bound_but_those_with_a_reason() -> None:
    too_long = {
        f"{path}:{node.name}"
        for path, tree in _python()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert too_long == set(LONG_FUNCTIONS)


def test_every_module_says_what_it_is() -> None:
    assert [path for path, tree in _python() if not ast.get_docstring(tree)] == []


def test_no_file_holds_words_of_unfinished_work() -> None:
    kinds = ("py", "sql", "md", "ts", "tsx", "mjs", "mako", "html")
    folders = ("src", "tests", "bench", "docs", "tracker", "console", "integrations")
    marked = [
        str(file.relative_to(ROOT))
        for folder in folders
        for kind in kinds
        for file in _files(f"{folder}/**/*.{kind}", f"*.{kind}")
        if UNFINISHED.search(file.read_text())
    ]
    assert marked == []


def test_names_say_what_a_thing_does() -> None:
    of_files = [
        str(file) for file in _files("src/**/*", "tracker/src/**/*", "console/src/**/*") if VAGUE.search(file.stem)
    ]
    of_things = [
        f"{path}:{node.name}"
        for path, tree in _python()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and VAGUE.search(node.name)
    ]
    assert of_files + of_things == []


def test_tests_run_the_real_parts_and_none_is_skipped() -> None:
    offences = [
        f"{path} uses {name}"
        for path, tree in _python()
        if path.startswith("tests/")
        for name in (*_imported(tree), *_used(tree))
        if name in {"unittest.mock", "mock", "skip", "skipif", "xfail", "importorskip"}
    ]
    assert [offence for offence in offences if offence not in NOT_RUN] == []
