"""What every child process does alike: read its orders, set itself up, give signs of life, stop when told or orphaned.

It ends with its main, and with any of its threads that breaks: half a process would be taken for a whole one.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from pydantic import BaseModel, ConfigDict

from milepost.domain.errors import MilepostError, OperatorError
from milepost.observe import paths
from milepost.observe.logs import configure_logs, logger
from milepost.observe.metric_names import RESTARTS
from milepost.observe.stage import note_stages
from milepost.observe.unharmed import unharmed
from milepost.operate.beat import beat_into
from milepost.operate.parent import Parent
from milepost.operate.stall import StallWatch
from milepost.settings import Settings

_log = logger("child")

EXIT_MISCONFIGURED = 78
"""An error that starting again does not mend (EX_CONFIG of sysexits)."""
EXIT_BROKEN = 70
"""A thread of it broke, or it did not come to its end (EX_SOFTWARE)."""

_watch: StallWatch | None = None


class Orders(BaseModel):
    """What the supervisor tells a child at its start; `is_restart` when it takes the place of one that died.

    `beat` is the descriptor that signs of life go to; without one, nobody waits for them.
    """

    model_config = ConfigDict(frozen=True)

    settings: Settings
    is_restart: bool
    beat: int | None = None


def read_orders(parent: Parent) -> Orders:
    """What the supervisor wrote first."""
    return Orders.model_validate_json(parent.orders())


def begin(name: str, orders: Orders) -> None:
    """Set up logs, limits and the sign of life for this process, and count it if it is another one of its name."""
    global _watch  # noqa: PLW0603  # a process has one, as it has one standard error
    configure_logs(name)
    note_stages(paths.stage(orders.settings.data, name))
    threading.excepthook = _end_with_thread
    with unharmed("the start"):
        _claim_room(orders.settings)
        if orders.is_restart:
            RESTARTS.labels(name).inc()
    sys.setswitchinterval(0.0005)  # hand-overs between the loop and the disk threads wait this long at most
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _watch = StallWatch(name, beat_into(orders.beat))
    _watch.start()


def stop_when_told(loop: asyncio.AbstractEventLoop, parent: Parent, stop: Callable[[], None]) -> None:
    """Call `stop` on the loop at SIGTERM or SIGINT, or when the parent dies; signs of life are the loop's now."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    parent.at_its_end(lambda: loop.call_soon_threadsafe(stop))
    if _watch is not None:
        _watch.attend(loop)


def say_cannot_run(name: str, settings: Settings, error: MilepostError) -> NoReturn:
    """End this process for a known reason; what starting again does not mend, the supervisor says as its own word."""
    _log.error("cannot_run", reason=error.message)
    if not isinstance(error, OperatorError):
        raise SystemExit(1) from error
    with suppress(OSError):
        paths.cannot_run(settings.data, name).write_text(error.message)
    raise SystemExit(EXIT_MISCONFIGURED) from error


def end_within(seconds: float) -> None:
    """Let this process be gone by then, whatever hangs in it."""

    def end() -> None:
        _log.error("did_not_end", seconds=seconds)
        os._exit(EXIT_BROKEN)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _end_with_thread(broken: threading.ExceptHookArgs) -> None:
    """A thread that ends unexpectedly takes its process along, so that the supervisor starts it again."""
    error = broken.exc_value or broken.exc_type()
    _log.error("thread_broke", thread=broken.thread.name if broken.thread else "", exc_info=error)
    os._exit(EXIT_BROKEN)


def _claim_room(settings: Settings) -> None:
    """Take the disk blocks of the metrics library's files now: it maps them, and a full disk would kill by SIGBUS."""
    for file in paths.metrics(settings.data).glob(f"*_{os.getpid()}.db"):
        descriptor = os.open(file, os.O_RDWR)
        try:
            os.posix_fallocate(descriptor, 0, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
