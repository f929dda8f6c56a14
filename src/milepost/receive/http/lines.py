"""Where a head ends among the bytes that have come; refuses at once what can no longer become one.

What is refused here, and as what, depends on the bytes alone, never on the pieces in which they came.
"""

from __future__ import annotations

import re
from typing import Final

from milepost.receive.http.bounds import Bounds
from milepost.receive.http.errors import FramingError, HeadTooLargeError, LineTooLongError

END: Final = b"\r\n\r\n"
_BLANK_LINES: Final = re.compile(rb"(?:\r\n)*")


def without_blank_lines(buffer: bytes) -> bytes:
    """The same behind its empty lines."""
    found = _BLANK_LINES.match(buffer)
    return buffer[found.end() :] if found else buffer


def end_of_head(buffer: bytes, seen: int, bounds: Bounds) -> int | None:
    """Where the head at the buffer's start ends; None when its end is not there. `seen` bytes were looked at before."""
    found = buffer.find(END, max(0, seen - 3))
    end = len(buffer) if found < 0 else found + len(END)
    if end > bounds.line_bytes and buffer.find(b"\r\n", 0, bounds.line_bytes + 2) < 0:
        check_lines(buffer[: bounds.line_bytes])
        raise LineTooLongError(f"The request line may have at most {bounds.line_bytes} bytes.")
    if end > bounds.head_bytes:
        check_lines(buffer[: bounds.head_bytes])
        raise HeadTooLargeError(f"The head of a request may have at most {bounds.head_bytes} bytes.")
    if found >= 0:
        return end
    check_lines(buffer[max(0, seen - 1) :])
    return None


def check_lines(raw: bytes) -> None:
    """FramingError for what ends no line of HTTP; llhttp would say so too, but only once the whole head is there.

    A line feed at the very beginning may be the second half of a line's end.
    """
    if raw.count(b"\n", 1) != raw.count(b"\r\n") or b"\0" in raw:
        raise FramingError("This is no valid HTTP request: there is a bare line feed or a NUL byte in it.")
