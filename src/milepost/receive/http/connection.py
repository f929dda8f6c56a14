"""The course of one connection: read a head, ask the application, read the body, answer, and again.

One request is under way at a time, so answers are in order; what is pipelined behind it waits in a bounded buffer, and
then in the client. An answer that needs no body is given at once, and what the client still sends is read and dropped.
"""

from __future__ import annotations

import asyncio
import math
from typing import cast

from milepost.domain.errors import MilepostError, UnavailableError
from milepost.receive.expand import BodyTooLargeError
from milepost.receive.http.errors import (
    BodyTooSlowError,
    HeadTooSlowError,
)
from milepost.receive.http.lines import end_of_head, without_blank_lines
from milepost.receive.http.owner import Owner, peer_of
from milepost.receive.http.port import Call, Reply
from milepost.receive.http.reader import Reader
from milepost.receive.http.state import ANSWERING, BODY, CLOSED, HEAD, LINGER
from milepost.receive.http.writer import CLOSING, CONTINUE, KEEPING, encode


class Connection(asyncio.Protocol):
    """See the module. `due` is when `overdue` is to be called, on the clock of the loop."""

    __slots__ = (
        *("_application", "_bounds", "_buffer", "_call", "_has_ended", "_is_advancing", "_is_choked", "_is_held"),
        *("_is_last", "_is_paused", "_loop", "_method", "_owner", "_reader", "_seen", "_state", "_transport", "due"),
    )

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._bounds = owner.bounds
        self._application = owner.application
        self._loop = loop
        self._state = HEAD
        self._buffer = b""
        self._seen = 0
        self._call: Call | None = None
        self._method = ""
        self._is_last = False
        self._has_ended = False
        self._is_choked = False
        self._is_held = False
        self._is_paused = False
        self._is_advancing = False
        self.due = math.inf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self._reader = Reader(
            self._bounds, peer=peer_of(transport.get_extra_info("peername")), scheme=self._owner.scheme
        )
        self.due = self._owner.now + self._bounds.idle_seconds
        if not self._owner.has_room(self):
            self._fail(UnavailableError("Too many connections are open; try again shortly.", retry_after_seconds=5))

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._state is CLOSED:
            return
        self._buffer = self._buffer + data if self._buffer else data
        if self._application.is_behind() and not self._is_held and self._state is not ANSWERING:
            self._is_held = True
            self.due = math.inf
            self._owner.hold(self)
            self._pause_or_resume()
        self._advance()

    def eof_received(self) -> bool:
        """The client sends no more; what it has sent whole is still answered (not over TLS, which knows no half)."""
        self._has_ended = True
        has_more = self._state is ANSWERING or (self._is_choked and self._state is not CLOSED)
        return has_more and self._owner.scheme == "http"

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio. A request that was not whole has never been."""
        self._state = CLOSED
        self._call = None
        self._buffer = b""
        self._owner.forget(self)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._is_choked = True
        self.due = self._loop.time() + self._bounds.write_seconds

    def resume_writing(self) -> None:
        """It does again."""
        self._is_choked = False
        self._wait_anew()
        self._advance()

    def release(self) -> None:
        """Go on reading."""
        self._is_held = False
        self._wait_anew()
        self._advance()

    def overdue(self) -> None:
        """`due` has passed."""
        if self._is_choked or self._transport.is_closing():
            self._transport.abort()
        elif self._state is HEAD and self._buffer:
            self._fail(HeadTooSlowError(f"The headers did not arrive within {self._bounds.head_seconds:g} seconds."))
        elif self._state is BODY:
            self._fail(BodyTooSlowError(f"The body did not arrive within {self._bounds.body_seconds:g} seconds."))
        else:
            self._close()

    def drain(self) -> None:
        """Answer what is under way, and nothing after it."""
        if self._state is HEAD and not self._buffer:
            self._close()

    def abort(self) -> None:
        """End it now."""
        self._transport.abort()

    def _wait_anew(self) -> None:
        """From now on it is the client's time again, not ours."""
        bounds = self._bounds
        seconds = {
            HEAD: bounds.head_seconds if self._buffer else bounds.idle_seconds,
            BODY: bounds.body_seconds,
            ANSWERING: math.inf,
            LINGER: bounds.linger_seconds,
            CLOSED: bounds.close_seconds,
        }
        self.due = self._loop.time() + seconds[self._state]

    def _advance(self) -> None:
        if self._is_advancing or self._is_held:
            return
        self._is_advancing = True
        try:
            while self._buffer and not self._is_choked:
                state = self._state
                if state is HEAD:
                    if not self._read_head():
                        break
                elif state is BODY or state is LINGER:
                    self._read_body()
                else:
                    break
        except MilepostError as error:
            self._fail(error)
        finally:
            self._is_advancing = False
        if self._has_ended and self._state in (HEAD, BODY, LINGER):
            self._close()
        if self._buffer or self._is_paused:
            self._pause_or_resume()

    def _read_head(self) -> bool:
        """Begin a request; False when its head is not there yet."""
        raw = self._head()
        if raw is None:
            return False
        self._call = None
        head = self._reader.read_head(raw)
        self._method = head.method
        call = self._call = self._application.open(head)
        if call.early is not None:
            self._answer(call.early)
        elif self._reader.is_whole:
            self._hand_over(call)
        else:
            self._expect_body(call)
        return True

    def _head(self) -> bytes | None:
        """The whole head at the buffer's start, taken out; None when it is not there yet."""
        if self._buffer.startswith(b"\r\n"):  # some clients send an empty line behind a body
            self._buffer, self._seen = without_blank_lines(self._buffer), 0
        end = end_of_head(self._buffer, self._seen, self._bounds)
        if end is None:
            if self._seen == 0:
                self.due = self._loop.time() + self._bounds.head_seconds
            self._seen = len(self._buffer)
            return None
        self._seen = 0
        raw, self._buffer = self._buffer[:end], self._buffer[end:]
        return raw

    def _expect_body(self, call: Call) -> None:
        bounds, declared = self._bounds, self._reader.declared
        if declared is not None and declared > bounds.body_bytes:
            text = f"The body has {declared} bytes; at most {bounds.body_bytes} are taken. Send smaller batches."
            self._answer(call.refuse(BodyTooLargeError(text)))
            return
        self._state = BODY
        if declared is not None and len(self._buffer) >= declared:
            return  # and it is here already
        self.due = self._loop.time() + bounds.body_seconds
        if self._reader.expects_continue and not self._buffer:
            self._reader.expects_continue = False
            self._transport.write(CONTINUE)

    def _read_body(self) -> None:
        data, self._buffer = self._buffer, b""
        self._buffer = self._reader.read_body(data)
        if self._call is not None and self._reader.is_too_large:
            self._answer(self._call.refuse(self._too_large()))
        elif not self._reader.is_whole:
            if self._state is LINGER and self._reader.wire_bytes > self._bounds.linger_bytes:
                self._close()
        elif self._call is not None:
            self._hand_over(self._call)
        elif self._is_last or self._owner.is_draining:
            self._close()
        else:
            self._begin_again()

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"The body has more than {self._bounds.body_bytes} bytes. Send smaller batches.")

    def _hand_over(self, call: Call) -> None:
        self._state = ANSWERING
        self.due = math.inf
        call.whole(self._reader.body(), self._answer)

    def _answer(self, reply: Reply) -> None:
        """Send the answer of the request under way; the rest of its body, if there is any, is dropped."""
        self._call = None
        if self._state is CLOSED or self._transport.is_closing():
            return
        reader = self._reader
        self._is_last = not reader.keeps_alive or self._owner.is_draining
        if not reader.is_whole:
            self._linger(reply)
            return
        self._send(reply)
        if self._is_last:
            self._close()
        else:
            self._begin_again()
            if self._buffer or self._has_ended:
                self._advance()

    def _linger(self, reply: Reply) -> None:
        """Answer early, and read on. A client that waits to be asked for its body will perhaps not send it now."""
        bounds, reader = self._bounds, self._reader
        self._is_last |= reader.expects_continue or (reader.declared or 0) > bounds.linger_bytes
        self._send(reply)
        reader.discard()
        self._state = LINGER
        self.due = self._loop.time() + (bounds.close_seconds if reader.expects_continue else bounds.linger_seconds)
        self._advance()

    def _begin_again(self) -> None:
        self._state = HEAD
        if not self._is_choked:
            self.due = self._owner.now + self._bounds.idle_seconds

    def _send(self, reply: Reply) -> None:
        connection = CLOSING if self._is_last else KEEPING if self._reader.is_old else None
        is_bodiless = self._method == "HEAD"
        self._transport.write(encode(reply, is_bodiless=is_bodiless, connection=connection, date=self._owner.date))

    def _fail(self, error: MilepostError) -> None:
        """The last answer of a connection whose further bytes mean nothing. They are read for a while all the same."""
        call, self._call = self._call, None
        if call is not None and self._reader.is_too_large:
            error = self._too_large()  # it was that before it was anything else
        if self._state is LINGER:
            self._close()
            return
        if self._state is HEAD:
            self._method = ""
        self._state = CLOSED
        self._is_last = True
        self._buffer = b""
        self._send(call.refuse(error) if call is not None else self._application.refuse(error))
        self.due = self._loop.time() + self._bounds.close_seconds
        if self._has_ended:
            self._close()
        elif self._transport.can_write_eof():
            self._transport.write_eof()

    def _close(self) -> None:
        """Send what is written, and be gone."""
        self._state = CLOSED
        self._buffer = b""
        self.due = self._loop.time() + self._bounds.write_seconds
        self._transport.close()

    def _pause_or_resume(self) -> None:
        is_full = len(self._buffer) > self._bounds.waiting_bytes and (self._is_choked or self._state is ANSWERING)
        if (is_full or self._is_held) != self._is_paused and not self._transport.is_closing():
            self._is_paused = not self._is_paused
            if self._is_paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()
