"""Content-Encoding: takes a body as it came over the wire, gives it expanded, in work that its size on the wire bounds.

Refused with a 413: what expands to more than the limit, or to far more than any real body does. Refused with a 400:
what is no gzip, or is cut off, and encodings that are not known here.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from milepost.domain.errors import Fault, InvalidInputError

MOST_TIMES_LARGER = 100
"""How far a body may expand beyond FREE_BYTES: real batches of events, each with its own ids, stay below 30."""

FREE_BYTES = 64 * 1024
"""What any body may expand to: small ones of a script that sends one event over and over."""

MOST_MEMBERS = 1000
MOST_ENCODINGS = 2

_PIECE_BYTES = 16 * 1024
_GZIP_NAMES = frozenset({"gzip", "x-gzip"})  # RFC 9110, section 8.4.1.3: the same thing


class BodyTooLargeError(InvalidInputError):
    """The body, or what its gzip expands to, is over the limit; smaller batches pass."""

    code = "body_too_large"
    status = 413


def expand(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body with the encodings that Content-Encoding lists undone, the last one first (RFC 9110, section 8.4)."""
    declared = headers.get("content-encoding")
    if not declared:
        return body
    bound = _bound(len(body), limit)
    for _ in _gzips_in(declared):
        body = _expanded(body, bound, limit)
    return body


def expand_gzip(body: bytes, limit: int) -> bytes:
    """Expand gzip of one or more members, stopping as soon as a bound is passed."""
    return _expanded(body, _bound(len(body), limit), limit)


def _bound(wire_bytes: int, limit: int) -> int:
    return min(limit, FREE_BYTES + MOST_TIMES_LARGER * wire_bytes)


def _gzips_in(declared: str) -> list[str]:
    encodings = [name for part in declared[:200].split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if unknown := [name for name in encodings if name not in _GZIP_NAMES]:
        reason = f"{unknown[0]!r} is not understood; send gzip or none"
        raise InvalidInputError(f"Content-Encoding {reason}.", faults=(Fault(path="Content-Encoding", reason=reason),))
    if len(encodings) > MOST_ENCODINGS:
        reason = f"lists more than {MOST_ENCODINGS} encodings"
        raise InvalidInputError(f"Content-Encoding {reason}.", faults=(Fault(path="Content-Encoding", reason=reason),))
    return encodings


def _expanded(body: bytes, bound: int, limit: int) -> bytes:
    """In pieces: zlib copies what is behind a member's end, which for the whole rest would be quadratic."""
    out: list[bytes] = []
    size, members, member = 0, 0, None
    for start in range(0, len(body), _PIECE_BYTES):
        piece = body[start : start + _PIECE_BYTES]
        while piece:
            if member is None:
                members += 1
                member = _member(members)
            try:
                part = member.decompress(piece, bound - size + 1)
            except zlib.error as error:
                raise InvalidInputError(f"The body is not valid gzip: {error}.") from None
            size += len(part)
            if size > bound:
                raise _too_large(bound, limit)
            out.append(part)
            piece = member.unused_data
            member = None if member.eof else member
    if member is not None:
        raise InvalidInputError("The gzip body is cut off before its end.")
    return b"".join(out)


def _member(number: int) -> zlib._Decompress:
    if number > MOST_MEMBERS:
        raise InvalidInputError(f"The gzip body has more than {MOST_MEMBERS} members; compress it as one.")
    return zlib.decompressobj(wbits=31)


def _too_large(bound: int, limit: int) -> BodyTooLargeError:
    if bound == limit:
        return BodyTooLargeError(f"The body expands to more than {limit} bytes. Send smaller batches.")
    return BodyTooLargeError(
        f"The body expands to more than {MOST_TIMES_LARGER} times its size (and {FREE_BYTES} bytes), as no real events"
        " do. Send smaller batches, or without gzip."
    )
