"""What the HTTP layer asks of an application, and what it gives it; nothing here waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from milepost.domain.errors import MilepostError


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request before its body.

    Header names are in lower case; where one is there several times, its values are joined by commas. A value's text
    is UTF-8 where its bytes are that, else Latin-1. Content-Length is not among them: it is the layer's own affair, and
    requests of a connection that differ in nothing else share one head. `path` is percent-decoded, `query` is as it was
    sent, and `peer` is `address:port` of the other end.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str
    scheme: str


class Reply(Protocol):
    """An answer: its headers are those that depend on its meaning, not on the connection."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def body(self) -> bytes: ...


class Call(Protocol):
    """One request on its way through an application, which answers it once: early, whole or refused.

    `early` is an answer that needed no body; the body is then read on and thrown away.
    """

    @property
    def early(self) -> Reply | None: ...

    def whole(self, body: bytes, answer: Callable[[Reply], None]) -> None:
        """The body is here to its last byte; `answer` may be called at once or later, on the loop."""

    def refuse(self, error: MilepostError) -> Reply:
        """The body will not come: too large, too slow or malformed. Nothing of it may be kept."""


class Application(Protocol):
    """See the module. A client that leaves in the middle of its request is never heard of."""

    def open(self, head: Head) -> Call:
        """A request has begun; its body has not been read."""

    def refuse(self, error: MilepostError) -> Reply:
        """The answer to what never became a request."""

    def is_behind(self) -> bool:
        """Whether so much waits to be kept that nothing more should be read for now."""
