"""The contract between the HTTP app and a dialect: a Request in, a Reading (or a raised refusal) out.

A door is pure: it sees bytes and the book of known connections, and neither waits nor writes. The app lets it knock
before a byte of the body is looked at, then reads, bounds and expands the body, journals what the door read, and only
then sends the door's answer. The types of one
request are msgspec structs because these are made in a tenth of a dataclass's time, once or twice a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import Fault, MilepostError
from milepost.domain.event import ItemMeta, SmartKey


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One HTTP request as a door sees it: `body` expanded and within bounds, header names in lower case.

    Once the door was knocked at, `known` is what `knock` gave, and it need not look again.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client_ip: str
    received_at_ms: int
    scheme: str = "https"
    has_knocked: bool = False
    known: KnownConnection | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What goes back to the sender."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid submission, not yet on disk, and how to answer once it is.

    The fields are those of `domain.event.Submission`; `answer` gets the request id as text, and must not fail.
    `refused` names what was wrong with the rest of a batch that is valid in part.
    """

    connection: KnownConnection
    event_key: str
    body: bytes
    count: int
    answer: Callable[[str], Answer]
    smart_keys: tuple[SmartKey, ...] = ()
    items: tuple[ItemMeta, ...] | None = None
    sent_at_ms: int | None = None
    refused: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The known connections by each thing a sender can show; replaced whole when the control plane changes."""

    by_id: Mapping[bytes, KnownConnection] = field(default_factory=dict)
    by_client_id: Mapping[str, KnownConnection] = field(default_factory=dict)
    by_public_key: Mapping[str, KnownConnection] = field(default_factory=dict)


class Door(Protocol):
    """One wire shape. `name` is what the event log and the metrics call it."""

    name: str

    def knock(self, request: Request, book: Book) -> KnownConnection | None:
        """Raise what method, path, query and headers alone forbid; the request's body is still empty.

        Gives the connection whose key or token stands outside the body, so that whatever goes wrong with the body can
        be shown to its owner; None where the sender is known by the body, or not at all. `read` refuses the same.
        """

    def read(self, request: Request, book: Book) -> Reading | Answer:
        """Validate all of it, or raise a MilepostError that names every fault; an Answer if nothing is to be kept."""

    def refuse(self, error: MilepostError) -> Answer:
        """The error in this dialect's own shape."""
