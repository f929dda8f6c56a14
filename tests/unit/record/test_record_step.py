"""The record stage: entries in, events with their fates out."""

from pathlib import Path
from uuid import UUID

import msgspec
import orjson
import pytest

from milepost.domain.event import ItemMeta, Located, RecordedGroup, Submission
from milepost.domain.fate import Fate, ParkReason
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.step import park, record

CONNECTION = bytes(range(16))


def entry(
    offset: int, *payloads: object, event_key: str = "logins", items: tuple[ItemMeta, ...] | None = None
) -> Located:
    """A journal entry with these payloads."""
    submission = Submission(
        request_id=offset.to_bytes(16, "big"),
        connection_id=CONNECTION,
        door="events",
        received_at_ms=1000 + offset,
        client_ip="127.0.0.1",
        event_key=event_key,
        body=orjson.dumps(payloads),
        count=len(payloads),
        items=items,
    )
    return Located(0, offset, msgspec.msgpack.encode(submission))


def ids(group: RecordedGroup) -> list[str]:
    return [f"{UUID(bytes=request)}.{item}" for request, item in zip(group.request_ids, group.items, strict=True)]


@pytest.fixture
def claims(tmp_path: Path) -> RocksdbClaims:
    return RocksdbClaims(tmp_path / "claims")


def test_payload_bytes_stay_as_they_were_sent(claims: RocksdbClaims) -> None:
    body = b'[ {"a" : 1.50,"b":"\\u00e9"} ,{"a":12345678901234567890}]'
    submission = msgspec.msgpack.decode(entry(1, {}).entry, type=Submission)
    located = Located(0, 1, msgspec.msgpack.encode(msgspec.structs.replace(submission, body=body, count=2)))
    (group,) = record([located], claims)
    assert group.payloads == [b'{"a" : 1.50,"b":"\\u00e9"}', b'{"a":12345678901234567890}']


def test_an_event_without_a_date_has_the_time_of_its_arrival(claims: RocksdbClaims) -> None:
    (group,) = record([entry(1, {"eventDate": 5}, {})], claims)
    assert group.event_date_ms == [5, 1001]


def test_a_repeat_names_the_event_that_came_first_also_within_one_batch(claims: RocksdbClaims) -> None:
    (group,) = record(
        [entry(1, {"idempotencyKey": "x"}, {"idempotencyKey": "x"}), entry(2, {"idempotencyKey": "x"})], claims
    )
    assert group.fates == [Fate.PROCESSED, Fate.DUPLICATE, Fate.DUPLICATE]
    assert group.duplicates_of == ["", ids(group)[0], ids(group)[0]]


def test_the_same_idempotency_key_under_another_event_key_is_another_event(claims: RocksdbClaims) -> None:
    groups = record([entry(1, {"idempotencyKey": "x"}), entry(2, {"idempotencyKey": "x"}, event_key="other")], claims)
    assert [group.fates for group in groups] == [[Fate.PROCESSED], [Fate.PROCESSED]]


def test_a_batch_made_again_after_a_crash_comes_out_the_same(claims: RocksdbClaims) -> None:
    entries = [entry(1, {"idempotencyKey": "x"}, {"n": 1}), entry(2, {"idempotencyKey": "x"})]
    assert record(entries, claims) == record(entries, claims)


def test_where_the_door_says_keys_and_dates_the_payloads_own_members_mean_nothing(claims: RocksdbClaims) -> None:
    items = (ItemMeta(event_key="a", event_date_ms=7), ItemMeta(event_key="b", idempotency_key="k"))
    groups = record([entry(1, {"eventDate": 1, "idempotencyKey": "p"}, {}, items=items)], claims)
    assert [(group.event_key, list(group.event_date_ms)) for group in groups] == [("a", [7]), ("b", [1001])]
    again = record([entry(2, {}, items=(ItemMeta(event_key="b", idempotency_key="k"),))], claims)
    assert again[0].fates == [Fate.DUPLICATE]


def test_an_entry_that_is_not_what_accept_wrote_fails_and_can_be_parked_whole(claims: RocksdbClaims) -> None:
    broken = Located(3, 9, b"\x93garbage")
    with pytest.raises(msgspec.MsgspecError):
        record([broken], claims)
    group = park(broken, ParkReason.UNREADABLE_ENTRY)
    assert group.fates == [Fate.PARKED]
    assert group.payloads == [b"\x93garbage"]
