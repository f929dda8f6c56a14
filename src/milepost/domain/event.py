"""The life of an event, one type per stage: Submission at the door, Located in the journal, RecordedGroup, Emissions.

What a stage learns is in the type that it hands on; no field is filled in later. Ids are 16 big-endian bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import msgspec

from milepost.domain.event_date import DateFlag
from milepost.domain.fate import Fate
from milepost.domain.tally import Tally


class SmartKey(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """For MetaKey `name`, the payload's member `field` holds the company's key in space `alternate_id` (FACTS)."""

    name: str
    alternate_id: str
    field: str


class ItemMeta(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a door says of one event where its payload does not say it in seed 000's own members.

    `idempotency_key` of None means that the event never counts as a repeat. `sent_at_ms` is what the sender's clock
    showed at sending, where the wire says it; the date is corrected by it when the event is recorded.
    """

    event_key: str
    event_date_ms: int | None = None
    idempotency_key: str | None = None
    sent_at_ms: int | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One accepted request: what goes into the journal, and all that later stages ever see of it.

    `body` is a JSON array of the payload objects, each byte as it was sent. Where `items` is None, every
    event has the submission's `event_key`, and its date and idempotency key are the payload's own
    `eventDate` and `idempotencyKey` (seed 000, field table); otherwise `items` has one entry per payload.
    `count` is how many payloads the array has. `sent_at_ms` is the sender's clock at sending, for all events of a
    submission without `items`. New members go to the end and have a default: a journal outlives the version that
    wrote it.
    `request_id` is a UUIDv7 whose time is `received_at_ms`; both ids are 16 bytes, big-endian.
    """

    request_id: bytes
    connection_id: bytes
    door: str
    received_at_ms: int
    client_ip: str
    event_key: str
    body: bytes
    count: int
    smart_keys: tuple[SmartKey, ...] = ()
    items: tuple[ItemMeta, ...] | None = None
    sent_at_ms: int | None = None


class Located(NamedTuple):
    """A journal entry where it lies: partition (one per ingest worker), offset (from 1, without gaps read in order)."""

    partition: int
    offset: int
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedGroup:
    """Events of one connection, event key and door in one batch, as columns of equal length, in journal order.

    `duplicates_of` has the id of the event that came first, or "". `smart_keys` are those of the group's
    submissions, each once. `date_corrections_ms` is what was added to the dates as sent, and `date_flags` what is
    doubtful about them (domain/event_date.py); either is empty where no event of the group has any.
    """

    connection_id: bytes
    event_key: str
    door: str
    request_ids: Sequence[bytes]
    items: Sequence[int]
    received_at_ms: Sequence[int]
    event_date_ms: Sequence[int]
    fates: Sequence[Fate]
    reasons: Sequence[str]
    duplicates_of: Sequence[str]
    payloads: Sequence[bytes]
    smart_keys: tuple[SmartKey, ...]
    date_corrections_ms: Sequence[int] = ()
    date_flags: Sequence[tuple[DateFlag, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Emissions:
    """What one signal emitted in one batch, as columns of equal length.

    `numbers` and `texts` are by slot (`n1`.., `t1`..); None is "missing or not convertible", and a slot that is
    absent is None in every row.
    """

    signal_id: UUID
    generation: int
    revision: int
    company_ids: Sequence[bytes]
    request_ids: Sequence[bytes]
    items: Sequence[int]
    event_date_ms: Sequence[int]
    numbers: Mapping[str, Sequence[float | None]]
    texts: Mapping[str, Sequence[str | None]]


class Detected(NamedTuple):
    """What a batch's new events emit, and what each signal made of the events of its key."""

    emissions: list[Emissions]
    tallies: list[Tally]


class EventId(NamedTuple):
    """An event's identity: its request and its place in it, so that a replay gives the same id."""

    request_id: UUID
    item: int

    def __str__(self) -> str:
        return f"{self.request_id}.{self.item}"

    @classmethod
    def parse(cls, text: str) -> EventId:
        """Read `<request id>.<item>`; ValueError for anything else."""
        request_id, _, item = text.partition(".")
        if not item.isascii() or not item.isdigit():
            raise ValueError(f"{text!r} is not an event id; it looks like <requestId>.<number>")
        return cls(UUID(request_id), int(item))
