"""What every child process does alike: read its orders, set itself up, and stop when told or orphaned."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from milepost.observe.logs import configure_logs
from milepost.observe.metric_names import RESTARTS
from milepost.operate.parent import Parent
from milepost.settings import Settings

EXIT_MISCONFIGURED = 78
"""An error that starting again does not mend (EX_CONFIG of sysexits)."""


class Orders(BaseModel):
    """What the supervisor tells a child at its start; `is_restart` when it takes the place of one that died."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    is_restart: bool


def read_orders(parent: Parent) -> Orders:
    """What the supervisor wrote first."""
    return Orders.model_validate_json(parent.orders())


def begin(name: str, *, is_restart: bool) -> None:
    """Set up logs and limits for this process, and count it if it is another one of its name."""
    configure_logs(name)
    if is_restart:
        RESTARTS.labels(name).inc()
    sys.setswitchinterval(0.0005)  # hand-overs between the loop and the disk threads wait this long at most
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def stop_when_told(loop: asyncio.AbstractEventLoop, parent: Parent, stop: Callable[[], None]) -> None:
    """Call `stop` on the loop at SIGTERM or SIGINT, or when the parent dies."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    parent.at_its_end(lambda: loop.call_soon_threadsafe(stop))
