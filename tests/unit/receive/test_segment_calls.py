"""Single calls of the Segment wire: what clients send, whatever they declare it as, and what becomes of it."""

import gzip
import json
from collections.abc import Mapping

import pytest

from milepost.domain.connection import TrackEventKey
from milepost.receive.door import Reading
from milepost.testing.doors import Doors, answer_to, basic, known, recorded_date_ms

NOW_MS = 1_700_000_000_000  # 2023-11-14T22:13:20Z
DOORS = Doors(known("key"), known("off", is_enabled=False), at_ms=NOW_MS)


def reading(path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Reading:
    return DOORS.reading(path, body, {**basic("key:"), **(headers or {})})


TRACK = {"event": "Order Completed: $5.00", "userId": "u1", "messageId": "m1", "properties": {"total": 5}}


@pytest.mark.parametrize(
    ("path", "call", "event_key"),
    [
        ("/v1/track", TRACK, "Order Completed: $5.00"),
        ("/v1/t", TRACK, "Order Completed: $5.00"),
        ("/v1/identify", {"userId": "u"}, "identify"),
        ("/v1/i", {"userId": "u"}, "identify"),
        ("/v1/page", {"name": "Home"}, "page"),
        ("/v1/p", {}, "page"),
        ("/v1/screen", {}, "screenview"),
        ("/v1/s", {}, "screenview"),
        ("/v1/group", {"groupId": "g"}, "group"),
        ("/v1/g", {}, "group"),
        ("/v1/alias", {"previousId": "p", "userId": "u"}, "alias"),
        ("/v1/a", {}, "alias"),
    ],
)
def test_each_call_has_its_event_key(path: str, call: dict[str, object], event_key: str) -> None:
    read = reading(path, call)
    assert (read.event_key, read.count) == (event_key, 1)
    assert answer_to(read).status == 200
    assert json.loads(answer_to(read).body) == {"success": True}


def test_a_connection_may_want_every_track_under_one_event_key() -> None:
    doors = Doors(known("key")._replace(track_event_key=TrackEventKey.TYPE), at_ms=NOW_MS)
    batch = {"writeKey": "key", "batch": [{"type": "track", **TRACK}, {"type": "screen"}]}
    for path, body, event_keys in [
        ("/v1/track", {"writeKey": "key", **TRACK}, ["track"]),
        ("/v1/batch", batch, ["track", "screenview"]),
    ]:
        result = doors.reading(path, body)
        assert result.items is not None
        assert [item.event_key for item in result.items] == event_keys
        assert json.loads(result.body)[0]["event"] == TRACK["event"]


def test_a_call_is_stored_as_sent_with_its_type() -> None:
    body = b'{"event": "e", "big": 123456789012345678901234567890, "n": 1.10}'
    assert reading("/v1/track", body).body == (
        b'[{"event":"e","big":123456789012345678901234567890,"n":1.10,"type":"track"}]'
    )
    complete = b'{"type": "track", "event": "e",  "n": 1.10}'
    assert reading("/v1/track", complete).body == b"[" + complete + b"]"


def test_the_message_id_is_the_idempotency_key() -> None:
    items = reading("/v1/track", TRACK).items
    assert items is not None
    assert items[0].idempotency_key == "m1"
    without = reading("/v1/track", {"event": "e"}).items
    assert without is not None
    assert without[0].idempotency_key is None


@pytest.mark.parametrize(
    ("times", "event_date_ms"),
    [
        pytest.param({}, None, id="no time"),
        pytest.param({"timestamp": "2023-11-14T22:00:00Z"}, 1_699_999_200_000, id="no sentAt: as given"),
        pytest.param(
            {"timestamp": "2023-11-14T20:00:00Z", "sentAt": "2023-11-14T20:00:05Z"}, NOW_MS - 5_000, id="clock is slow"
        ),
        pytest.param(
            {"timestamp": "2024-11-14T20:00:00+01:00", "sentAt": "2024-11-14T19:01:00Z"},
            NOW_MS - 60_000,
            id="clock is a year fast",
        ),
        pytest.param(
            {"originalTimestamp": "2023-11-14T20:00:00Z", "sentAt": "2023-11-14T20:00:07Z"},
            NOW_MS - 7_000,
            id="originalTimestamp",
        ),
        pytest.param(
            {"originalTimestamp": "2023-11-14T20:00:00Z", "timestamp": "2023-11-14T19:00:00Z",
             "sentAt": "2023-11-14T20:00:07Z"},
            NOW_MS - 3_607_000,
            id="a timestamp of the caller's own before the client's",
        ),
        pytest.param({"timestamp": "1970-01-01T00:00:00Z"}, 0, id="the epoch is a time"),
        pytest.param({"timestamp": "2023-11-14T22:00:00.000"}, 1_699_999_200_000, id="no offset: UTC"),
        pytest.param({"timestamp": "2023-11-14T22:00:00Z", "sentAt": "x"}, 1_699_999_200_000, id="sentAt is no time"),
        pytest.param(
            {"timestamp": "1901-01-01T00:00:00Z", "sentAt": "2298-01-01T00:00:00Z"},
            -2_177_452_800_000,
            id="a clock far off",
        ),
    ],
)  # fmt: skip
def test_the_event_date_is_corrected_for_the_senders_clock(times: dict[str, str], event_date_ms: int | None) -> None:
    items = reading("/v1/track", {"event": "e", **times}).items
    assert items is not None
    assert recorded_date_ms(items[0], NOW_MS) == event_date_ms


@pytest.mark.parametrize(
    ("headers", "query", "member"),
    [
        pytest.param(basic("key:"), "", {}, id="basic with a colon"),
        pytest.param(basic("key"), "", {}, id="basic without a colon"),
        pytest.param(basic("key:secret"), "", {"writeKey": "nobody"}, id="basic before the body"),
        pytest.param({}, "", {"writeKey": "key"}, id="in the body"),
        pytest.param({}, "writeKey=key", {}, id="in the query"),
        pytest.param({"authorization": "Bearer x"}, "", {"writeKey": "key"}, id="another Authorization"),
    ],
)
def test_the_write_key_may_stand(headers: dict[str, str], query: str, member: dict[str, str]) -> None:
    assert DOORS.reading("/v1/track", {**TRACK, **member}, headers, query=query).connection.name == "key"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", json.dumps(TRACK).encode()),
        ("application/x-www-form-urlencoded", gzip.compress(json.dumps(TRACK).encode())),
        ("application/x-www-form-urlencoded", json.dumps(TRACK).encode()),
        ("", json.dumps(TRACK).encode()),
        ("application/octet-stream", json.dumps(TRACK).encode()),
    ],
)
def test_json_is_read_whatever_it_is_declared_as(content_type: str, body: bytes) -> None:
    assert reading("/v1/track", body, {"content-type": content_type}).event_key == TRACK["event"]


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/webhook"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 400), (basic("nobody:"), 401), (basic("off:"), 401), ({"authorization": "Basic %"}, 400)],
)
def test_a_call_without_a_known_key_is_refused(path: str, headers: dict[str, str], status: int) -> None:
    shown = DOORS.refusal(path, {"event": "e", "batch": [{"type": "page"}]}, headers)
    assert shown.status == status
    assert "Invalid or missing writekey" in shown.body.decode()
    assert "Basic" not in dict(shown.headers).get("www-authenticate", "")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({}, "event: must be a non-empty string"),
        ({"event": 5}, "event: must be a non-empty string"),
        ({"event": "x" * 4097}, "event: must have at most 4096 characters"),
        ({"event": "e", "messageId": 5}, "messageId: must be a non-empty string"),
        ({"event": "e", "timestamp": "yesterday"}, "timestamp: must be an ISO 8601 date and time"),
        ({"event": "e", "originalTimestamp": 5}, "originalTimestamp: must be an ISO 8601 date and time"),
    ],
)
def test_a_call_that_is_not_valid_is_refused(call: dict[str, object], says: str) -> None:
    shown = DOORS.refusal("/v1/track", call, basic("key:"))
    assert shown.status == 400
    assert says in json.loads(shown.body)["Details"]
