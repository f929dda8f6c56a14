"""What one connection and one request may cost; everything a client can make longer has its bound here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Sizes in bytes as they come over the wire, times in seconds.

    `linger_*` is how long an answer that was given early goes on reading what its client still sends: a client that
    writes its whole body before it looks for an answer would otherwise meet a reset connection instead of the answer.
    `close_seconds` is the same for a connection on which nothing more can be understood.
    """

    body_bytes: int = 8 * 1024 * 1024
    body_seconds: float = 30.0
    line_bytes: int = 60 * 1024
    head_bytes: int = 64 * 1024
    head_lines: int = 128
    head_seconds: float = 10.0
    chunking_bytes: int = 8 * 1024 * 1024
    waiting_bytes: int = 64 * 1024
    idle_seconds: float = 75.0
    linger_bytes: int = 64 * 1024 * 1024
    linger_seconds: float = 30.0
    close_seconds: float = 2.0
    write_seconds: float = 30.0
    drain_seconds: float = 10.0
    connections: int = 16_384
