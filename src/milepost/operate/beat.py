"""Signs of life: a pipe into which a child writes a byte a few times a second, and from which its supervisor reads.

Both ends never wait, and neither minds when the other is gone: that is noticed elsewhere.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_STARTING: Final = b"s"
_AT_WORK: Final = b"w"


def beat_into(descriptor: int | None) -> Callable[[bool], None]:
    """The child's end, which says whether it is at work or still starting; None: nobody listens."""
    if descriptor is None:
        return lambda _is_at_work: None
    os.set_blocking(descriptor, False)

    def beat(is_at_work: bool) -> None:
        with suppress(OSError):
            os.write(descriptor, _AT_WORK if is_at_work else _STARTING)

    return beat


class Ear:
    """The supervisor's end. OSError when there are no descriptors left."""

    def __init__(self) -> None:
        self._mine, self.childs = os.pipe()
        os.set_blocking(self._mine, False)
        self.is_at_work = False
        self._heard_at = time.monotonic()

    def give(self) -> None:
        """The child has its end now; ours of it is closed."""
        os.close(self.childs)

    def silent_seconds(self) -> float:
        """How long nothing was heard."""
        with suppress(BlockingIOError):
            while heard := os.read(self._mine, 4096):
                self._heard_at = time.monotonic()
                self.is_at_work = self.is_at_work or _AT_WORK in heard
        return time.monotonic() - self._heard_at

    def close(self) -> None:
        """The child is gone."""
        os.close(self._mine)
