"""Bytes to requests, by llhttp: a head that is there whole, then its body in pieces.

Refuses with FramingError what two readers could take for different requests. Nothing here knows sockets or time.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from milepost.receive.http.bounds import Bounds
from milepost.receive.http.errors import FramingError, HeadTooLargeError, UnknownMethodError, UnknownVersionError
from milepost.receive.http.port import Head

END: Final = b"\r\n\r\n"
_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]*")


class Reader:
    """The requests of one connection, one after the other: `read_head`, then `read_body` until `is_whole`.

    llhttp is given a head at once and a body up to its last byte, so that it never sees two requests in one piece.
    """

    def __init__(self, bounds: Bounds, *, peer: str, scheme: str) -> None:
        self._bounds = bounds
        self._peer = peer
        self._scheme = scheme
        self._parser = HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._is_in_head = True
        self.is_whole = False
        self.keeps_alive = False
        self.is_old = False
        self.expects_continue = False
        self.declared: int | None = None
        self._body: bytes | bytearray = b""
        self._size = 0
        self.wire_bytes = 0
        self._tail = b""
        self._is_kept = True

    # What llhttp calls.

    def on_url(self, url: bytes) -> None:
        """See llhttp."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody asked for."""
        if not self._is_in_head:
            return
        key = name.decode("ascii").lower()
        text = _text(value)
        known = self._headers.get(key)
        self._headers[key] = text if known is None else f"{known}, {text}"
        if known is not None and key == "host":
            self._headers[key] = "\n"  # no valid host: two of them are refused below

    def on_headers_complete(self) -> None:
        """See llhttp; it forgets this by the end of the body."""
        self._is_in_head = False
        self.keeps_alive = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """See llhttp."""
        self._size += len(piece)
        if not self._is_kept:
            return
        if not self._body:
            self._body = piece
        elif isinstance(self._body, bytearray):
            self._body += piece
        else:
            self._body = bytearray(self._body) + piece

    def on_message_complete(self) -> None:
        """See llhttp."""
        self.is_whole = True

    # What the connection calls.

    def read_head(self, raw: bytes) -> Head:
        """The head that is these bytes, up to and with the empty line. FramingError and its neighbours."""
        self._begin()
        if raw.count(b"\n") > self._bounds.head_lines + 2:
            raise HeadTooLargeError(f"A request may have at most {self._bounds.head_lines} headers.")
        self._parse_head(raw)
        if self._is_in_head:
            raise FramingError("This is no HTTP request.")
        self._check_head()
        path, _, query = self._target().partition("?")
        return Head(
            method=self._parser.get_method().decode("ascii"),
            path=unquote(path) if "%" in path else path,
            query=query,
            headers=self._headers,
            peer=self._peer,
            scheme=self._scheme,
        )

    def read_body(self, data: bytes) -> bytes:
        """Read on; gives the bytes that belong to the next request, or raises FramingError."""
        if self.declared is None:
            rest = self._read_chunks(data)
        else:
            left = self.declared - self.wire_bytes
            rest = data[left:]
            self._feed(data[:left] if rest else data)
        return rest

    @property
    def is_too_large(self) -> bool:
        """Whether more of the body has come than is taken."""
        return self._size > self._bounds.body_bytes

    def body(self) -> bytes:
        """All of it; asked once, when it is whole, and not held any longer."""
        body, self._body = bytes(self._body), b""
        return body

    def discard(self) -> None:
        """Read the rest of the body, but keep none of it."""
        self._is_kept = False
        self._body = b""

    def _parse_head(self, raw: bytes) -> None:
        try:
            self._parser.feed_data(raw)
        except HttpParserUpgrade:  # an offer that may be ignored; llhttp would not look for a body behind it
            if self._parser.get_method() == b"CONNECT":
                raise FramingError("CONNECT is not taken here.") from None
            self._begin()
            self._parser = HttpRequestParser(self)
            self._parse_head(_UPGRADE.sub(b"\r\nx-upgrade-ignored:", raw))
        except HttpParserInvalidMethodError:
            raise UnknownMethodError("This is no method of HTTP.") from None
        except HttpParserError as error:
            raise FramingError(f"This is no valid HTTP request: {_reason(error)}.") from None

    def _check_head(self) -> None:
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise UnknownVersionError("HTTP/1.1 and HTTP/1.0 are spoken here.")
        self.is_old = version == "1.0"
        headers = self._headers
        host = headers.get("host")
        if host is None and not self.is_old:
            raise FramingError("The Host header is missing.")
        if host is not None and not _HOST.fullmatch(host):
            raise FramingError("The Host header is not valid, or there are two.")
        coding = headers.get("transfer-encoding")
        if coding is not None and (self.is_old or coding.lower() != "chunked"):
            raise FramingError("Transfer-Encoding may be chunked, in HTTP/1.1, and nothing else.")
        length = headers.get("content-length")
        if length is not None:
            self.declared = int(length)  # llhttp has seen to it that it is one number
        self.expects_continue = not self.is_old and headers.get("expect", "").lower() == "100-continue"

    def _target(self) -> str:
        target = self._url.decode("ascii")
        if target.startswith("/"):
            return target
        found = _ORIGIN.match(target)
        if found is None:
            return target
        rest = target[found.end() :]
        return rest if rest.startswith("/") else f"/{rest}"

    def _feed(self, data: bytes) -> None:
        self.wire_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise FramingError(f"The body is not valid HTTP: {_reason(error)}.") from None

    def _read_chunks(self, data: bytes) -> bytes:
        """A chunked body ends with an empty line, and only there: llhttp gets it up to each, and says which it was."""
        text = self._tail + data
        known = len(self._tail)
        start = 0
        while start < len(data):
            found = text.find(END, max(0, start + known - 3))
            end = len(data) if found < 0 else found + len(END) - known
            self._feed(data[start:end])
            start = end
            if self.is_whole:
                break
            if self.wire_bytes - self._size > self._bounds.chunking_bytes + self._size:
                raise FramingError("The chunks of the body are mostly framing.")
        self._tail = text[-3:]
        return data[start:]


def _text(value: bytes) -> str:
    try:
        return value.decode().strip(" \t")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip(" \t")


def _reason(error: HttpParserError) -> str:
    return str(error).rstrip(".")
