"""The official clients of the Segment wire, unmodified: every event arrives once, with its name, ids and time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from milepost.testing.service import Service

Event = dict[str, Any]
Log = Callable[[str, int], list[Event]]
Send = Callable[..., list[Event]]
RUDDER: Any = RudderClient  # both clients come without types
SEGMENT: Any = SegmentClient

KEYS = {"identify": "identify", "track": "Order Completed", "page": "page", "group": "group"}
ORDER = list(KEYS.values())
LONGEST_WAY_SECONDS = 60
"""A time is corrected for the sender's clock, and so is later than it was by as long as the request was under way."""


def at(second: int) -> datetime:
    return datetime(2024, 5, 6, 7, 8, second, tzinfo=UTC)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def check_arrived_once(events: list[Event], sent: list[Event]) -> None:
    """Exactly what was sent is in the log, each event with its name, its id and its time."""
    assert all(event["fate"] == "processed" for event in events)
    arrived = {event["payload"]["messageId"]: event for event in events}
    assert len(events) == len(arrived) == len(sent)
    for one in sent:
        event = arrived[one["messageId"]]
        assert event["event_key"] == KEYS[one["type"]]
        assert event["payload"]["type"] == one["type"]
        late = (instant(event["event_date"]) - instant(one["timestamp"])).total_seconds()
        assert 0 <= late < LONGEST_WAY_SECONDS


def of_type(events: list[Event], event_key: str) -> Event:
    (payload,) = [event["payload"] for event in events if event["event_key"] == event_key]
    return dict(payload)


@pytest.mark.parametrize(
    "make_client",
    [
        pytest.param(lambda key, url: SEGMENT(key, host=url), id="segment"),
        pytest.param(lambda key, url: SEGMENT(key, host=url, gzip=True), id="segment, gzip"),
        pytest.param(lambda key, url: RUDDER(key, host=url), id="rudder, gzip"),
    ],
)
def test_the_python_clients(
    service: Service, connection: dict[str, str], log: Log, make_client: Callable[[str, str], Any]
) -> None:
    client = make_client(connection["writeKey"], service.api_url)
    user = "python-user"
    client.identify(user, {"plan": "team"}, timestamp=at(1), message_id="m1")
    client.track(user, "Order Completed", {"total": 5.5}, timestamp=at(2), message_id="m2")
    client.page(user, "category", "Home", timestamp=at(3), message_id="m3")
    client.group(user, "python-group", {"seats": 7}, timestamp=at(4), message_id="m4")
    client.flush()
    client.join()
    events = log(connection["id"], 4)
    sent = [
        {"type": kind, "messageId": f"m{second}", "timestamp": at(second).isoformat()}
        for second, kind in enumerate(KEYS, 1)
    ]
    check_arrived_once(events, sent)
    assert [event["event_key"] for event in events] == ORDER
    assert {event["payload"]["userId"] for event in events} == {user}
    assert of_type(events, "group")["groupId"] == "python-group"
    assert of_type(events, "Order Completed")["properties"] == {"total": 5.5}


@pytest.mark.parametrize(
    ("script", "user", "group"),
    [("segment-node.mjs", "node-user", "node-group"), ("rudder-node.mjs", "rudder-node-user", "rudder-node-group")],
)
def test_the_node_clients(
    service: Service, connection: dict[str, str], log: Log, send_with_node: Send, *, script: str, user: str, group: str
) -> None:
    sent = send_with_node(script, service.api_url, connection["writeKey"])
    events = log(connection["id"], 4)
    check_arrived_once(events, sent)
    assert [event["event_key"] for event in events] == ORDER
    assert {event["payload"]["userId"] for event in events} == {user}
    assert of_type(events, "group")["groupId"] == group
    assert of_type(events, "identify")["traits"] == {"plan": "team"}


def test_the_browser_client_in_chromium(
    service: Service, connection: dict[str, str], log: Log, send_with_node: Send, chromium: str
) -> None:
    sent = send_with_node("segment-browser.mjs", service.api_url, connection["writeKey"], chromium)
    events = log(connection["id"], 4)
    check_arrived_once(events, sent)
    assert {event["payload"]["userId"] for event in events} == {"browser-user"}
    assert len({event["payload"]["anonymousId"] for event in events}) == 1
    assert of_type(events, "group")["groupId"] == "browser-group"
    assert of_type(events, "page")["properties"]["title"] == "Shop"


def test_a_client_that_is_over_the_limit_waits_as_long_as_it_is_told_and_loses_nothing(
    service: Service, console: httpx.Client, new_connection: Callable[..., dict[str, str]], log: Log
) -> None:
    connection = new_connection(rate_limit={"events_per_second": 1, "burst": 1})
    client = SEGMENT(connection["writeKey"], host=service.api_url, upload_size=1)
    sent = [{"type": "track", "messageId": f"m{n}", "timestamp": at(n).isoformat()} for n in range(3)]
    for number in range(3):
        client.track("u", "Order Completed", timestamp=at(number), message_id=f"m{number}")
    client.flush()
    client.join()
    check_arrived_once(log(connection["id"], 3), sent)
    refused = console.get("/api/rejections", params={"connection_id": connection["id"]}).json()["items"]
    assert {(one["code"], one["status"], one["door"]) for one in refused} == {("over_limit", 429, "batch")}
