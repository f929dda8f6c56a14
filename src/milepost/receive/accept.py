"""From a door's reading to an entry on disk: takes a Reading, gives the door's answer once the journal has it."""

from __future__ import annotations

import msgspec

from milepost.domain.event import Submission
from milepost.kit.ids import uuid7_bytes, uuid_text
from milepost.receive.door import Answer, Reading, Request
from milepost.record.journal.port import JournalWriter

_encode = msgspec.msgpack.Encoder().encode


async def accept(journal: JournalWriter, door: str, request: Request, reading: Reading) -> Answer:
    """Journal the reading and answer; UnavailableError when it cannot be kept, so that the sender retries."""
    request_id = uuid7_bytes(request.received_at_ms)
    await journal.append(
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
        )
    )
    return reading.answer(uuid_text(request_id))
