"""The JSON error shape of the seed-000 doors, and the headers every dialect's refusals share."""

from __future__ import annotations

import orjson

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import MilepostError, UnavailableError
from milepost.receive.door import Answer

JSON_HEADERS = (("content-type", "application/json"),)


class MethodNotAllowedError(MilepostError):
    """The path exists, with other methods."""

    code = "method_not_allowed"
    status = 405


class UnsupportedMediaTypeError(MilepostError):
    """The content type is not one that this door reads."""

    code = "unsupported_media_type"
    status = 415


class OverLimitError(UnavailableError):
    """The connection sends more than its limit; on `/v1/*`, whose clients know it, this is 429."""

    code = "over_limit"


class sent_by:  # noqa: N801  # reads as a statement: `with sent_by(connection):`
    """Puts the sender on a refusal, where it is known, so that the connection's owner can see it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: KnownConnection | None) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MilepostError) and error.sender is None and self._connection is not None:
            error.sender = self._connection.id


def shared_headers(error: MilepostError) -> tuple[tuple[str, str], ...]:
    """Headers that go with an error's meaning whatever its body looks like."""
    if isinstance(error, UnavailableError):
        return (*JSON_HEADERS, ("retry-after", str(error.retry_after_seconds)))
    if error.status == 401:
        return (*JSON_HEADERS, ("www-authenticate", "Bearer"))
    return JSON_HEADERS


def refuse(error: MilepostError) -> Answer:
    """`{"error", "message", "faults": [{"path", "reason"}]}` with the error's status."""
    return Answer(
        status=error.status,
        body=orjson.dumps(
            {
                "error": error.code,
                "message": error.message,
                "faults": [{"path": fault.path, "reason": fault.reason} for fault in error.faults],
            }
        ),
        headers=shared_headers(error),
    )
