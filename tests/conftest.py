"""What all tests share: one chDB for the whole run, since a process can open only one engine folder; and a Chromium."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from milepost.store.client import connect, create_schema

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
INSTALL_CHROMIUM = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium")


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
    if _found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "--quiet"], check=False)
        subprocess.run(INSTALL_CHROMIUM, check=False)
    path = _found()
    if path is None:
        pytest.fail(f"Chromium is missing. Install it: {' '.join(INSTALL_CHROMIUM)}")
    return path


def _found() -> str | None:
    return next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
