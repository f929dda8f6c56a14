"""Implausible dates at every door that takes one: kept as sent, or refused where the connection wants that."""

import json
from typing import Any

import pytest

from milepost.domain.connection import ConnectionKind, DoubtfulDates
from milepost.domain.event_date import REASONS, DateFlag
from milepost.testing.doors import Doors, known

NOW_MS = 1_764_000_000_000
SECONDS = 1_709_164_800
IN_2099 = "2099-01-01T00:00:00Z"
SCRIPT = ConnectionKind.TRACKING_SCRIPT
DOORS = Doors(
    *(
        known(f"{name}-{policy.value}", kind, doubtful_dates=policy)
        for name, kind in (("key", ConnectionKind.CUSTOM_EVENTS), ("page", SCRIPT))
        for policy in DoubtfulDates
    ),
    at_ms=NOW_MS,
)
JSON = {"content-type": "application/json"}
CLOUD = {"content-type": "application/cloudevents+json"}
CLOUD_BATCH = {"content-type": "application/cloudevents-batch+json"}


def page(data: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"connectionId": "page-{}", "eventKey": "k", "data": data, **more}


def cloud(time: str) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "time": time, "writekey": "key-{}"}


def custom(timestamp: str) -> dict[str, Any]:
    return {"_metarouter": {"eventName": "e", "writeKey": "key-{}", "timestamp": timestamp}}


def track(**times: str) -> dict[str, Any]:
    return {"event": "e", "writeKey": "key-{}", **times}


CASES = [
    ("/analytics", JSON, page([{}, {"eventDate": SECONDS}]), "data[1].eventDate", DateFlag.IN_SECONDS),
    ("/analytics", JSON, page([{"eventDate": NOW_MS}], sentAt=0), "sentAt", DateFlag.CLOCK_FAR_OFF),
    ("/v1/custom/event", JSON, custom("1970-01-20T18:46:04Z"), "_metarouter.timestamp", DateFlag.IN_SECONDS),
    ("/v1/custom/event", JSON, custom(IN_2099), "_metarouter.timestamp", DateFlag.IN_FUTURE),
    ("/v1/cloudevents", CLOUD, cloud("1970-01-01T00:00:00Z"), "time", DateFlag.NEAR_1970),
    ("/v1/cloudevents", CLOUD_BATCH, [cloud(IN_2099)], "[0].time", DateFlag.IN_FUTURE),
    ("/v1/track", JSON, track(timestamp=IN_2099), "timestamp", DateFlag.IN_FUTURE),
    ("/v1/track", JSON, track(originalTimestamp="1970-01-20T18:46:04Z"), "originalTimestamp", DateFlag.IN_SECONDS),
    (
        "/v1/track", JSON, track(timestamp="2025-11-20T00:00:00Z", sentAt="1970-01-01T00:00:00Z"),
        "sentAt", DateFlag.CLOCK_FAR_OFF,
    ),
]  # fmt: skip


def written(body: object, policy: DoubtfulDates) -> bytes:
    return json.dumps(body).replace("-{}", f"-{policy.value}").encode()


@pytest.mark.parametrize(("path", "headers", "body", "place", "flag"), CASES)
def test_a_doubtful_date_is_taken_unless_the_connection_refuses_it(
    path: str, headers: dict[str, str], body: object, place: str, flag: DateFlag
) -> None:
    DOORS.reading(path, written(body, DoubtfulDates.FLAG), headers)
    strict = written(body, DoubtfulDates.REFUSE)
    error = DOORS.error(path, strict, headers)
    assert (place, REASONS[flag]) in [(fault.path, fault.reason) for fault in error.faults]
    refusal = DOORS.refusal(path, strict, headers)
    assert refusal.status == 400
    assert place.encode() in refusal.body
    assert REASONS[flag].encode() in refusal.body


def test_of_a_batch_of_the_segment_wire_only_the_doubtful_calls_are_refused() -> None:
    call = {"type": "track", "event": "e"}
    batch = [{**call, "timestamp": "2024-02-29T00:00:00Z"}, {**call, "timestamp": IN_2099}, call]
    reading = DOORS.reading("/v1/batch", {"writeKey": "key-refuse", "batch": batch})
    assert reading.count == 2
    assert [(fault.path, fault.reason) for fault in reading.refused] == [
        ("batch[1].timestamp", REASONS[DateFlag.IN_FUTURE])
    ]
    assert DOORS.reading("/v1/batch", {"writeKey": "key-flag", "batch": batch}).count == 3


def test_a_strict_connection_takes_dates_that_are_right_once_they_are_corrected() -> None:
    ahead = NOW_MS + 365 * 86_400_000
    body = {"connectionId": "page-refuse", "eventKey": "k", "data": [{"eventDate": ahead - 5}], "sentAt": ahead}
    assert DOORS.reading("/analytics", body, JSON).sent_at_ms == ahead


@pytest.mark.parametrize(
    ("sent_at", "read"), [(NOW_MS + 0.75, NOW_MS), (1e300, 2**53), (-(10**30), -(2**53)), (None, None)]
)
def test_a_browsers_clock_may_be_any_number(sent_at: object, read: int | None) -> None:
    body = {"connectionId": "page-flag", "eventKey": "k", "data": [{}], "sentAt": sent_at}
    assert DOORS.reading("/analytics", body, JSON).sent_at_ms == read


@pytest.mark.parametrize("sent_at", ["now", True, [], {}])
def test_a_browsers_clock_that_is_no_number_is_refused_with_its_place(sent_at: object) -> None:
    body = {"connectionId": "page-flag", "eventKey": "k", "data": [{}], "sentAt": sent_at}
    assert [fault.path for fault in DOORS.error("/analytics", body, JSON).faults] == ["sentAt"]


def test_the_refusal_of_a_number_beyond_all_dates_says_which_unit_it_may_be() -> None:
    body = {"connectionId": "page-flag", "eventKey": "k", "data": [{"eventDate": NOW_MS * 1000}]}
    (fault,) = DOORS.error("/analytics", body, JSON).faults
    assert fault.reason.endswith("; this one may be in microseconds")
