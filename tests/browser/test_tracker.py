"""The tracking script's own tests by its own runner: types, unit tests with budgets; the other files have browsers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def test_the_tracking_script_keeps_to_its_types(tracker: Path) -> None:
    command = ["npm", "run", "--silent", "check"]
    checked = subprocess.run(command, cwd=tracker, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_tracking_scripts_unit_tests_and_size_budgets_pass(vitest: Callable[..., list[str]]) -> None:
    assert vitest("unit") == []


def test_every_file_of_browser_tests_is_run_by_a_file_beside_this_one(tracker: Path) -> None:
    folder = tracker / "test" / "browser"
    there = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.test.ts"))
    run = re.findall(r'"([\w/-]+\.test\.ts)"', "".join(file.read_text() for file in sorted(HERE.glob("test_*.py"))))
    assert sorted(run) == there
