"""A request's body as its door sees it: expanded, and within bounds. The HTTP layer has read it within its own."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from milepost.domain.errors import InvalidInputError


class BodyTooLargeError(InvalidInputError):
    """The body, or what its gzip expands to, is over the limit; smaller batches pass."""

    code = "body_too_large"
    status = 413


class BodyTooSlowError(InvalidInputError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = 408


def expanded(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The body as it was before its Content-Encoding; BodyTooLargeError, or InvalidInputError for broken gzip."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise InvalidInputError(f"Content-Encoding {encoding!r} is not understood; send gzip or none.")
    return expand_gzip(body, limit)


def expand_gzip(body: bytes, limit: int) -> bytes:
    """Expand gzip (one or more members), stopping as soon as the limit is passed."""
    out: list[bytes] = []
    size = 0
    while body:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(body, limit - size + 1)
        except zlib.error as error:
            raise InvalidInputError(f"The body is not valid gzip: {error}.") from None
        size += len(part)
        if size > limit:
            raise BodyTooLargeError(f"The body expands to more than {limit} bytes. Send smaller batches.")
        if not member.eof:
            raise InvalidInputError("The gzip body is cut off before its end.")
        out.append(part)
        body = member.unused_data
    return b"".join(out)
