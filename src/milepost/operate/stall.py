"""Watches an event loop from a thread beside it: says that it turns, and tells of one that is held, by what and where.

Takes what gives the sign of life. A loop that is held gives none, so that the supervisor replaces its process in time.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

from milepost.observe.logs import logger
from milepost.observe.metric_names import LOOP_HELD
from milepost.observe.unharmed import unharmed

_log = logger("stall")

HELD_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.25
_OURS: Final = str(Path(__file__).parents[1])


class Doing(NamedTuple):
    """What a thread is at: the door whose request it works on, and its innermost place in our code; or "none"."""

    door: str
    place: str


class StallWatch:
    """One per process. `beat` is called a few times a second, with whether the loop is at work yet."""

    def __init__(self, process: str, beat: Callable[[bool], None]) -> None:
        self._process = process
        self._beat = beat
        self._thread: int | None = None
        self._turned_at = 0.0
        self._held_since: float | None = None

    def start(self) -> None:
        """Begin to give signs of life, of a process that is still starting."""
        threading.Thread(target=self._run, name="stall-watch", daemon=True).start()

    def attend(self, loop: asyncio.AbstractEventLoop) -> None:
        """To be called on the loop, once: from now on a sign of life means that it turns."""
        self._turn(loop)
        self._thread = threading.get_ident()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned_at = time.monotonic()
        loop.call_later(_LOOK_SECONDS, self._turn, loop)

    def _run(self) -> None:
        while True:
            self.look()
            time.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Beat, unless the loop is held; then say so, once, and once more when it turns again."""
        if self._thread is None:
            self._beat(False)
            return
        turned_at = self._turned_at
        if time.monotonic() - turned_at < HELD_SECONDS:
            self._beat(True)
            if self._held_since is not None:
                _log.warning("loop_released", seconds=round(turned_at - self._held_since, 2))
                self._held_since = None
        elif self._held_since is None:
            self._held_since = turned_at
            doing = what_it_does(sys._current_frames().get(self._thread))  # noqa: SLF001  # documented, in spite of its name
            _log.warning("loop_held", door=doing.door, place=doing.place)
            with unharmed("a held loop"):
                LOOP_HELD.labels(self._process, doing.door).inc()


def what_it_does(frame: FrameType | None) -> Doing:
    """Read from a thread's frames: the door is whatever has a name and is called `door` in one of them."""
    door, place = "", ""
    while frame is not None:
        if not place and frame.f_code.co_filename.startswith(_OURS):
            place = f"{Path(frame.f_code.co_filename).relative_to(_OURS)}:{frame.f_lineno} in {frame.f_code.co_name}"
        door = door or _door(frame)
        frame = frame.f_back
    return Doing(door or "none", place or "none")


def _door(frame: FrameType) -> str:
    name = getattr(frame.f_locals.get("door"), "name", None)
    return name if isinstance(name, str) else ""
