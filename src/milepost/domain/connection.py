"""A Connection: one event source, its kind, and the public half of its credentials (seed 000, lines 49-74)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class ConnectionKind(StrEnum):
    """How a connection's events come in. The CLI and the API use these values."""

    EVENT_HANDLER = "event-handler"
    TRACKING_SCRIPT = "tracking-script"
    MACHINE_TO_MACHINE = "machine-to-machine"
    CUSTOM_EVENTS = "custom-events"


EVENT_HANDLER_SCOPE = "read:api user_profile"
"""The scope that /getToken answers for an event handler, letter by letter as in seed 000, line 112."""


COMMAND_LINE = "command-line"
"""The kind in tokens that the command line signs for itself with the data folder's key; no connection has it."""


class Connection(BaseModel):
    """A connection as everyone but the secret's owner may see it.

    `client_id` is set for event handlers and machine-to-machine connections; `public_key` is the
    Analytics Key of a tracking script or the writeKey of a custom-events connection: public by nature,
    write-only. `scopes` only matter for machine-to-machine; `allowed_origins` only for tracking scripts, where
    empty means any.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    kind: ConnectionKind
    is_enabled: bool
    client_id: str | None = None
    public_key: str | None = None
    scopes: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    created_at: datetime


class KnownSecret(NamedTuple):
    """SHA-256 of a client secret, and until when it opens the door (None: until it is rotated or disabled)."""

    sha256: bytes
    valid_until_ms: int | None


class KnownConnection(NamedTuple):
    """What an ingest worker knows of a connection: enough to recognise its sender, nothing it could leak.

    `id` is 16 big-endian bytes, as in a Submission. `allowed_origins` empty means any origin.
    """

    id: bytes
    name: str
    kind: ConnectionKind
    is_enabled: bool
    client_id: str | None
    secrets: tuple[KnownSecret, ...]
    public_key: str | None
    scopes: tuple[str, ...]
    allowed_origins: tuple[str, ...]
