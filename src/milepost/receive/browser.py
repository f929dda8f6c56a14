"""What browsers need of a door: the cross-origin headers, the preflight, and a connection's list of origins."""

from __future__ import annotations

import re

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import ForbiddenError, MilepostError
from milepost.receive.door import Answer, Book, Request
from milepost.receive.refusals import UnsupportedMediaTypeError, refuse

PREFLIGHT_SECONDS = 86400

_ANY_PAGE = ("access-control-allow-origin", "*")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]{1,300}", re.IGNORECASE)
CROSS_ORIGIN = (_ANY_PAGE, ("access-control-expose-headers", "retry-after"))
"""Any page may read the answer, and when to retry: a public key opens the door, never a cookie."""

_PREFLIGHT = (
    *CROSS_ORIGIN,
    ("access-control-allow-methods", "GET, POST"),
    ("access-control-max-age", str(PREFLIGHT_SECONDS)),
    ("vary", "access-control-request-headers"),
)
_JSON_OR_TEXT = frozenset({"", "application/json", "text/json", "text/plain"})
_HEADERS = "authorization, content-encoding, content-type, x-event-metadata"


def for_browsers(answer: Answer) -> Answer:
    """The same answer, readable from a page of another origin."""
    return Answer(status=answer.status, body=answer.body, headers=(*answer.headers, *CROSS_ORIGIN))


def for_credentials(answer: Answer, origin: str | None) -> Answer:
    """An answer that any page may read, for one whose `fetch` adds credentials too: then `*` counts for nothing.

    It gives nothing away: no door of this listener looks at a cookie, or answers otherwise to one.
    """
    if origin is None or _ANY_PAGE not in answer.headers or not _ORIGIN.fullmatch(origin):
        return answer
    own = (_ANY_PAGE[0], origin), ("access-control-allow-credentials", "true"), ("vary", "origin")
    others = tuple(header for header in answer.headers if header != _ANY_PAGE)
    return Answer(status=answer.status, body=answer.body, headers=(*others, *own))


def require_origin(connection: KnownConnection, request: Request) -> None:
    """ForbiddenError for a page of an origin that is not on the connection's list; an empty list takes any.

    A request without `Origin` does not come from a page's script, and the list says nothing of it.
    """
    origin = request.headers.get("origin")
    if connection.allowed_origins and origin is not None and origin not in connection.allowed_origins:
        raise ForbiddenError(f"This connection does not take events from the origin {origin[:200]}.")


def require_json_or_text(request: Request) -> None:
    """UnsupportedMediaTypeError unless the body is declared as JSON, as text (browsers' beacons), or not at all."""
    declared = request.headers.get("content-type", "")
    media_type = declared.partition(";")[0].strip().lower()
    if media_type not in _JSON_OR_TEXT and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise UnsupportedMediaTypeError(f"Content-Type must be application/json, not {declared[:100]!r}.")


class Preflight:
    """`OPTIONS` before a cross-origin request; which origins a connection takes is said when the request comes."""

    name = "preflight"

    def knock(self, request: Request, book: Book) -> None:
        """See receive/door.py; a preflight never has a key."""

    def read(self, request: Request, book: Book) -> Answer:  # the contract's second argument; nothing to look up
        """204, cached by the browser for as long as it does cache."""
        asked = request.headers.get("access-control-request-headers", "")
        is_plain = asked.isascii() and asked.isprintable()
        headers = ("access-control-allow-headers", asked if asked and is_plain else _HEADERS)
        return Answer(status=204, headers=(*_PREFLIGHT, headers))

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return for_browsers(refuse(error))
