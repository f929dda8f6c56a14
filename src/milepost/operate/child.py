"""What every child process does alike: read its orders, watch its parent, and stop when told or orphaned."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from milepost.observe.logs import configure_logs
from milepost.observe.metric_names import RESTARTS
from milepost.settings import Settings

EXIT_MISCONFIGURED = 78
"""An error that starting again does not mend (EX_CONFIG of sysexits)."""


ORPHAN_SECONDS = 3.0
"""How long an orphan may take to leave; less than the next start's patience with the folder's lock."""


class Orders(BaseModel):
    """What the supervisor tells a child at its start; `is_restart` when it takes the place of one that died."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    is_restart: bool


def read_orders() -> Orders:
    """What the supervisor wrote as the first line of standard input."""
    return Orders.model_validate_json(sys.stdin.readline())


def begin(name: str, *, is_restart: bool) -> None:
    """Set up logs and limits for this process, and count it if it is another one of its name."""
    configure_logs(name)
    if is_restart:
        RESTARTS.labels(name).inc()
    sys.setswitchinterval(0.0005)  # hand-overs between the loop and the disk threads wait this long at most
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def stop_when_told(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call `stop` on the loop at SIGTERM or SIGINT, or when standard input ends, which is the parent's death.

    An orphan has no time to drain: the next start waits for the folder, and what is on disk is all it needs.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    def wait_for_the_parents_end() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(stop)
        time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=wait_for_the_parents_end, name="parent-watch", daemon=True).start()
