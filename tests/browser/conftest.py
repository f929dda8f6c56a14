"""What the browser's tests need on this machine: Node, the pinned packages, Debian's Chromium. Nothing is skipped.

Installs what it can; where it cannot, fails with the one command to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TRACKER = Path(__file__).parents[2] / "tracker"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
INSTALL_CHROMIUM = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium")


@pytest.fixture(scope="session")
def tracker() -> Path:
    """The tracker's folder, with its packages installed as package-lock.json says."""
    if shutil.which("npm") is None:
        pytest.fail("Node with npm is missing. Install it: apt-get install --yes nodejs npm")
    installed = TRACKER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (TRACKER / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=TRACKER, check=True)
        installed.touch()
    return TRACKER


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    if _found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "--quiet"], check=False)
        subprocess.run(INSTALL_CHROMIUM, check=False)
    path = _found()
    if path is None:
        pytest.fail(f"Chromium is missing. Install it: {' '.join(INSTALL_CHROMIUM)}")
    return path


def _found() -> str | None:
    return next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
