"""What every child process does alike: read its settings, watch its parent, and stop when told or orphaned."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable

from milepost.observe.logs import configure_logs
from milepost.settings import Settings

EXIT_MISCONFIGURED = 78
"""An error that starting again does not mend (EX_CONFIG of sysexits)."""


def read_settings() -> Settings:
    """The settings that the supervisor wrote as the first line of standard input."""
    return Settings.model_validate_json(sys.stdin.readline())


def begin(name: str) -> None:
    """Set up logs and limits for this process."""
    configure_logs(name)
    sys.setswitchinterval(0.0005)  # hand-overs between the loop and the disk threads wait this long at most
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def stop_when_told(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call `stop` on the loop at SIGTERM or SIGINT, or when standard input ends, which is the parent's death."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    def wait_for_the_parents_end() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait_for_the_parents_end, name="parent-watch", daemon=True).start()
