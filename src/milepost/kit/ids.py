"""Identifiers: UUIDv7 (RFC 9562), whose first 48 bits are the Unix milliseconds they were made at."""

from __future__ import annotations

import os
from uuid import UUID


def uuid7_bytes(unix_ms: int) -> bytes:
    """A new UUIDv7 for that time as 16 big-endian bytes."""
    noise = bytearray(os.urandom(10))
    noise[0] = 0x70 | (noise[0] & 0x0F)
    noise[2] = 0x80 | (noise[2] & 0x3F)
    return unix_ms.to_bytes(6, "big") + noise


def uuid7(unix_ms: int) -> UUID:
    """A new UUIDv7 for that time."""
    return UUID(bytes=uuid7_bytes(unix_ms))


def uuid7_unix_ms(identifier: UUID) -> int:
    """The Unix milliseconds that a UUIDv7 was made at."""
    return identifier.int >> 80
