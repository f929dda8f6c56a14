"""Batches of the Segment wire: each call keeps its own meaning, and a batch may be valid in part."""

import gzip
import json
from collections.abc import Mapping

import pytest

from milepost.receive.door import Reading
from milepost.testing.doors import Doors, answer_to, basic, known, recorded_date_ms

NOW_MS = 1_700_000_000_000  # 2023-11-14T22:13:20Z
DOORS = Doors(known("key"), known("off", is_enabled=False), at_ms=NOW_MS)


def reading(path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Reading:
    return DOORS.reading(path, body, {**basic("key:"), **(headers or {})})


TRACK = {"event": "Order Completed: $5.00", "userId": "u1", "messageId": "m1", "properties": {"total": 5}}


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b"])
def test_a_batch_keeps_each_call_with_its_own_meaning(path: str) -> None:
    read = reading(path, {"batch": [{"type": "track", **TRACK}, {"type": "page", "messageId": "m2"}]})
    assert read.items is not None
    assert [(item.event_key, item.idempotency_key) for item in read.items] == [
        (TRACK["event"], "m1"),
        ("page", "m2"),
    ]
    assert (read.count, len(json.loads(read.body)), read.refused) == (2, 2, ())
    assert answer_to(read).status == 200


def test_what_a_batch_says_for_all_is_put_into_each_call_that_lacks_it() -> None:
    read = reading(
        "/v1/batch",
        {
            "batch": [
                {"type": "page", "context": {"ip": "own", "locale": "de"}, "timestamp": "2023-11-14T20:00:00Z"},
                {"type": "page", "context": None},
            ],
            "context": {"ip": "all", "consent": {"explicit": True, "optOut": {"ads": True}}},
            "integrations": {"All": False},
            "timestamp": "2023-11-14T19:00:00Z",
            "sentAt": "2023-11-14T20:00:10Z",
        },
    )
    first, second = json.loads(read.body)
    consent = {"explicit": True, "optOut": {"ads": True}}
    assert first["context"] == {"ip": "own", "locale": "de", "consent": consent}
    assert second["context"] == {"ip": "all", "consent": consent}
    assert first["integrations"] == second["integrations"] == {"All": False}
    assert first["timestamp"] == "2023-11-14T20:00:00Z"
    assert second["timestamp"] == "2023-11-14T19:00:00Z"
    assert read.items is not None
    assert [recorded_date_ms(item, NOW_MS) for item in read.items] == [NOW_MS - 10_000, NOW_MS - 3_610_000]


def test_a_calls_own_time_of_any_name_goes_before_its_batchs() -> None:
    call = {"type": "page", "originalTimestamp": "2023-11-14T20:00:00Z"}
    read = reading(
        "/v1/batch", {"batch": [call], "timestamp": "2023-11-14T20:00:09Z", "sentAt": "2023-11-14T20:00:10Z"}
    )
    assert read.items is not None
    assert recorded_date_ms(read.items[0], NOW_MS) == NOW_MS - 10_000


def test_a_batch_with_nothing_for_all_keeps_every_byte() -> None:
    call = b'{ "type":"track", "event":"e","n":1.10,  "big":12345678901234567890123 }'
    assert reading("/v1/batch", b'{"batch":[%b, %b]}' % (call, call)).body == b"[%b,%b]" % (call, call)


def test_a_partly_valid_batch_keeps_what_is_valid_and_names_the_rest() -> None:
    read = reading("/v1/batch", {"batch": [{"type": "track"}, {"type": "page"}, 7, {"type": "x", "messageId": 1}]})
    assert (read.count, read.event_key) == (1, "page")
    shown = answer_to(read)
    body = json.loads(shown.body)
    assert shown.status == 207
    assert body["Success"] is False
    assert [error["Details"] for error in body["Errors"]] == [
        "batch[0].event: must be a non-empty string",
        "batch[2]: must be an object",
        "batch[3].type: must be one of track, identify, page, screen, group, alias",
        "batch[3].messageId: must be a non-empty string",
    ]
    assert all(list(error) == ["Error", "Message", "Details"] for error in body["Errors"])
    assert [fault.path for fault in read.refused] == [
        "batch[0].event",
        "batch[2]",
        "batch[3].type",
        "batch[3].messageId",
    ]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        pytest.param({"batch": [{"type": "track"}]}, 400, "batch[0].event", id="no valid call"),
        pytest.param({"batch": []}, 400, "batch: must be an array", id="empty"),
        pytest.param({"batch": {}}, 400, "batch: must be an array", id="no array"),
        pytest.param({}, 400, "batch: must be an array", id="no batch"),
        pytest.param([], 400, "object", id="body is a list"),
        pytest.param(b"{", 400, "JSON", id="body is no JSON"),
        pytest.param({"batch": [{"type": "page"}] * 1001}, 413, "smaller", id="too many"),
        pytest.param(gzip.compress(b"x" * (9 << 20)), 413, "smaller", id="gzip that expands to too much"),
        pytest.param(gzip.compress(b"{}")[:-4], 400, "gzip", id="gzip that is cut off"),
    ],
)
def test_a_batch_that_cannot_be_kept_is_refused_in_its_own_shape(body: object, status: int, says: str) -> None:
    shown = DOORS.refusal("/v1/batch", body, basic("key:"))
    error = json.loads(shown.body)
    assert shown.status == status
    assert error["Success"] is False
    assert list(error["Errors"][0]) == ["Error", "Message", "Details"]
    assert says in shown.body.decode()
