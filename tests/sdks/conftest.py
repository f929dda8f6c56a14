"""One Milepost for all clients that other people wrote, and their packages as package-lock.json pins them."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from milepost.domain.connection import ConnectionKind
from milepost.testing.service import Service, running_service, wait_for

FOLDER = Path(__file__).parent
Log = Callable[[str, int], list[dict[str, Any]]]
NewConnection = Callable[..., dict[str, str]]
Send = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("sdks") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def console(service: Service) -> Iterator[httpx.Client]:
    """The console API, signed in as the admin."""
    with service.app() as client:
        yield client


@pytest.fixture
def new_connection(service: Service, console: httpx.Client, request: pytest.FixtureRequest) -> NewConnection:
    """Takes options of a custom-events connection, and gives it once the worker knows it."""

    def add(**options: Any) -> dict[str, str]:
        draft = {"name": request.node.name[:100], "kind": ConnectionKind.CUSTOM_EVENTS.value, **options}
        added: dict[str, str] = console.post("/api/connections", json=draft).raise_for_status().json()
        with service.api() as client:
            settings = f"/v1/projects/{added['writeKey']}/settings"
            wait_for(lambda: client.get(settings).status_code == 200, seconds=10, what="the connection")
        return added

    return add


@pytest.fixture
def connection(new_connection: NewConnection) -> dict[str, str]:
    """A connection of the test's own."""
    return new_connection()


@pytest.fixture
def log(console: httpx.Client) -> Log:
    """Takes a connection's id and a number, waits for that many events, gives all there are, oldest first."""

    def events(connection_id: str, count: int) -> list[dict[str, Any]]:
        def items() -> list[dict[str, Any]]:
            found = console.get("/api/events", params={"connection_id": connection_id}).raise_for_status().json()
            return found["items"] if len(found["items"]) >= count else []

        found = wait_for(items, seconds=30, what=f"{count} events of {connection_id}")
        return sorted(found, key=lambda event: (event["event_date"], event["id"]))

    return events


@pytest.fixture(scope="session")
def send_with_node() -> Send:
    """Runs one of the scripts of this folder, and gives what it says it has sent."""
    if shutil.which("npm") is None:
        pytest.fail("Node with npm is missing. Install it: apt-get install --yes nodejs npm")
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
        # Not `npm ci`, which wants the lock to name native add-ons of other platforms that the index may not have.
        install = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(install, cwd=FOLDER, check=True)
        installed.touch()

    def send(*words: str) -> list[dict[str, Any]]:
        ran = subprocess.run(["node", *words], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
        sent: list[dict[str, Any]] = json.loads(ran.stdout)
        return sent

    return send
