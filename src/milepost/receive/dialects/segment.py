"""The Segment wire: `/v1/track` and its like, `/v1/batch` and `/v1/import` (FACTS, DESIGN section 4).

Takes what Segment's and RudderStack's clients send, whatever they declare it as; answers 200 {success}, and 207
with an error per call that was not valid in a batch that was so in part.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
import orjson

from milepost.domain.connection import KnownConnection
from milepost.domain.errors import Fault, InvalidInputError, MilepostError
from milepost.kit.jsonio import strict_loads
from milepost.receive.browser import for_browsers
from milepost.receive.dialects.metarouter import connection_of, error_body, opened_outside_body, refuse
from milepost.receive.dialects.segment_calls import Call, Shared, faults_of, read_call, shared_by
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.expand import BodyTooLargeError, expand_gzip
from milepost.receive.refusals import sent_by, shared_headers

MOST_CALLS = 1000
LARGEST_EXPANDED = 8 * 1024 * 1024
"""Bound on gzip that is not declared as such, and on a batch's calls with all that is shared among them."""

_GZIP = b"\x1f\x8b"
_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class CallDoor:
    """`/v1/track`, `/v1/identify` and so on, for one type of call."""

    def __init__(self, kind: str) -> None:
        self.name = kind
        self._kind = kind

    def knock(self, request: Request, book: Book) -> KnownConnection | None:
        """See receive/door.py."""
        return opened_outside_body(request, book)

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py."""
        document, body = _sent_object(request, book)
        connection = connection_of(request, document, book)
        with sent_by(connection):
            return reading_of_call(document, body, self._kind, connection, request=request, answer=_success())

    def refuse(self, error: MilepostError) -> Answer:
        """See receive/door.py."""
        return refuse(error)


class BatchDoor:
    """`/v1/batch` and `/v1/import`."""

    name = "batch"

    def knock(self, request: Request, book: Book) -> KnownConnection | None:
        """See receive/door.py."""
        return opened_outside_body(request, book)

    def read(self, request: Request, book: Book) -> Reading:
        """See receive/door.py. The valid calls are kept; InvalidInputError only when there are none."""
        document, body = _sent_object(request, book)
        connection = connection_of(request, document, book)
        with sent_by(connection):
            calls = _checked_batch(document.get("batch"))
            members = _read_members(body)
            shared = shared_by(document, members, request.received_at_ms, connection)
            _bound_shared(calls, members["batch"], shared)
            valid: list[Call] = []
            refused: list[Fault] = []
            for index, (call, raw) in enumerate(zip(calls, _read_list(members["batch"]), strict=True)):
                faults = tuple(faults_of(call, None, shared, f"batch[{index}]."))
                refused.extend(faults)
                if not faults:
                    valid.append(read_call(call, bytes(raw), None, shared))
            if not valid:
                raise InvalidInputError(_NOT_VALID, faults=tuple(refused))
        answer = _partly(refused) if refused else _success()
        return Reading(
            connection=connection,
            event_key=valid[0].meta.event_key,
            body=b"[%b]" % b",".join(call.payload for call in valid),
            count=len(valid),
            items=tuple(call.meta for call in valid),
            answer=lambda _request_id: answer,
            refused=tuple(refused),
        )

    def refuse(self, error: MilepostError) -> Answer:
        """`{"Success": false, "Errors": [...]}`, one entry per fault (FACTS)."""
        single = refuse(error)
        return Answer(status=single.status, body=_errors(error), headers=single.headers)


_NOT_VALID = "A call of this batch is not valid."


def reading_of_call(
    document: dict[str, Any], body: bytes, kind: str, connection: KnownConnection, *, request: Request, answer: Answer
) -> Reading:
    """A single call, or InvalidInputError."""
    shared = Shared(
        received_at_ms=request.received_at_ms,
        track_event_key=connection.track_event_key,
        doubtful_dates=connection.doubtful_dates,
    )
    faults = tuple(faults_of(document, kind, shared, ""))
    if faults:
        raise InvalidInputError("This call is not valid.", faults=faults)
    call = read_call(document, body, kind, shared)
    return Reading(
        connection=connection,
        event_key=call.meta.event_key,
        body=b"[%b]" % call.payload,
        count=1,
        items=(call.meta,),
        answer=lambda _request_id: answer,
    )


def body_of(request: Request) -> bytes:
    """The body whatever it is declared as; one client sends gzip as a form (FACTS). What was declared is expanded."""
    if request.body.startswith(_GZIP) and not request.headers.get("content-encoding"):
        return expand_gzip(request.body, LARGEST_EXPANDED)
    return request.body


def _sent_object(request: Request, book: Book) -> tuple[dict[str, Any], bytes]:
    """The body and what it says; its refusal names whom the request comes from, where that stands outside the body."""
    with sent_by(opened_outside_body(request, book)):
        body = body_of(request)
        return object_of(body), body


def object_of(body: bytes, *, subject: str = "The body") -> dict[str, Any]:
    """The object in the body, or in what `subject` names; or InvalidInputError."""
    document = strict_loads(body, subject=subject)
    if not isinstance(document, dict):
        raise InvalidInputError(f"{subject} must be a JSON object.", faults=(Fault(path="", reason="no object"),))
    return document


def _checked_batch(batch: object) -> list[Any]:
    if not isinstance(batch, list) or not batch:
        fault = Fault(path="batch", reason="must be an array of calls, at least one")
        raise InvalidInputError("There is no batch.", faults=(fault,))
    if len(batch) > MOST_CALLS:
        raise BodyTooLargeError(f"A batch may hold {MOST_CALLS} calls, not {len(batch)}. Send smaller batches.")
    return batch


def _bound_shared(calls: list[Any], raw: msgspec.Raw, shared: Shared) -> None:
    """What a batch says for all is written into each of its calls: a large context would be kept a thousand times."""
    size = len(bytes(raw)) + len(calls) * sum(len(bytes(value)) for value in shared.members.values())
    if size > LARGEST_EXPANDED:
        raise BodyTooLargeError(
            f"With what the batch says for all, its calls have {size} bytes together; at most {LARGEST_EXPANDED} are"
            " taken. Send smaller batches."
        )


def _success() -> Answer:
    return for_browsers(Answer(status=200, body=b'{"success":true}'))


def _partly(refused: list[Fault]) -> Answer:
    error = InvalidInputError(_NOT_VALID, faults=tuple(refused))
    return for_browsers(Answer(status=HTTPStatus.MULTI_STATUS, body=_errors(error), headers=shared_headers(error)))


def _errors(error: MilepostError) -> bytes:
    whole = error_body(error)
    entries = [{**whole, "Details": f"{fault.path}: {fault.reason}"} for fault in error.faults] or [whole]
    return orjson.dumps({"Success": False, "Errors": entries})
