"""Accept: durable requests a second on one ingest worker, single events and batches of 1000.

Limits in the same run: an empty 202 of granian for single events, orjson.loads of the same bodies for batches. Granian
is no part of the doors; it is the limit because figures of all years were held against it.
The load comes from wrk, which leaves more of two cores to the server than any client in Python would.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from bench.events import body, payloads
from bench.measure import Measured
from milepost.control.migrate import open_migrated
from milepost.control.repos.connections import ConnectionDraft, create_connection
from milepost.domain.connection import EVENT_HANDLER_SCOPE, ConnectionKind
from milepost.kit.clock import system_clock
from milepost.kit.crypto import issue_token, load_key
from milepost.observe import paths
from milepost.operate.child import Orders
from milepost.settings import Settings

SECONDS = 5
CONNECTIONS = 64
LIMIT = "an empty 202 of granian"


def accept() -> Iterator[Measured]:
    """Single events, then batches of 1000, then custom events that take their name from themselves."""
    require_wrk()
    with tempfile.TemporaryDirectory() as folder, _ingest(Path(folder)) as target:
        events = payloads(1000, seed=1)
        single, batch = body("usage-1", events[:1]), body("usage-1", events)
        layer = _layer(Path(folder), single, target)
        yield layer
        single_rate, p99_ms = _wrk(Path(folder), target.port, single, target)
        yield Measured(
            name="accept, 1 event a request",
            value=single_rate,
            unit="events/s",
            bar="at least 0.40 of the limit, p99 < 20 ms",
            limit_name=LIMIT,
            limit=layer.limit,
            note=f"p99 {p99_ms:.1f} ms at {CONNECTIONS} connections",
        )
        rate, p99_ms = _wrk(Path(folder), target.port, batch, target)
        yield Measured(
            name="accept, batches of 1000",
            value=rate * 1000,
            unit="events/s",
            bar="at least 500,000",
            limit_name="orjson.loads of the same bodies",
            limit=_parsed_a_second(batch),
            note=f"p99 {p99_ms:.1f} ms at {CONNECTIONS} connections",
        )
        metadata = f'{{"_metarouter":{{"writeKey":"{target.write_key}","eventName":"{{ ..plan }}"}},'
        custom = metadata.encode() + events[0][1:]
        rate, p99_ms = _wrk(Path(folder), target.port, custom, target, path="/v1/custom/event")
        yield Measured(
            name="accept, 1 custom event a request, its name by JSONPath",
            value=rate,
            unit="events/s",
            bar="at least 0.50 of the limit",
            limit_name="1 event a request of the same run",
            limit=single_rate,
            note=f"p99 {p99_ms:.1f} ms at {CONNECTIONS} connections",
        )


def _layer(folder: Path, single: bytes, target: _Target) -> Measured:
    limit, ours = (_empty(folder, server, single, target) for server in ("granian", "ours"))
    return Measured(
        name="accept, an empty 202 of the doors' own layer",
        value=ours,
        unit="requests/s",
        bar="at least 0.80 of the limit",
        limit_name=LIMIT,
        limit=limit,
    )


def require_wrk() -> None:
    """Install wrk where that is possible; otherwise say the one command."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=True, stdout=subprocess.DEVNULL)
    else:
        raise SystemExit("The accept benchmark needs wrk: apt-get install wrk")


class _Target(NamedTuple):
    """A worker's port, and what opens its doors."""

    port: int
    token: str
    write_key: str


@contextmanager
def _ingest(data: Path) -> Iterator[_Target]:
    """One ingest worker on a fresh folder."""
    port = _free_port()
    settings = Settings(data=data, api_port=port, tls="off")
    load_key(paths.secrets_key(data))
    database = open_migrated(settings.control())
    with database.write() as session:
        connection, custom = (
            create_connection(
                session,
                ConnectionDraft(name="Bench", kind=kind),
                now_ms=system_clock(),
                secrets_key=load_key(paths.secrets_key(data)),
            ).connection
            for kind in (ConnectionKind.EVENT_HANDLER, ConnectionKind.CUSTOM_EVENTS)
        )
    scopes = tuple(EVENT_HANDLER_SCOPE.split())
    token = issue_token(
        connection.id.bytes, scopes, system_clock(), 3600, load_key(paths.tokens_key(data)), kind=connection.kind
    )
    paths.metrics(data).mkdir(parents=True)
    with _process("milepost.operate", "milepost.operate.ingest_process", "0", settings=settings):
        _await(port)
        time.sleep(0.5)  # the worker's first look at the connections
        yield _Target(port, token, custom.public_key or "")


def _empty(folder: Path, server: str, request_body: bytes, target: _Target) -> float:
    port = _free_port()
    with _process("bench.empty_server", server, str(port), settings=None):
        _await(port)
        return _wrk(folder, port, request_body, target)[0]


@contextmanager
def _process(*arguments: str, settings: Settings | None) -> Iterator[None]:
    environment = os.environ | (
        {"PROMETHEUS_MULTIPROC_DIR": str(paths.metrics(settings.data))} if settings is not None else {}
    )
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdin=subprocess.PIPE, env=environment)
    assert process.stdin is not None
    if settings is not None:
        orders = Orders(settings=settings, is_restart=False)
        process.stdin.write(orders.model_dump_json(exclude={"settings": {"admin_password"}}).encode() + b"\n")
        process.stdin.flush()
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        process.stdin.close()


def _wrk(
    folder: Path, port: int, request_body: bytes, target: _Target, *, path: str = "/events"
) -> tuple[float, float]:
    """Answered requests a second, and the 99th percentile of latency in ms; anything but 2xx is an error."""
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = [==[{request_body.decode()}]==]\n'
        f'wrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer {target.token}"\n'
    )
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script)]
    told = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True
    ).stdout
    if "Non-2xx" in told:
        raise RuntimeError(f"The server refused some requests:\n{told}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    assert rate is not None
    assert latency is not None
    in_ms = {"us": 0.001, "ms": 1.0, "s": 1000.0}[latency.group(2)]
    return float(rate.group(1)), float(latency.group(1)) * in_ms


def _parsed_a_second(batch: bytes) -> float:
    started = time.perf_counter()
    rounds = 0
    while time.perf_counter() - started < 2:
        orjson.loads(batch)
        rounds += 1
    return rounds * 1000 / (time.perf_counter() - started)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Nothing listens on {port}.")
