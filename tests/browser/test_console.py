"""The console by its own runner: types and lint, unit tests with budgets, and Chromium against a real service."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from milepost.testing.service import ADMIN_EMAIL, ADMIN_PASSWORD, running_service

CONSOLE = Path(__file__).parents[2] / "console"
STATIC = CONSOLE.parent / "src" / "milepost" / "static" / "console"
SOURCES = ("src/**/*", "public/*", "build/*", "*.json", "*.ts", "*.html")


@pytest.fixture(scope="session")
def console() -> Path:
    """The console's folder with its packages, built and in its place in the package."""
    if shutil.which("npm") is None:
        pytest.fail("Node with npm is missing. Install it: apt-get install --yes nodejs npm")
    with (CONSOLE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CONSOLE / "node_modules" / ".package-lock.json").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=CONSOLE, check=True)
        built = [STATIC / "index.html", CONSOLE / "dist" / "index.html"]
        newest = max(file.stat().st_mtime for pattern in SOURCES for file in CONSOLE.glob(pattern))
        if any(not file.exists() or file.stat().st_mtime < newest for file in built):
            subprocess.run(["npm", "run", "--silent", "build"], cwd=CONSOLE, check=True)
            subprocess.run(["node", "build/ship.mjs"], cwd=CONSOLE, check=True)
    return CONSOLE


def run(console: Path, project: str, result: Path, **settings: str) -> list[str]:
    """What failed in a project of console/vitest.config.ts, by name and message."""
    command = ["npx", "--no", "vitest", "run", "--project", project, "--reporter=json", f"--outputFile={result}"]
    environment = {**os.environ, "PYTHON": sys.executable, **settings}
    ran = subprocess.run(command, cwd=console, env=environment, capture_output=True, text=True, check=False)
    assert result.exists(), ran.stdout + ran.stderr
    report: dict[str, Any] = json.loads(result.read_text())
    assert report["numTotalTests"] > 0, ran.stdout + ran.stderr
    return [
        f"{Path(file['name']).name}: {test['fullName']}: {' '.join(test['failureMessages'])}"
        for file in report["testResults"]
        for test in file["assertionResults"]
        if test["status"] != "passed"
    ] + [f"{Path(file['name']).name}: {file['message']}" for file in report["testResults"] if file["message"]]


def test_the_client_of_the_console_is_what_the_api_is_now(console: Path) -> None:
    command = ["node", "build/api.mjs", "--check"]
    environment = {**os.environ, "PYTHON": sys.executable}
    checked = subprocess.run(command, cwd=console, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_consoles_unit_tests_laws_and_size_budgets_pass(console: Path, tmp_path: Path) -> None:
    assert run(console, "unit", tmp_path / "result.json") == []


@pytest.mark.timeout(900)
def test_the_stories_of_the_console_are_true_in_chromium(console: Path, chromium: str, tmp_path: Path) -> None:
    with running_service(tmp_path / "data", tls="auto") as service:
        settings = {
            "TESTS_OF_MILEPOST_APP": service.app_url,
            "TESTS_OF_MILEPOST_EMAIL": ADMIN_EMAIL,
            "TESTS_OF_MILEPOST_PASSWORD": ADMIN_PASSWORD,
            "CHROMIUM": chromium,
        }
        assert run(console, "browser", tmp_path / "result.json", **settings) == []
