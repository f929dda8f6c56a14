"""Bytes to requests, by llhttp: a head that is there whole, then its body in pieces.

Refuses with FramingError what two readers could take for different requests. Nothing here knows sockets or time.
llhttp reads heads and chunks. A body of a declared length is that many bytes, in which there is nothing to read; and
a head that only differs from the connection's last one in that length says the same as that one.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

import msgspec
from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from milepost.receive.http.bounds import Bounds
from milepost.receive.http.errors import FramingError, HeadTooLargeError, UnknownMethodError, UnknownVersionError
from milepost.receive.http.fields import headers_of, is_host
from milepost.receive.http.lines import END, check_lines
from milepost.receive.http.port import Head

_REQUEST: Final = re.compile(rb"[A-Za-z]+ [!-~]+ HTTP/1\.[01]\r\n")
_UPGRADE: Final = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: ([0-9]{1,15})\r\n", re.IGNORECASE)
_LONGEST_REMEMBERED: Final = 4096


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """A head that kept every rule, and declared a length: `form` is its bytes without that length's digits."""

    form: bytes
    head: Head
    keeps_alive: bool
    is_old: bool
    expects_continue: bool


class Reader:
    """The requests of one connection, one after the other: `read_head`, then `read_body` until `is_whole`.

    llhttp is given a head at once and chunks up to the last one, so that it never sees two requests in one piece.
    """

    __slots__ = (
        *("_bounds", "_fields", "_gathered", "_is_in_head", "_is_kept", "_last", "_parser", "_peer", "_pieces"),
        *("_scheme", "_size", "_tail", "_url", "declared", "expects_continue", "is_old", "is_whole", "keeps_alive"),
        "wire_bytes",
    )

    def __init__(self, bounds: Bounds, *, peer: str, scheme: str) -> None:
        self._bounds = bounds
        self._peer = peer
        self._scheme = scheme
        self._parser = HttpRequestParser(self)
        self._last: _Remembered | None = None
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._is_in_head = True
        self.is_whole = False
        self.keeps_alive = False
        self.is_old = False
        self.expects_continue = False
        self.declared: int | None = None
        self._pieces: list[bytes] = []
        self._gathered = bytearray()
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
        if self._is_in_head:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """See llhttp; it forgets this by the end of the body."""
        self._is_in_head = False
        self.keeps_alive = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """See llhttp."""
        self._size += len(piece)
        if self._is_kept:
            self._gathered += piece  # the pieces are as small as the client's chunks

    def on_message_complete(self) -> None:
        """See llhttp."""
        self.is_whole = True

    # What the connection calls.

    def read_head(self, raw: bytes) -> Head:
        """The head that is these bytes, up to and with the empty line. FramingError and its neighbours."""
        length = _LENGTH.search(raw)
        if length is None:
            return self._read_head(raw)
        form = raw[: length.start(1)] + raw[length.end(1) :]
        last = self._last
        if last is not None and last.form == form:
            self._begin_like(last, int(length[1]))
            return last.head
        self._last = None
        head = self._read_head(raw)
        if len(form) <= _LONGEST_REMEMBERED:
            self._last = _Remembered(
                form=form,
                head=head,
                keeps_alive=self.keeps_alive,
                is_old=self.is_old,
                expects_continue=self.expects_continue,
            )
        return head

    def _begin_like(self, last: _Remembered, declared: int) -> None:
        self.keeps_alive = last.keeps_alive
        self.is_old = last.is_old
        self.expects_continue = last.expects_continue
        self.declared = declared
        self.is_whole = declared == 0
        self._pieces = []
        self._size = self.wire_bytes = 0
        self._is_kept = True

    def _read_head(self, raw: bytes) -> Head:
        self._begin()
        check_lines(raw)
        if raw.startswith(b"\n"):
            raise FramingError("This is no HTTP request.")
        if raw.count(b"\n") > self._bounds.head_lines + 2:
            raise HeadTooLargeError(f"A request may have at most {self._bounds.head_lines} headers.")
        self._parse_head(raw)
        if self._is_in_head:
            raise FramingError("This is no HTTP request.")
        headers = headers_of(self._fields)
        self._check_head(headers)
        path, _, query = self._target().partition("?")
        head = Head(
            method=self._parser.get_method().decode("ascii"),
            path=unquote(path) if "%" in path else path,
            query=query,
            headers=headers,
            peer=self._peer,
            scheme=self._scheme,
        )
        if self.declared:
            self._parser = HttpRequestParser(self)  # the old one waits for a body that it will not get
        return head

    def read_body(self, data: bytes) -> bytes:
        """Read on; gives the bytes that belong to the next request, or raises FramingError."""
        if self.declared is None:
            return self._read_chunks(data)
        left = self.declared - self.wire_bytes
        piece, rest = (data, b"") if len(data) <= left else (data[:left], data[left:])
        self._size = self.wire_bytes = self.wire_bytes + len(piece)
        if self._is_kept:
            self._pieces.append(piece)
        self.is_whole = self._size == self.declared
        return rest

    @property
    def is_too_large(self) -> bool:
        """Whether more of the body has come than is taken."""
        return self._size > self._bounds.body_bytes

    def body(self) -> bytes:
        """All of it; asked once, when it is whole, and not held any longer."""
        pieces = self._pieces
        if self.declared is None:
            body = bytes(self._gathered)
            self._let_go()
            return body
        self._pieces = []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def discard(self) -> None:
        """Read the rest of the body, but keep none of it."""
        self._is_kept = False
        self._let_go()

    def _let_go(self) -> None:
        self._pieces = []
        self._gathered = bytearray()

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
            if not _REQUEST.match(raw):
                raise FramingError("This is no HTTP request.") from None
            raise UnknownMethodError("This is no method of HTTP.") from None
        except HttpParserError as error:
            raise FramingError(f"This is no valid HTTP request: {_reason(error)}.") from None

    def _check_head(self, headers: dict[str, str]) -> None:
        version = self._parser.get_http_version()
        if version != "1.1":
            if version == "0.9":  # which is what llhttp calls a request line without a version
                raise FramingError("This is no HTTP/1.1 request.")
            if version != "1.0":
                raise UnknownVersionError("HTTP/1.1 and HTTP/1.0 are spoken here.")
            self.is_old = True
        host = headers.get("host")
        if host is None:
            if not self.is_old:
                raise FramingError("The Host header is missing.")
        elif not is_host(host):
            raise FramingError("The Host header is not valid.")
        if "content-length" in headers:
            self.declared = int(headers.pop("content-length"))  # llhttp has seen to it that it is one number
        elif "transfer-encoding" in headers and (self.is_old or headers["transfer-encoding"].lower() != "chunked"):
            raise FramingError("Transfer-Encoding may be chunked, in HTTP/1.1, and nothing else.")
        if "expect" in headers:
            self.expects_continue = not self.is_old and headers["expect"].lower() == "100-continue"

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
            if self.wire_bytes - self._size > self._bounds.chunking_bytes:
                raise FramingError("The chunks of the body are mostly framing.")
            if self.is_whole:
                break
        self._tail = text[-3:]
        return data[start:]


def _reason(error: HttpParserError) -> str:
    return str(error).rstrip(".")
