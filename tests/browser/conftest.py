"""What the tracker's tests need on this machine: Node, the pinned packages, the built script, and a Milepost.

Installs what it can; where it cannot, fails with the one command to run.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost.testing.service import ADMIN_EMAIL, ADMIN_PASSWORD, Service

TRACKER = Path(__file__).parents[2] / "tracker"
STATIC = TRACKER.parent / "src" / "milepost" / "static"
BUILT = ("mcx.js", "mcx-auto.js")
BROWSER = "test/browser/"

Vitest = Callable[..., list[str]]
"""(project, its files of tests, settings by name) gives what failed."""


@pytest.fixture(scope="session")
def tracker() -> Path:
    """The tracker's folder with its packages as package-lock.json says, and built: once for all of pytest's workers."""
    if shutil.which("npm") is None:
        pytest.fail("Node with npm is missing. Install it: apt-get install --yes nodejs npm")
    with (TRACKER / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_older(TRACKER / "node_modules" / ".package-lock.json", [TRACKER / "package-lock.json"]):
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=TRACKER, check=True)
            (TRACKER / "node_modules" / ".package-lock.json").touch()
        sources = [*TRACKER.glob("*.json"), *TRACKER.glob("*.mjs"), *TRACKER.glob("src/*.ts")]
        if any(_is_older(TRACKER / "dist" / name, sources) for name in (*BUILT, "index.d.ts")):
            subprocess.run(["npm", "run", "--silent", "build"], cwd=TRACKER, check=True)
        for name in BUILT:
            built = (TRACKER / "dist" / name).read_bytes()
            if not (STATIC / name).is_file() or (STATIC / name).read_bytes() != built:
                (STATIC / f"{name}.new").write_bytes(built)
                (STATIC / f"{name}.new").replace(STATIC / name)
    return TRACKER


def _is_older(made: Path, sources: list[Path]) -> bool:
    return not made.exists() or made.stat().st_mtime < max(source.stat().st_mtime for source in sources)


@pytest.fixture(scope="module")
def shared_milepost(tracker: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Milepost for the tests of a file, by the names that the harness knows; gone before other tests run."""
    service = Service(data=tmp_path_factory.mktemp("tracker") / "data")
    service.start()
    credentials = {"TESTS_OF_MILEPOST_EMAIL": ADMIN_EMAIL, "TESTS_OF_MILEPOST_PASSWORD": ADMIN_PASSWORD}
    yield {"TESTS_OF_MILEPOST_API": service.api_url, "TESTS_OF_MILEPOST_APP": service.app_url, **credentials}
    service.stop()


@pytest.fixture
def vitest(tracker: Path, tmp_path: Path) -> Vitest:
    """Runs a project of tracker/vitest.config.ts, or some of its files; gives the names and messages of what failed."""

    def run(project: str, *names: str, **settings: str) -> list[str]:
        result = tmp_path / "result.json"
        options = ["--project", project, "--reporter=json", f"--outputFile={result}"]
        ran = subprocess.run(
            ["npx", "--no", "vitest", "run", *options, *names],
            cwd=tracker,
            env={**os.environ, "TRACKER_IS_BUILT": "1", **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.exists(), ran.stdout + ran.stderr
        files = json.loads(result.read_text())["testResults"]
        assert all(file["assertionResults"] or file["message"] for file in files), ran.stdout + ran.stderr
        assert len(files) == len(names) or (files and not names), ran.stdout + ran.stderr
        return [failure for file in files for failure in _failures(file)]

    return run


def _failures(file: dict[str, Any]) -> Iterator[str]:
    name = Path(file["name"]).name
    if file["message"]:
        yield f"{name}: {file['message']}"
    for test in file["assertionResults"]:
        if test["status"] != "passed":
            yield f"{name}: {test['fullName']}: {' '.join(test['failureMessages'])}"


@pytest.fixture
def in_a_browser(vitest: Vitest, shared_milepost: dict[str, str]) -> Vitest:
    """Runs files of browser tests by the names that they have in tracker/test/browser."""

    def run(*names: str, **settings: str) -> list[str]:
        paths = [f"{BROWSER}{name}" for name in names]
        return vitest("browser", *paths, PYTHON=sys.executable, **shared_milepost, **settings)

    return run
