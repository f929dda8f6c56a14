"""What the tracker's tests need on this machine: Node and the pinned packages. Nothing is skipped.

Installs what it can; where it cannot, fails with the one command to run.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TRACKER = Path(__file__).parents[2] / "tracker"


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
