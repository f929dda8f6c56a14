"""A Connection: one event source, its kind, and the public half of its credentials (seed 000, lines 49-74)."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


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


class RateLimit(BaseModel):
    """How many events a connection may send: `events_per_second` in the long run, `burst` of them at once.

    Without a burst it is that of one second, at least 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    events_per_second: float = Field(gt=0, le=1e9, allow_inf_nan=False)
    burst: int = Field(default_factory=lambda given: math.ceil(given.get("events_per_second", 1)), ge=1, le=10**9)


class TrackEventKey(StrEnum):
    """What the event key of a track of the Segment wire is: its own event's name, or `track` for all (FACTS)."""

    NAME = "name"
    TYPE = "type"


DELIVERY_ID_FORM = r"auto|none|header:[A-Za-z0-9_-]{1,100}|body:[^.]{1,100}(\.[^.]{1,100}){0,9}"
"""Where a webhook has the id of its delivery, which stays the same when the sender tries again: in the headers that
are known for it (`auto`), nowhere, in a header, or in a member of the payload (`body:event.id`)."""


class DoubtfulDates(StrEnum):
    """What becomes of an event whose date is implausible (domain/event_date.py): kept with a flag, or refused."""

    FLAG = "flag"
    REFUSE = "refuse"


class Connection(BaseModel):
    """A connection as everyone but the secret's owner may see it.

    `client_id` is set for event handlers and machine-to-machine connections; `public_key` is the
    Analytics Key of a tracking script or the writeKey of a custom-events connection: public by nature,
    write-only. `scopes` only matter for machine-to-machine; `allowed_origins` only for tracking scripts, where
    empty means any. Without a `rate_limit` it may send as much as the node can keep. `track_event_key` only matters
    on the Segment wire, `delivery_id` (DELIVERY_ID_FORM) at the webhook door.
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
    rate_limit: RateLimit | None = None
    track_event_key: TrackEventKey = TrackEventKey.NAME
    delivery_id: str = "auto"
    doubtful_dates: DoubtfulDates = DoubtfulDates.FLAG
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
    rate_limit: RateLimit | None = None
    track_event_key: TrackEventKey = TrackEventKey.NAME
    delivery_id: str = "auto"
    doubtful_dates: DoubtfulDates = DoubtfulDates.FLAG
