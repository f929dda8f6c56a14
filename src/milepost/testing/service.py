"""The real `milepost serve`, for tests of the whole: takes a data folder, gives clients, processes and the log.

Refuses to go on (AssertionError with the log's end) when the service does not become what a test waits for.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
from typer.testing import CliRunner

from milepost.cli import app as command_line
from milepost.cli.local import trusting
from milepost.domain.connection import ConnectionKind
from milepost.kit.jsonio import strict_loads

ADMIN_EMAIL: Final = "admin@example.com"
ADMIN_PASSWORD: Final = "correct horse battery"  # noqa: S105  # of services that live for one test
_COMMAND: Final = (sys.executable, "-c", "from milepost.cli import main; main()")
_LOOK_SECONDS: Final = 0.05
_T = TypeVar("_T")


def wait_for(condition: Callable[[], _T], *, seconds: float, what: str) -> _T:
    """The first truthy value of the condition; AssertionError once the seconds have passed without one."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds:g} seconds in vain for: {what}")
        time.sleep(_LOOK_SECONDS)


def hang_up(answer: httpx.Response) -> None:
    """Break the connection of an answer that is still being read, from any thread; the reader's wait ends at once."""
    connection: socket.socket = answer.extensions["network_stream"].get_extra_info("socket")
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _ports() -> Iterator[int]:
    """Of this test process alone, and below those that the system gives to clients.

    One of theirs may be taken by any connection while a service that is to be started on it again is down.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20_000 + worker % 8 * 1_500
    ports = [*range(first, first + 1_500)]
    begin = random.randrange(len(ports))  # noqa: S311  # of a test
    return itertools.cycle([*ports[begin:], *ports[:begin]])


_PORTS: Final = _ports()


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    return next(port for port in _PORTS if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def run_command(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `milepost WORDS` to its end."""
    return subprocess.run(
        [*_COMMAND, *words],
        env=os.environ | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(slots=True, kw_only=True)
class Service:
    """A service on free loopback ports; `start` and `stop` it any number of times on the same folder and ports.

    `environment` are further MILEPOST_ names. The log of all its processes and starts is `log_file`, beside the folder.
    """

    data: Path
    tls: str = "off"
    workers: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    api_port: int = field(default_factory=free_port)
    app_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Where standard error goes."""
        return self.data.with_name(f"{self.data.name}.log")

    @property
    def api_url(self) -> str:
        """The front doors."""
        return f"{self._scheme}://127.0.0.1:{self.api_port}"

    @property
    def app_url(self) -> str:
        """The console and its API."""
        return f"{self._scheme}://127.0.0.1:{self.app_port}"

    @property
    def ca_file(self) -> Path | None:
        """The CA to trust, with `--tls auto`."""
        return self.data / "tls" / "ca.pem" if self.tls == "auto" else None

    @property
    def _scheme(self) -> str:
        return "http" if self.tls == "off" else "https"

    def start(self, *, is_awaited: bool = True) -> None:
        """Start the service and, unless told otherwise, wait until it is ready."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        credentials = {"MILEPOST_ADMIN_EMAIL": ADMIN_EMAIL, "MILEPOST_ADMIN_PASSWORD": ADMIN_PASSWORD}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*_COMMAND, "serve", *self.options()],
                env=os.environ | credentials | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if is_awaited:
            self.wait_until_ready()

    def options(self) -> list[str]:
        """What `milepost serve` is called with."""
        given = {
            "--data": self.data,
            "--api-port": self.api_port,
            "--app-port": self.app_port,
            "--workers": self.workers,
            "--tls": self.tls,
        }
        return [str(word) for option in given.items() for word in option]

    def stop(self) -> int:
        """Drain by SIGTERM, if it runs; gives the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(90)

    def kill(self, name: str = "supervisor") -> int:
        """Signal 9 to `supervisor`, `app` or `ingest-N`; gives the process id."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        if name == "supervisor" and self.process is not None:
            self.process.wait(10)
        return pid

    def pid(self, name: str = "supervisor") -> int:
        """The process that goes by the name now, or did last."""
        assert self.process is not None
        if name == "supervisor":
            return self.process.pid
        started = self.logged("child_started", child=name)
        assert started, f"{name} was never started"
        pid: int = started[-1]["pid"]
        return pid

    def logged(self, event: str, **having: object) -> list[dict[str, Any]]:
        """The log lines of an event with these values, oldest first."""
        lines = self.log_file.read_text(errors="replace").splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [entry for entry in entries if entry["event"] == event and entry.items() >= having.items()]

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and body of `/ready`; status 0 when nobody answers."""
        if self.ca_file is not None and not self.ca_file.exists():
            return 0, {}
        try:
            with self.api() as client:
                answer = client.get("/ready")
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Return once `/ready` says 200; AssertionError with the log's end if the service ends or time does."""

        def is_ready() -> bool:
            has_ended = self.process is not None and self.process.poll() is not None
            assert not has_ended, "milepost serve has ended"
            return self.ready()[0] == 200

        try:
            wait_for(is_ready, seconds=seconds, what="/ready")
        except AssertionError as error:
            lines = self.log_file.read_text(errors="replace").splitlines()[-30:]
            error.add_note("\n".join([str(self.ready()), *lines]))
            raise

    def fates(self) -> dict[str, int]:
        """How many events of the log met which fate."""
        with self.app() as client:
            counted: dict[str, int] = client.get("/api/overview").raise_for_status().json()["events"]
            return counted

    def wait_until_logged(self, events: int, seconds: float = 60) -> dict[str, int]:
        """Return the fates once the event log has that many events; what was only accepted does not count."""
        with self.app() as client:

            def fates() -> dict[str, int] | None:
                answer = client.get("/api/overview")
                counted: dict[str, int] = answer.json()["events"] if answer.is_success else {}
                return counted if sum(counted.values()) >= events else None

            return wait_for(fates, seconds=seconds, what=f"{events} events in the log") or {}

    def api(self, token: str | None = None) -> httpx.Client:
        """A client of the front doors, with a bearer token or none."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.api_url, headers=headers, verify=self._trusting(), timeout=30)

    def app(self) -> httpx.Client:
        """A client of the console API, signed in as the admin."""
        credentials = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        signed_in = httpx.post(f"{self.app_url}/api/session", json=credentials, verify=self._trusting(), timeout=30)
        return httpx.Client(
            base_url=self.app_url,
            cookies=signed_in.raise_for_status().cookies,
            verify=self._trusting(),
            timeout=30,
        )

    def _trusting(self) -> Any:
        return trusting(str(self.ca_file) if self.ca_file else None)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `milepost WORDS --data FOLDER` to its end."""
        return run_command(*words, "--data", str(self.data), environment=self.environment)

    def told(self, *words: str) -> Any:
        """The JSON that a command with `--json` prints."""
        done = self.command(*words, "--json")
        assert done.returncode == 0, done.stderr
        return strict_loads(done.stdout.encode())

    def add_connection(self, kind: ConnectionKind = ConnectionKind.EVENT_HANDLER, name: str = "Shop") -> dict[str, str]:
        """A new connection by the command line: `id`, `name`, `kind` and its credentials."""
        return self.connection("add", "--name", name, "--kind", kind.value)

    def connection(self, *words: str) -> dict[str, str]:
        """The JSON of `milepost connection WORDS`, run within this process: another one takes a second to start."""
        options = ["--data", str(self.data), "--json"]
        done = CliRunner().invoke(command_line, ["connection", *words, *options], env=self.environment)
        assert done.exit_code == 0, done.output
        told: dict[str, str] = strict_loads(done.stdout.encode())
        return told

    def get_token(self, connection: Mapping[str, str]) -> str:
        """An access token by `/getToken`, as soon as the workers know the connection."""
        keys = {name: connection[name] for name in ("clientId", "clientSecret")}
        with self.api() as client:

            def token() -> str | None:
                answer = client.post("/getToken", json=keys)
                return str(answer.json()["accessToken"]) if answer.status_code == 200 else None

            return str(wait_for(token, seconds=5, what="a token"))


@contextmanager
def running_service(
    data: Path, *, tls: str = "off", workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """A ready service on the folder, which ends with the block, however that ends."""
    service = Service(data=data, tls=tls, workers=workers, environment=environment or {})
    try:
        service.start()
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.stop()
