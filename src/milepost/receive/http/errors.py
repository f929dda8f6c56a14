"""What the HTTP layer itself refuses; each ends its connection, since nothing behind it can be trusted."""

from __future__ import annotations

from milepost.domain.errors import InvalidInputError


class FramingError(InvalidInputError):
    """The bytes are no HTTP/1.1 request, or one whose length two readers could understand differently."""

    code = "bad_request"


class LineTooLongError(InvalidInputError):
    """The request line is over its bound."""

    code = "request_line_too_long"
    status = 414


class HeadTooLargeError(InvalidInputError):
    """The headers are over their bound in bytes or in number."""

    code = "headers_too_large"
    status = 431


class HeadTooSlowError(InvalidInputError):
    """The headers did not arrive in time."""

    code = "headers_too_slow"
    status = 408


class UnknownMethodError(InvalidInputError):
    """No method of HTTP that this layer knows."""

    code = "unknown_method"
    status = 501


class UnknownVersionError(InvalidInputError):
    """Neither HTTP/1.1 nor HTTP/1.0."""

    code = "unknown_http_version"
    status = 505


class BodyTooSlowError(InvalidInputError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = 408
