"""What the `/v1/*` doors share: MetaRouter's error shape, and the writeKey that opens them (seed 003, FACTS)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import Fault, InvalidInputError, MilepostError, UnauthenticatedError
from milepost.receive.browser import for_browsers, require_origin
from milepost.receive.door import Answer, Book, Request
from milepost.receive.query import first_in_query
from milepost.receive.refusals import OverLimitError, sent_by, shared_headers

BAD_WRITE_KEY = "Invalid or missing writekey"
"""MetaRouter's own sentence, letter by letter (FACTS)."""

LONGEST_VALUE = 4096
"""Bound on a name, an id or any other value of an event's metadata, in characters."""


def status_of(error: MilepostError) -> int:
    """The error's status in this dialect."""
    return HTTPStatus.TOO_MANY_REQUESTS if isinstance(error, OverLimitError) else error.status


def error_body(error: MilepostError) -> dict[str, Any]:
    """`{"Error", "Message", "Details"}`; Details is text, one `path: reason` per fault."""
    return {
        "Error": HTTPStatus(status_of(error)).phrase,
        "Message": error.message,
        "Details": "; ".join(f"{fault.path}: {fault.reason}" if fault.path else fault.reason for fault in error.faults),
    }


def refuse(error: MilepostError) -> Answer:
    """The error in MetaRouter's shape.

    A 401 names a scheme of our own: for `Basic`, a browser would ask the page's visitor for a password.
    """
    headers = tuple(
        (name, 'WriteKey realm="events"' if name == "www-authenticate" else value)
        for name, value in shared_headers(error)
    )
    return for_browsers(Answer(status=status_of(error), body=orjson.dumps(error_body(error)), headers=headers))


def opened_by(write_key: str, request: Request, book: Book) -> KnownConnection:
    """The enabled connection of a writeKey or an Analytics Key; UnauthenticatedError, or ForbiddenError by origin."""
    connection = book.by_public_key.get(write_key)
    with sent_by(connection):
        if connection is None or not connection.is_enabled:
            reason = "no enabled connection has this key"
            raise UnauthenticatedError(BAD_WRITE_KEY, faults=(Fault(path="writeKey", reason=reason),))
        require_origin(connection, request)
    return connection


def opened_outside_body(request: Request, book: Book) -> KnownConnection | None:
    """The connection of the key in Basic auth, else in the query; None without one, and refused as `opened_by` does.

    A key in the query has to be a known one even where the body has another, which then counts: nobody's key must
    be known before the body is looked at, but a wrong one is not worth the work.
    """
    key = _basic_user(request) or _query_key(request)
    return opened_by(key, request, book) if key else None


def connection_of(request: Request, document: Mapping[str, Any], book: Book) -> KnownConnection:
    """By the user of Basic auth, else the body's writeKey, else the query's; UnauthenticatedError if unknown."""
    key = _basic_user(request) or document.get("writeKey") or _query_key(request)
    if not isinstance(key, str) or not key:
        where = "send it as the user of Basic auth, as the body's writeKey or in the query string"
        raise InvalidInputError(BAD_WRITE_KEY, faults=(Fault(path="writeKey", reason=where),))
    return opened_by(key, request, book)


def _query_key(request: Request) -> str:
    return first_in_query(request.query, "writeKey")


def _basic_user(request: Request) -> str | None:
    """The user of Basic auth, with or without a colon behind it; None for any other Authorization."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except (Base64Error, ValueError):
        return None
