"""From a door's reading to an entry on disk: takes a Reading, gives the door's answer once the journal has it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from milepost.domain.errors import UnavailableError
from milepost.domain.event import Submission
from milepost.kit.ids import uuid7_bytes, uuid_text
from milepost.receive.door import Reading, Request
from milepost.record.journal.port import JournalWriter

_encode = msgspec.msgpack.Encoder().encode


def accept(
    journal: JournalWriter,
    door: str,
    request: Request,
    reading: Reading,
    settle: Callable[[str, UnavailableError | None], None],
) -> None:
    """Journal the reading; `settle` gets the request id once it is on disk, or why it is not, so that senders retry.

    UnavailableError at once when the journal takes nothing more now.
    """
    request_id = uuid7_bytes(request.received_at_ms)
    journal.submit(
        _encode(
            Submission(
                request_id=request_id,
                connection_id=reading.connection.id,
                door=door,
                received_at_ms=request.received_at_ms,
                client_ip=request.client_ip,
                event_key=reading.event_key,
                body=reading.body,
                count=reading.count,
                smart_keys=reading.smart_keys,
                items=reading.items,
                sent_at_ms=reading.sent_at_ms,
            )
        ),
        lambda _offset, error: settle(uuid_text(request_id), error),
    )
