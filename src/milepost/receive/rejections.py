"""Refusals on their way from the event loop to disk: noted in a moment, written in batches by another thread.

Takes what an owner should see; holds a bounded part of it; never keeps an answer waiting, and never fails a request.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from milepost.domain.errors import Fault
from milepost.domain.rejection import Rejection
from milepost.kit.ids import uuid7
from milepost.observe.logs import logger
from milepost.receive.excerpt import excerpt_of, masked

MOST_WAITING = 400
MOST_WAITING_OF_ONE = 200
MOST_WAITING_BYTES = 32 * 1024 * 1024
_MOST_FAULTS = 20
_LONGEST_TEXT = 500

_log = logger("receive")


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as the listener saw it; `own_key` is the connection's public key, if it has one."""

    connection_id: bytes
    received_at_ms: int
    door: str
    status: int
    code: str
    reason: str
    faults: tuple[Fault, ...]
    body: bytes
    query: str
    own_key: str | None


class Keeper(Protocol):
    """Where rejections are kept (`record.rejections.RejectionWriter`)."""

    def write(self, rejections: Sequence[Rejection], now_ms: int) -> None:
        """Keep these; sqlite3.Error when that fails."""


class RejectionQueue:
    """What waits to be written; for the event loop alone."""

    def __init__(self) -> None:
        self._waiting: list[Refused] = []
        self._of_connection: Counter[bytes] = Counter()
        self._bytes = 0

    def note(self, refused: Refused) -> bool:
        """Queue a refusal; False when too many wait already, and this one is only counted."""
        is_over = (
            len(self._waiting) >= MOST_WAITING
            or self._of_connection[refused.connection_id] >= MOST_WAITING_OF_ONE
            or self._bytes + len(refused.body) > MOST_WAITING_BYTES
        )
        if not is_over:
            self._waiting.append(refused)
            self._of_connection[refused.connection_id] += 1
            self._bytes += len(refused.body)
        return not is_over

    def take(self) -> list[Refused]:
        """What waits; waiting starts anew."""
        taken, self._waiting = self._waiting, []
        self._of_connection.clear()
        self._bytes = 0
        return taken


def keep(keeper: Keeper, refused: Sequence[Refused], now_ms: int) -> None:
    """Put them on disk, in any thread. A disk that does not take them is said in the log, and they are let go."""
    try:
        keeper.write([_rejection(one) for one in refused], now_ms)
    except sqlite3.Error as error:
        _log.warning("rejections_not_kept", count=len(refused), reason=str(error))


def _rejection(refused: Refused) -> Rejection:
    own_key = refused.own_key
    faults = tuple(
        Fault(path=_brief(fault.path), reason=masked(_brief(fault.reason), own_key))
        for fault in refused.faults[:_MOST_FAULTS]
    )
    path = faults[0].path if faults else ""
    return Rejection(
        id=uuid7(refused.received_at_ms),
        connection_id=UUID(bytes=refused.connection_id),
        received_at_ms=refused.received_at_ms,
        door=refused.door,
        status=refused.status,
        code=refused.code,
        reason=masked(_brief(refused.reason), own_key),
        faults=faults,
        excerpt=excerpt_of(refused.body, refused.query, path, own_key),
    )


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
