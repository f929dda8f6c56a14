"""Tells a process that crashes again and again from one that crashed: by signals at the same stage, minutes apart.

Takes deaths as they come; gives the sentence that says what is suspected and what to do, and how long to wait then.
"""

from __future__ import annotations

import signal
from typing import Final

CRASHES: Final = 3
WITHIN_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 30.0
"""Until the next try: what is damaged does not mend itself, but memory or a disk may come back."""
_CRASHED: Final = frozenset({
    signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE,
})  # fmt: skip
"""What the system or a library ends a process by when it goes wrong within; other signals come from people."""


class Crashes:
    """Of one child."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stage = ""
        self._at: list[float] = []

    def note(self, status: int, stage: str, now: float) -> str | None:
        """Note a death, by its status as subprocess gives it; a sentence once it is a loop."""
        if status >= 0 or -status not in _CRASHED:
            return None
        if stage != self._stage:
            self._stage, self._at = stage, []
        self._at = [*(at for at in self._at if now - at <= WITHIN_SECONDS), now]
        if len(self._at) < CRASHES:
            return None
        return (
            f"{self._name} was ended {len(self._at)} times by {signal.Signals(-status).name}, each time while {stage}:"
            " what it works on there may be damaged. Stop the service and run milepost doctor; if that crashes too,"
            " start from a backup. Events are accepted and kept meanwhile."
        )
