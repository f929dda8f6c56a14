"""Requests that no door takes: takes method and path, gives a 404 or 405 that names the door that was meant.

Whom the request comes from is looked for in its headers and query, so that the owner of a mistyped address sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from milepost.domain.errors import Fault, MilepostError, NotFoundError
from milepost.receive.door import Book, Door, Request
from milepost.receive.refusals import MethodNotAllowedError
from milepost.receive.routing import Routes

_LONGEST_PATH = 100
_PARTS = re.compile(r"[^a-z0-9]+")
_KNOWS_SENDERS = ("/events", "/v1/custom/event", "/v1/track")
"""Doors whose `knock` knows, between them, every key that may stand outside a body."""


def missing(request: Request, routes: Routes, methods: Mapping[str, Door] | None, book: Book) -> MilepostError:
    """Why there is no door for the request, with its sender where that can be known."""
    error = _not_found(request, routes) if methods is None else _not_allowed(request, methods)
    error.sender = next(filter(None, (_sender(routes[path]["POST"], request, book) for path in _KNOWS_SENDERS)), None)
    return error


def _not_found(request: Request, routes: Routes) -> MilepostError:
    near = nearest(request.path, routes)
    shown = request.path[:_LONGEST_PATH]
    if near is None:
        return NotFoundError(f"There is nothing at {shown}.")
    fault = Fault(path="path", reason=f"there is nothing here; did you mean {near}?")
    return NotFoundError(f"There is nothing at {shown}. Did you mean {near}?", faults=(fault,))


def _not_allowed(request: Request, methods: Mapping[str, Door]) -> MilepostError:
    allowed = ", ".join(methods)
    return MethodNotAllowedError(f"{request.path[:_LONGEST_PATH]} takes {allowed}, not {request.method}.")


def nearest(path: str, routes: Routes) -> str | None:
    """The known door that a path was probably meant for, such as `POST /v1/track`."""
    wanted = _words(path)
    if not wanted or len(path) > _LONGEST_PATH:
        return None
    known = {_words(route): route for route in routes if "*" not in route and len(route) > len("/v1/x")}
    route = next((known[word] for word in _spellings(wanted) if word in known), None)
    if route is None:
        route = next((known[word] for word in get_close_matches(wanted, known, n=1, cutoff=0.75)), None)
    return f"{next(iter(routes[route]))} {route}" if route else None


def _words(path: str) -> str:
    return "".join(part for part in _PARTS.split(path[: _LONGEST_PATH + 1].lower()) if part and part != "v1")


def _spellings(wanted: str) -> list[str]:
    """The path's words as they are, in the plural or singular, and with something in front of them left out."""
    ends = [wanted[start:] for start in range(max(len(wanted) - 3, 1))]
    return [spelling for end in ends for spelling in (end, f"{end}s", end.removesuffix("s"))]


def _sender(door: Door, request: Request, book: Book) -> bytes | None:
    try:
        known = door.knock(request, book)
    except MilepostError as error:
        return error.sender
    return known.id if known else None
