"""Identifiers: UUIDv7 (RFC 9562), whose first 48 bits are the Unix milliseconds they were made at."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from uuid import UUID

_NOISES = 400
_MARKED = 0xF << 76 | 0x3 << 62


class _Noise:
    """Random bytes from the system, fetched in bulk: a system call an id lets every other thread in between."""

    size = 10
    marks = 0x7 << 76 | 0x2 << 62

    def __init__(self) -> None:
        self._pool: Iterator[bytes] = iter(())
        os.register_at_fork(after_in_child=self.__init__)  # type: ignore[misc]  # a child must not repeat its parent's

    def take(self) -> bytes:
        """The last bytes of an id, which nobody had before; each `next` is atomic, so threads may share this."""
        while True:
            noise = next(self._pool, None)
            if noise is not None:
                return noise
            size, fresh = self.size, os.urandom(self.size * _NOISES)
            self._pool = iter([self._marked(fresh[start : start + size]) for start in range(0, len(fresh), size)])

    def _marked(self, noise: bytes) -> bytes:
        """With the bits that say version and variant."""
        return (int.from_bytes(noise, "big") & ~_MARKED | self.marks).to_bytes(self.size, "big")


_noise = _Noise()


def uuid7_bytes(unix_ms: int) -> bytes:
    """A new UUIDv7 for that time as 16 big-endian bytes."""
    return unix_ms.to_bytes(6, "big") + _noise.take()


class _Rising:
    """Ids of one millisecond in the order in which this process asked for them (RFC 9562, section 6.2, method 2)."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def take(self, fresh: int) -> int:
        """The fresh one, or where it is not after the last of its millisecond, one at random a little after that."""
        with self._lock:
            if fresh >> 80 == self._last >> 80 and fresh <= self._last:
                fresh = self._last + 1 + (fresh & 0xFFFF_FFFF)
            self._last = fresh
            return fresh


_rising = _Rising()


def uuid7(unix_ms: int) -> UUID:
    """A new UUIDv7 for that time; those that are made one after another within a millisecond rise."""
    return UUID(int=_rising.take(int.from_bytes(uuid7_bytes(unix_ms), "big")))


class _Random(_Noise):
    """The same for UUIDv4: all sixteen bytes are random but for the marks."""

    size = 16
    marks = 0x4 << 76 | 0x2 << 62


_random = _Random()


def uuid4_text() -> str:
    """The text of a new UUIDv4."""
    return uuid_text(_random.take())


def uuid_text(identifier: bytes) -> str:
    """The usual text of a UUID's 16 bytes, in a fifth of the time that a UUID object takes for it."""
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid7_unix_ms(identifier: UUID) -> int:
    """The Unix milliseconds that a UUIDv7 was made at."""
    return identifier.int >> 80
