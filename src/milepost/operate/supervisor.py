"""`milepost serve`: prepares the data folder, starts the app process and the ingest workers, and keeps them alive.

A child that dies, or gives no sign of life, is started again, with growing pauses, and it is said. One that never
ran and says that it cannot ends the service: its settings are wrong.
SIGTERM and SIGINT drain: first the workers finish their requests, then the reactor its journal.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from milepost.domain.errors import OperatorError
from milepost.observe import paths
from milepost.observe.logs import logger
from milepost.observe.service import Service, write_service
from milepost.observe.stage import read_stage
from milepost.observe.unharmed import unharmed
from milepost.operate.beat import Ear
from milepost.operate.child import EXIT_MISCONFIGURED, Orders
from milepost.operate.crashes import PAUSE_SECONDS, WITHIN_SECONDS, Crashes
from milepost.settings import Settings

_log = logger("supervisor")

_WATCH_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_STEADY_SECONDS = 10.0
_START_SECONDS = 300.0
"""How long a child may take to load and to open its stores; it may be silent meanwhile."""
_END_DEMO_SECONDS = 5.0
_DRAIN_WORKERS_SECONDS = 15.0
_DRAIN_APP_SECONDS = 60.0


@dataclass(slots=True)
class _Child:
    """A child process and when it may be started again."""

    name: str
    arguments: tuple[str, ...]  # of `python -m milepost.operate`
    process: subprocess.Popen[bytes] | None = None
    ear: Ear | None = None
    has_run: bool = False
    is_killed: bool = False
    is_in_loop: bool = False
    started_at: float = 0.0
    start_after: float = 0.0
    pause: float = 0.0
    restarts: int = 0
    crashes: Crashes = field(init=False)

    def __post_init__(self) -> None:
        self.crashes = Crashes(self.name)


class Supervisor:
    """See the module. Made after the data folder is locked; `lock` is passed on to every child."""

    def __init__(self, settings: Settings, lock: int, ca_file: Path | None) -> None:
        self._settings = settings
        self._lock = lock
        self._is_stopping = False
        self._app = _Child("app", ("milepost.operate.app_process",))
        self._workers = [
            _Child(f"ingest-{worker}", ("milepost.operate.ingest_process", str(worker)))
            for worker in range(settings.workers)
        ]
        self._demo = [_Child("demo", ("milepost.demo.run",))] if settings.demo else []
        require_free_ports(settings)
        paths.crash_loop(settings.data).unlink(missing_ok=True)
        metrics = paths.metrics(settings.data)
        shutil.rmtree(metrics.parent, ignore_errors=True)
        try:
            metrics.mkdir(parents=True)
        except OSError as error:
            raise OperatorError(f"{metrics.parent} cannot be made anew: {error.strerror}. Move it away.") from error
        write_service(
            settings.data,
            Service(
                api_url=settings.api_url(),
                app_url=settings.app_url(),
                ca_file=str(ca_file) if ca_file else None,
                public_url=settings.public(),
            ),
        )

    def run(self, on_ready: Callable[[], None], is_ready: Callable[[], bool]) -> None:
        """Serve until told to stop; `on_ready` is called once, when `is_ready` first says so."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        is_announced = False
        try:
            while not self._is_stopping:
                for child in (self._app, *self._workers, *self._demo):
                    self._keep_alive(child)
                with unharmed("readiness"):
                    if not is_announced and is_ready():
                        is_announced = True
                        on_ready()
                time.sleep(_WATCH_SECONDS)
        finally:
            self._drain()
            paths.service(self._settings.data).unlink(missing_ok=True)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _keep_alive(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            status = child.process.poll()
            if status is None:
                self._listen(child, now)
                return
            self._say_it_died(child, status, now)
        if now >= child.start_after:
            try:
                self._start(child, now)
            except OSError as error:  # no descriptors, memory or processes left: that may pass
                self._postpone(child, now)
                _log.error("child_not_started", child=child.name, reason=str(error), next_start_seconds=child.pause)

    def _listen(self, child: _Child, now: float) -> None:
        """Kill a child that hangs: it is started again when it is gone, so that there are never two of its name."""
        if child.ear is None or child.process is None or child.is_killed:
            return
        silent_seconds = child.ear.silent_seconds()
        if child.is_in_loop and now - child.started_at > WITHIN_SECONDS:
            child.is_in_loop = False
            paths.crash_loop(self._settings.data).unlink(missing_ok=True)
        child.has_run = child.has_run or child.ear.is_at_work
        if child.ear.is_at_work:
            hangs = silent_seconds > self._settings.stall_seconds
        else:
            hangs = now - child.started_at > _START_SECONDS
        if hangs:
            child.is_killed = True
            child.process.kill()
            _log.error("child_hangs", child=child.name, pid=child.process.pid, silent_seconds=round(silent_seconds, 1))

    def _say_it_died(self, child: _Child, status: int, now: float) -> None:
        child.process = None
        if child.ear is not None:
            child.ear.close()
            child.ear = None
        if status == EXIT_MISCONFIGURED and not child.has_run:
            raise OperatorError(self._why_it_cannot(child))
        self._postpone(child, now)
        child.restarts += 1
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._tell_loop(child, status, now)
        _log.warning("child_died", child=child.name, how=how, restarts=child.restarts, next_start_seconds=child.pause)

    def _tell_loop(self, child: _Child, status: int, now: float) -> None:
        """Of a child that crashes again and again: wait longer, and say in log and `/ready` what is suspected."""
        told = child.crashes.note(status, read_stage(paths.stage(self._settings.data, child.name)), now)
        if told is None:
            return
        child.is_in_loop = True
        child.pause, child.start_after = PAUSE_SECONDS, now + PAUSE_SECONDS
        _log.error("child_crashes", child=child.name, told=told)
        with unharmed("a crash loop"):
            paths.crash_loop(self._settings.data).write_text(told)

    def _why_it_cannot(self, child: _Child) -> str:
        try:
            return paths.cannot_run(self._settings.data, child.name).read_text()
        except OSError:
            return f"{child.name} cannot run as it is set up; its last log line says why."

    def _postpone(self, child: _Child, now: float) -> None:
        was_steady = now - child.started_at > _STEADY_SECONDS
        child.pause = 0.0 if was_steady else min(max(child.pause * 2, 0.2), _LONGEST_PAUSE_SECONDS)
        child.start_after = now + child.pause

    def _start(self, child: _Child, now: float) -> None:
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(paths.metrics(self._settings.data))}
        paths.stage(self._settings.data, child.name).unlink(missing_ok=True)
        environment.pop("MILEPOST_ADMIN_PASSWORD", None)  # only this process makes the first admin
        ear = Ear()
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "milepost.operate", *child.arguments],
                stdin=subprocess.PIPE,
                env=environment,
                pass_fds=(self._lock, ear.childs),
                start_new_session=True,  # a terminal's Ctrl-C reaches the supervisor alone, which then drains in order
            )
        except OSError:
            ear.close()
            raise
        finally:
            ear.give()
        assert process.stdin is not None
        orders = Orders(settings=self._settings, is_restart=child.restarts > 0, beat=ear.childs)
        try:
            process.stdin.write(orders.model_dump_json(exclude={"settings": {"admin_password"}}).encode() + b"\n")
            process.stdin.flush()  # left open: its end tells the child that we are gone
        except BrokenPipeError:
            pass  # it died at once; the next look says so
        child.process, child.ear = process, ear
        child.is_killed = False
        child.started_at = now
        _log.info("child_started", child=child.name, pid=process.pid)

    def _drain(self) -> None:
        _log.info("draining")
        _end(self._demo, _END_DEMO_SECONDS)
        _end(self._workers, _DRAIN_WORKERS_SECONDS)
        _end([self._app], _DRAIN_APP_SECONDS)
        _log.info("stopped")


def _end(children: list[_Child], seconds: float) -> None:
    processes = [child.process for child in children if child.process is not None]
    for process in processes:
        process.terminate()
    until = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.warning("child_killed", pid=process.pid)
            process.kill()
            process.wait()


def require_free_ports(settings: Settings) -> None:
    """OperatorError for a port in use: the workers share theirs, so two services would share it too, unnoticed."""
    for port, option in ((settings.api_port, "--api-port"), (settings.app_port, "--app-port")):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise OperatorError(
                    f"{settings.host}:{port} cannot be used ({error.strerror}). Choose another one with {option}."
                ) from error
