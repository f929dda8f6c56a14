"""How far a journal partition was acknowledged, noted outside of the journal: a number in a small file.

Takes the file; gives the offset, None where none can be read. It never runs ahead of the journal, which is synced
before the note is made; the note itself is not, so that it costs microseconds: a killed process loses nothing of it,
a power cut may take back its last seconds, which only makes the check weaker.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

_NOTE: Final = struct.Struct(">QI")


class HighWater:
    """The note of one writer. What goes wrong with it is passed over: nothing depends on it but a check."""

    def __init__(self, file: Path) -> None:
        self._descriptor = -1
        with suppress(OSError):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)

    def note(self, offset: int) -> None:
        """Everything up to that offset is on disk."""
        number = offset.to_bytes(8, "big")
        with suppress(OSError):
            os.pwrite(self._descriptor, number + zlib.crc32(number).to_bytes(4, "big"), 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)


def read_high_water(file: Path) -> int | None:
    """The offset that was noted last."""
    try:
        content = file.read_bytes()
        offset, check = _NOTE.unpack(content)
    except (OSError, struct.error):
        return None
    return int(offset) if zlib.crc32(content[:8]) == check else None
