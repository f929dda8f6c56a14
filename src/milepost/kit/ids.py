"""Identifiers: UUIDv7 (RFC 9562), whose first 48 bits are the Unix milliseconds they were made at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import UUID

_POOL_BYTES = 10 * 400


class _Noise:
    """Random bytes from the system, fetched in bulk: a system call an id lets every other thread in between."""

    def __init__(self) -> None:
        self._pool: Iterator[bytes] = iter(())
        os.register_at_fork(after_in_child=self.__init__)  # type: ignore[misc]  # a child must not repeat its parent's

    def take(self) -> bytes:
        """Ten bytes that nobody had before; each `next` is atomic, so threads may share this."""
        while True:
            noise = next(self._pool, None)
            if noise is not None:
                return noise
            fresh = os.urandom(_POOL_BYTES)
            self._pool = iter([fresh[start : start + 10] for start in range(0, _POOL_BYTES, 10)])


_noise = _Noise()


def uuid7_bytes(unix_ms: int) -> bytes:
    """A new UUIDv7 for that time as 16 big-endian bytes."""
    noise = int.from_bytes(_noise.take(), "big") & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return (unix_ms << 80 | noise).to_bytes(16, "big")


def uuid7(unix_ms: int) -> UUID:
    """A new UUIDv7 for that time."""
    return UUID(bytes=uuid7_bytes(unix_ms))


def uuid7_unix_ms(identifier: UUID) -> int:
    """The Unix milliseconds that a UUIDv7 was made at."""
    return identifier.int >> 80
