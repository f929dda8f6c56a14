"""The cut of a privacy request: everything that had arrived by `upto` is part of it, and nothing that came later."""

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from milepost.domain.event import Submission
from milepost.domain.privacy import PrivacyAction, UserSubject
from milepost.erase.desk import PrivacyDesk
from milepost.erase.progress import arrived_by
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7_bytes
from milepost.record.journal.sqlite import SqliteJournalWriter
from milepost.testing.business import NOW_MS, SECRETS_KEY
from milepost.testing.house import House
from milepost.testing.privacy import ANONYMISE, DELETE, order


def entry(house: House, received_at_ms: int, payload: dict[str, Any]) -> bytes:
    return msgspec.msgpack.encode(
        Submission(
            request_id=uuid7_bytes(received_at_ms),
            connection_id=house.connection_id.bytes,
            door="events",
            received_at_ms=received_at_ms,
            client_ip="127.0.0.1",
            event_key="order",
            body=msgspec.json.encode([payload]),
            count=1,
        )
    )


async def append(house: House, partition: int, *entries: bytes) -> None:
    writer = SqliteJournalWriter(house.folder / "journal", partition, loop=asyncio.get_running_loop())
    for one in entries:
        await writer.append(one)
    writer.close()


class Standing:
    """The reactor, into whose journal something comes in the moment it stands still."""

    def __init__(self, house: House, arrive: Callable[[], None]) -> None:
        self._reactor, self._arrive = house.premises.reactor, arrive
        self.catch_up = self._reactor.catch_up

    @contextmanager
    def paused(self, patience_seconds: float) -> Any:
        """See erase/ports.py."""
        with self._reactor.paused(patience_seconds):
            self._arrive()
            yield


@pytest.mark.parametrize("action", [DELETE, ANONYMISE])
def test_what_had_arrived_in_any_partition_is_cut_and_what_came_later_stays(
    house: House, action: PrivacyAction
) -> None:
    """`upto` is the house's standing clock: the last millisecond before it belongs to the request, and itself."""
    house.send("order", order("acme", house.marker, at=0))

    def arrive() -> None:
        early = [entry(house, NOW_MS - ago, order("acme", house.marker, at=-ago)) for ago in (500, 1, 0)]
        asyncio.run(append(house, 0, *early, entry(house, NOW_MS + 1, order("acme", house.marker, at=1))))
        asyncio.run(append(house, 1, entry(house, NOW_MS - 9, order("acme", house.marker, at=-9))))
        asyncio.run(append(house, 2, entry(house, NOW_MS + 2, order("acme", house.marker, at=2))))

    house.premises = replace(house.premises, reactor=Standing(house, arrive))
    house.desk = PrivacyDesk(house.premises, SECRETS_KEY)
    receipt = house.do(action, UserSubject(user_id=house.marker))
    house.send("order", order("acme", "somebody else"))
    assert receipt.upto == to_datetime(NOW_MS)
    assert receipt.counts["events_processed"] == 5
    assert all(check.found == 0 for check in receipt.checks)
    assert [one["at"] for one in house.payloads() if one["userId"] == house.marker] == [1, 2]


def test_an_entry_that_cannot_be_read_belongs_to_what_lies_before_it(house: House) -> None:
    payload = order("acme", "u")
    early, late = entry(house, NOW_MS, payload), entry(house, NOW_MS + 1, payload)
    with house.premises.reactor.paused(30):
        asyncio.run(append(house, 0, b"broken", early, b"broken", late, b"broken", early, late))
        asyncio.run(append(house, 1, late, b"broken"))
        assert arrived_by(house.premises.journal, house.premises.checkpoints, NOW_MS) == {0: 6}
