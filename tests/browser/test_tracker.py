"""The tracking script's own tests by its own runner: types, unit tests with budgets, Chromium against Milepost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_tracking_script_keeps_to_its_types(tracker: Path) -> None:
    command = ["npm", "run", "--silent", "check"]
    checked = subprocess.run(command, cwd=tracker, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_tracking_scripts_unit_tests_and_size_budgets_pass(tracker: Path, tmp_path: Path) -> None:
    assert _failures(tracker, "unit", tmp_path) == []


@pytest.mark.timeout(1200)
def test_the_tracking_script_keeps_its_promises_in_chromium(tracker: Path, chromium: str, tmp_path: Path) -> None:
    assert _failures(tracker, "browser", tmp_path, PYTHON=sys.executable, CHROMIUM=chromium) == []


def _failures(tracker: Path, project: str, tmp_path: Path, **settings: str) -> list[str]:
    """What failed, each with its file, its name and its message."""
    result = tmp_path / "result.json"
    ran = subprocess.run(
        ["npx", "--no", "vitest", "run", "--project", project, "--reporter=json", f"--outputFile={result}"],
        cwd=tracker,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.exists(), ran.stdout + ran.stderr
    files = json.loads(result.read_text())["testResults"]
    assert sum(len(file["assertionResults"]) for file in files) > 0, ran.stdout + ran.stderr
    broken = [f"{Path(file['name']).name}: {file['message']}" for file in files if file["message"]]
    return broken + [
        f"{Path(file['name']).name}: {test['fullName']}: {' '.join(test['failureMessages'])}"
        for file in files
        for test in file["assertionResults"]
        if test["status"] != "passed"
    ]
