"""A refused submission of a known connection, as it is kept for the connection's owner (DESIGN law 5)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from milepost.domain.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What was refused, when, at which door and why.

    `id` is a UUIDv7 whose time is `received_at_ms`. `code` and `reason` are the refusal's own; `status` is what the
    sender was answered, 207 where the rest of a batch was kept. `faults` are the first of them, and `excerpt` is a
    part of what was sent, without its secrets.
    """

    id: UUID
    connection_id: UUID
    received_at_ms: int
    door: str
    status: int
    code: str
    reason: str
    faults: tuple[Fault, ...]
    excerpt: str

    @property
    def path(self) -> str:
        """Where the first fault is, such as `data[3].eventDate`; empty for the submission as a whole."""
        return self.faults[0].path if self.faults else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionFilter:
    """Each given part narrows. Times are Unix milliseconds of arrival."""

    connection_id: UUID | None = None
    door: str | None = None
    code: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
