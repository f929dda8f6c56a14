"""The one family of errors: each knows its code, its HTTP status and a sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an input: where (`data[3].eventDate`) and why, as a sentence fragment."""

    path: str
    reason: str


class MilepostError(Exception):
    """Base of every error that a person or a client program is meant to read.

    `code` is stable and snake_case; `status` is the HTTP status at the edge: 4xx where the sender
    can mend it, 5xx where only we can (senders retry those). A door sets `sender` (a connection's 16-byte id)
    once it knows who sent the input, so that the refusal can be shown to that connection's owner.
    """

    code: str = "internal_error"
    status: int = 500

    def __init__(self, message: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults
        self.sender: bytes | None = None


class InvalidInputError(MilepostError):
    """The input breaks a rule; `faults` names each one with its path."""

    code = "invalid_input"
    status = 400


class NotFoundError(MilepostError):
    """Nothing has that id."""

    code = "not_found"
    status = 404


class ConflictError(MilepostError):
    """It would break a uniqueness rule or a state that someone else has changed."""

    code = "conflict"
    status = 409


class PreconditionFailedError(MilepostError):
    """What was to be changed has changed since it was read; `current` and `submitted` are both versions, as JSON."""

    code = "precondition_failed"
    status = 412

    def __init__(self, message: str, *, current: dict[str, Any], submitted: dict[str, Any] | None) -> None:
        super().__init__(message)
        self.current = current
        self.submitted = submitted


class UnauthenticatedError(MilepostError):
    """The credential is missing, unknown, revoked or expired."""

    code = "unauthenticated"
    status = 401


class ForbiddenError(MilepostError):
    """The credential is good, but does not open this door."""

    code = "forbidden"
    status = 403


class UnavailableError(MilepostError):
    """We cannot keep the input right now; the sender should try again after `retry_after_seconds`."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UnanswerableError(MilepostError):
    """The store is there, but cannot evaluate this definition over this data: asking again as it is changes nothing."""

    code = "cannot_be_evaluated"
    status = 422


class TooManyAttemptsError(MilepostError):
    """Guessing is slowed down; the same may be tried again after `retry_after_seconds`."""

    code = "too_many_attempts"
    status = 429

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class OperatorError(MilepostError):
    """The product cannot start or go on as it is set up; the message tells the operator what to change."""

    code = "operator_error"
    status = 500
