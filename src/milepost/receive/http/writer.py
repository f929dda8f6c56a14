"""A reply as the bytes of HTTP/1.1; refuses (ValueError) headers that would end their line."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from milepost.receive.http.port import Reply

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSING: Final = "close"
KEEPING: Final = "keep-alive"
_WITHOUT_BODY: Final = frozenset({204, 304})


def encode(reply: Reply, *, is_bodiless: bool, connection: str | None, date: bytes) -> bytes:
    """The whole answer; `is_bodiless` for HEAD, where the length is still that of the body that GET would give."""
    body = reply.body
    head = _head(reply.status, reply.headers, connection)
    if reply.status in _WITHOUT_BODY:
        return b"%b%b\r\n" % (head, date)
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (head, date, len(body), b"" if is_bodiless else body)


def date_line(unix_seconds: float) -> bytes:
    """The `date` header."""
    return b"date: %b\r\n" % formatdate(unix_seconds, usegmt=True).encode()


@lru_cache(maxsize=512)
def _head(status: int, headers: tuple[tuple[str, str], ...], connection: str | None) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    own = (("connection", connection),) if connection else ()
    for name, value in (*headers, *own):
        line = f"{name}: {value}"
        if not line.isprintable():
            raise ValueError(f"The header {name!r} holds what no header may.")
        lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode("ascii", "backslashreplace")
