"""Idempotency claims: for each key, which event came first.

The key of a claim is a SHA-512 over connection, event key and idempotency key (seed 000, line 216).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha512
from pathlib import Path
from typing import Protocol


def claim_prefix(connection_id: bytes, event_key: str) -> bytes:
    """The part of a claim's text that a group of events shares: fixed-length id, then length and event key.

    Because the id has 16 bytes and the event key says its length, no two triples give the same text.
    """
    key = event_key.encode()
    return connection_id + len(key).to_bytes(4, "big") + key


def claim_digest(prefix: bytes, idempotency_key: str) -> bytes:
    """64 bytes that stand for the triple."""
    return sha512(prefix + idempotency_key.encode()).digest()


class Claims(Protocol):
    """Who owns each key. A claim is for ever; owners are told apart by their bytes (the event's id)."""

    def claim(self, digests: Sequence[bytes], owners: Sequence[bytes]) -> list[bytes | None]:
        """For each digest, None if this owner has it now (for the first time, or from before), else the owner.

        The first of two equal digests in one call wins. Durable when it returns, so that a later repeat is seen
        as one even after a power cut. UnavailableError when the disk refuses it now; the same call may follow later.
        """

    @property
    def sequence(self) -> int:
        """A number that rises with every claim; what `claim` has returned from is on disk up to it."""

    def snapshot(self, folder: Path) -> None:
        """Make a folder, which must not exist yet, from which the claims as they are now can be opened."""

    def close(self) -> None:
        """Let go of the store."""
