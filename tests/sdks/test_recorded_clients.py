"""What the official Go and Java clients sent to a recording server, played byte for byte to Milepost.

recorded/record.py ran them, with the versions in recorded/go/go.mod and recorded/java/pom.xml, and kept the bytes of
each connection. The only secret in them is a writeKey that record.py made up, which the connection here is given.
"""

import re
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from milepost.control.migrate import open_migrated
from milepost.control.revisions import Scope, raise_revision, read_connections_revision
from milepost.control.rows import ConnectionRow
from milepost.domain.connection import ConnectionKind
from milepost.domain.event_date import dated
from milepost.kit.clock import to_unix_ms
from milepost.observe import paths
from milepost.observe.known_book import wait_until_known
from milepost.settings import Settings
from milepost.testing.service import Service

Event = dict[str, Any]
Log = Callable[[str, int], list[Event]]
Played = Callable[[str, int], dict[str, Event]]
RECORDED = Path(__file__).parent / "recorded"
WRITE_KEY = "RecordedByTheTestsOfSDKs"
SECONDS = 20

EVENT_KEYS = {
    "m1": "identify",
    "m2": "Order Completed",
    "m3": "page",
    "m4": "screenview",
    "m5": "group",
    "m6": "alias",
}
PROPERTIES = {"total": 5.5, "city": "Zürich & <Söhne>"}


@pytest.fixture
def connection(service: Service) -> dict[str, str]:
    """A connection of the test's own that has the recorded writeKey, and no other has it any more."""
    added = service.add_connection(ConnectionKind.CUSTOM_EVENTS, name="Recorded")
    database = open_migrated(Settings.read({"data": service.data}).control())
    with database.write() as session:
        for row in session.query(ConnectionRow).filter_by(public_key=WRITE_KEY):
            row.public_key = None
        session.flush()
        session.query(ConnectionRow).filter_by(public_key=added["writeKey"]).one().public_key = WRITE_KEY
        raise_revision(session, Scope.CONNECTIONS)
    wait_until_known(paths.known_books(service.data), read_connections_revision(database))
    database.close()
    return added


def requests_in(recording: bytes) -> int:
    return len(re.findall(rb"(?<![^\n}])POST /\S+ HTTP/1\.1\r\n", recording))


def played(service: Service, recording: bytes) -> list[int]:
    """Send what one connection sent, as it stands; the statuses of the answers."""
    with socket.create_connection(("127.0.0.1", service.api_port), timeout=SECONDS) as client:
        client.sendall(recording)
        client.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: client.recv(1 << 16), b""))
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def play(service: Service, name: str) -> None:
    recordings = sorted(RECORDED.glob(f"{name}-[0-9].http"))
    assert recordings
    for recording in recordings:
        content = recording.read_bytes()
        assert played(service, content) == [200] * requests_in(content), recording.name


@pytest.fixture
def events_of(service: Service, connection: dict[str, str], log: Log) -> Played:
    """Plays a client's recordings; gives so many events, and no more, by their message ids."""

    def play_and_look(name: str, count: int) -> dict[str, Event]:
        play(service, name)
        events = log(connection["id"], count)
        assert [event["fate"] for event in events] == ["processed"] * count
        return {event["payload"].get("messageId") or event["payload"]["id"]: event for event in events}

    return play_and_look


def happened_ms(event: Event) -> int:
    """When the client says that it happened, by its own clock."""
    payload = event["payload"]
    return to_unix_ms(datetime.fromisoformat(payload.get("timestamp") or payload["originalTimestamp"]))


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("go-segment", "go"),
        ("go-rudder", "go"),
        ("go-rudder-plain", "go"),
        ("java-segment", "java"),
        ("java-rudder", "java"),
        ("java-rudder-plain", "java"),
    ],
)
def test_every_call_of_a_segment_client_is_recorded_with_its_values(
    events_of: Played, name: str, language: str
) -> None:
    events = events_of(name, 6)
    assert {place: event["event_key"] for place, event in events.items()} == EVENT_KEYS
    assert {event["payload"]["userId"] for event in events.values()} == {f"{language}-user"}
    assert events["m1"]["payload"]["traits"] == {"plan": "team"}
    assert events["m2"]["payload"]["properties"] == PROPERTIES
    assert (events["m3"]["payload"]["name"], events["m4"]["payload"]["name"]) == ("Home", "Start")
    assert events["m5"]["payload"]["groupId"] == f"{language}-group"
    assert events["m5"]["payload"]["traits"] == {"seats": 7}
    assert events["m6"]["payload"]["previousId"] == "before"
    for place, event in events.items():
        assert happened_ms(event) == 1_714_979_280_000 + 1000 * int(place[1:])
        received_ms = to_unix_ms(datetime.fromisoformat(event["received_at"]))
        sent_at = event["payload"].get("sentAt")
        sent_at_ms = to_unix_ms(datetime.fromisoformat(sent_at)) if sent_at else None
        date = dated(happened_ms(event), sent_at_ms, received_ms)
        assert to_unix_ms(datetime.fromisoformat(event["event_date"])) == date.at_ms
        assert tuple(event["date_flags"]) == date.flags


@pytest.mark.parametrize(
    ("name", "first_subject"),
    [
        ("go-cloudevents", "größer 100 %"),
        # The client of the JDK writes ? for what is not ASCII in a header.
        ("java-cloudevents", "gr??er 100 %"),
    ],
)
def test_events_of_the_cloudevents_clients_are_recorded_with_their_values(
    events_of: Played, name: str, first_subject: str
) -> None:
    events = events_of(name, 2)
    assert {event["event_key"] for event in events.values()} == {"com.example.order"}
    assert [events[place]["event_date"] for place in ("m1", "m2")] == ["2024-05-06T07:08:01Z", "2024-05-06T07:08:02Z"]
    assert [events[place]["payload"]["subject"] for place in ("m1", "m2")] == [first_subject, "größer 100 %"]
    assert all(event["payload"]["data"] == PROPERTIES for event in events.values())
    assert all(event["payload"]["source"] == "/shop" for event in events.values())
