"""What all tests share: one chDB for the whole run (a process can open only one engine folder), and the browsers."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from milepost.store.client import connect, create_schema

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chdb_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The embedded engine with the schema in place; tests leave its tables as they found them."""
    client = connect(f"chdb://{tmp_path_factory.mktemp('chdb')}")
    create_schema(client)
    yield client
    client.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    return _found_or_installed(CHROMIUMS, "chromium")


@pytest.fixture(scope="session")
def firefox() -> str:
    """The path of Debian's Firefox."""
    return _found_or_installed(("firefox-esr",), "firefox-esr")


@pytest.fixture(scope="session")
def webkit() -> str:
    """The path of WebKit's driver. Where it cannot be installed the test is not run, and the summary says so."""
    try:
        _found_or_installed(("Xvfb",), "webkit2gtk-driver", "xvfb")
        return _found_or_installed(("WebKitWebDriver",), "webkit2gtk-driver", "xvfb")
    except pytest.fail.Exception as failure:
        pytest.skip(f"NOT RUN IN WEBKIT: {failure.msg}")


def _found_or_installed(commands: Sequence[str], *packages: str) -> str:
    """The path of the first of the commands that is there, after an attempt to install them; fails with how to."""
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *packages)
    # pytest's workers would hold apt's own lock against each other
    with (Path(tempfile.gettempdir()) / "milepost-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _first(commands) is None and os.geteuid() == 0 and shutil.which("apt-get"):
            subprocess.run(["apt-get", "update", "--quiet"], check=False)
            subprocess.run(install, check=False)
    path = _first(commands)
    if path is None:
        pytest.fail(f"{commands[0]} is missing. Install it: {' '.join(install)}")
    return path


def _first(commands: Sequence[str]) -> str | None:
    return next((path for name in commands if (path := shutil.which(name))), None)
