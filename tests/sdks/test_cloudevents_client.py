"""CloudEvents made by the official Python SDK: binary, structured and batched, each once, with type, id and time."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from milepost.testing.service import Service

Log = Callable[[str, int], list[dict[str, Any]]]


def event(number: int, data: Any) -> CloudEvent:
    attributes = {
        "id": f"é {number}",
        "source": "/shop",
        "type": "com.example.order",
        "time": datetime(2024, 5, 6, 7, 8, number, tzinfo=UTC),
        "datacontenttype": "application/json" if isinstance(data, dict) else "application/octet-stream",
        "subject": "größer",
    }
    return CloudEvent(attributes, data)


def in_a_batch(events: list[CloudEvent]) -> HTTPMessage:
    """The SDK writes single events only; a batch is the array of them."""
    body = b"[%b]" % b",".join(JSONFormat().write(one) for one in events)
    return HTTPMessage({"content-type": "application/cloudevents-batch+json"}, body)


@pytest.mark.parametrize("mode", ["binary", "structured", "batched"])
def test_events_of_the_sdk_arrive_once(service: Service, connection: dict[str, str], log: Log, mode: str) -> None:
    events = [event(1, {"total": 5.5}), event(2, b"\x00\xff")]
    write = {"binary": to_binary_event, "structured": to_structured_event}
    messages = [in_a_batch(events)] if mode == "batched" else [write[mode](one) for one in events]
    with service.api() as client:
        for message in messages:
            answer = client.post(
                "/v1/cloudevents",
                params={"writeKey": connection["writeKey"]},
                headers=message.headers,
                content=message.body,
            )
            assert (answer.status_code, answer.json()) == (200, {"success": True})
    logged = log(connection["id"], 2)
    assert [(one["event_key"], one["event_date"]) for one in logged] == [
        ("com.example.order", "2024-05-06T07:08:01Z"),
        ("com.example.order", "2024-05-06T07:08:02Z"),
    ]
    assert [one["payload"]["id"] for one in logged] == ["é 1", "é 2"]
    assert logged[0]["payload"]["data"] == {"total": 5.5}
    assert logged[1]["payload"]["data_base64"] == "AP8="
    assert all(JSONFormat().read(None, json.dumps(one["payload"])).get_subject() == "größer" for one in logged)


def test_the_same_event_again_is_a_repeat(service: Service, connection: dict[str, str], log: Log) -> None:
    message = to_structured_event(event(1, {"total": 5.5}))
    with service.api() as client:
        for _ in range(2):
            key = {"writeKey": connection["writeKey"]}
            client.post("/v1/cloudevents", params=key, headers=message.headers, content=message.body)
    assert sorted(one["fate"] for one in log(connection["id"], 2)) == ["duplicate", "processed"]
