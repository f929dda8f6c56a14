"""The event log and metric values through the API, over the real store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from fastapi.testclient import TestClient

from milepost.control.repos.company_keys import create_companies
from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.domain.event import Emissions, RecordedGroup
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7
from milepost.measure.queries import MetricReader
from milepost.store.event_log import EventLogReader
from milepost.store.writer import StoreWriter
from milepost.testing.business import NOW_MS, Business, add_business
from milepost.testing.console import Console, open_console

PAYLOAD = (
    b'{ "customer":"C1", "dollars":12.50, "big":123456789012345678901, "nested":{"a":[1,{"b":null}]}, "u":"\\u00e9" }'
)


class Shop:
    """A console over the real store, with a business whose customers C1 and C2 are known."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.business: Business
        reader = EventLogReader(client)
        self.console: Console = open_console(folder, event_log=reader, metrics=MetricReader(client))
        with self.console.deps.database.write() as session:
            self.business = add_business(session)
            keys = [("CustomerNumber", "C1"), ("CustomerNumber", "C2")]
            self.companies = {key[1]: made for key, made in create_companies(session, keys, NOW_MS).items()}
        self.viewer: TestClient = self.console.as_person(Role.VIEWER)
        self._writer = StoreWriter(client)

    def receive(
        self, *payloads: bytes, fate: Fate = Fate.PROCESSED, reason: str = "", of: str = "", at_ms: int
    ) -> UUID:
        """Put a request's events into the log; the processed ones emit the purchase signal for C1."""
        request_id, rows = uuid7(at_ms), len(payloads)
        group = RecordedGroup(
            connection_id=self.business.connection.id.bytes,
            event_key="purchase",
            door="events",
            request_ids=[request_id.bytes] * rows,
            items=range(rows),
            received_at_ms=[at_ms] * rows,
            event_date_ms=[at_ms - 1000] * rows,
            fates=[fate] * rows,
            reasons=[reason] * rows,
            duplicates_of=[of] * rows,
            payloads=payloads,
            smart_keys=(),
        )
        emitted = [self._emissions(request_id, rows, at_ms)] if fate is Fate.PROCESSED else []
        self._writer.insert(1, f"test-{request_id}", [group], emitted)
        return request_id

    def _emissions(self, request_id: UUID, rows: int, at_ms: int) -> Emissions:
        signal = self.business.signal
        return Emissions(
            signal_id=signal.id,
            generation=0,
            revision=1,
            company_ids=[self.companies["C1"].bytes] * rows,
            request_ids=[request_id.bytes] * rows,
            items=range(rows),
            event_date_ms=[at_ms - 1000] * rows,
            numbers={signal.slots["dollars"]: [12.5] * rows},
            texts={signal.slots["customer"]: ["C1"] * rows},
        )

    def get(self, path: str, **params: Any) -> Any:
        """What a viewer gets."""
        answer = self.viewer.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def shop(tmp_path: Path, chdb_client: Client) -> Iterator[Shop]:
    opened = Shop(tmp_path, chdb_client)
    yield opened
    opened.console.deps.database.close()
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")


def test_a_payload_comes_back_number_for_number(shop: Shop) -> None:
    shop.receive(PAYLOAD, at_ms=NOW_MS)
    answer = shop.viewer.get("/api/events")
    assert PAYLOAD in answer.content
    (event,) = answer.json()["items"]
    assert event["payload"] == json.loads(PAYLOAD)
    assert event["received_at"] == "2023-11-14T22:13:20Z"
    assert event["event_date"] == "2023-11-14T22:13:19Z"
    assert (event["fate"], event["door"], event["duplicate_of"]) == ("processed", "events", None)


def test_events_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    requests = [shop.receive(b"{}", b"{}", at_ms=NOW_MS + number) for number in range(3)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = shop.get("/api/events", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [event["id"] for event in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"{request_id}.{item}" for request_id in reversed(requests) for item in (1, 0)]


def test_events_are_narrowed_by_each_filter(shop: Shop) -> None:
    first = shop.receive(b'{"city":"K\xc3\xb6ln"}', at_ms=NOW_MS)
    again = shop.receive(b'{"city":"Bonn"}', fate=Fate.DUPLICATE, of=f"{first}.0", at_ms=NOW_MS + 1000)

    def found(**params: str) -> list[str]:
        return [event["request_id"] for event in shop.get("/api/events", **params)["items"]]

    assert found(fate="duplicate") == [str(again)]
    assert found(text="köln") == [str(first)]
    assert found(text="' OR 1=1") == []
    assert found(since="2023-11-14T22:13:21Z") == [str(again)]
    assert found(until="2023-11-14T22:13:21Z") == [str(first)]
    assert found(connection_id=str(shop.business.connection.id), event_key="purchase") == [str(again), str(first)]
    assert found(event_key="logins") == []
    assert found(connection_id=str(first)) == []


def test_an_event_is_traced_from_its_connection_to_its_signals(shop: Shop) -> None:
    request_id = shop.receive(PAYLOAD, at_ms=NOW_MS)
    trace = shop.get(f"/api/events/{request_id}.0")
    assert (trace["connection_name"], trace["fate"]) == ("Shop", "processed")
    assert trace["signals"] == [
        {
            "signal_id": str(shop.business.signal.id),
            "signal_name": "Purchases",
            "revision": 1,
            "company_id": str(shop.companies["C1"]),
            "company_name": "C1",
            "fields": {"customer": "C1", "dollars": 12.5},
        }
    ]


def test_a_duplicate_names_the_event_that_came_first_and_emits_nothing(shop: Shop) -> None:
    first = shop.receive(b"{}", at_ms=NOW_MS)
    again = shop.receive(b"{}", fate=Fate.DUPLICATE, of=f"{first}.0", at_ms=NOW_MS + 1)
    trace = shop.get(f"/api/events/{again}.0")
    assert (trace["fate"], trace["duplicate_of"], trace["signals"]) == ("duplicate", f"{first}.0", [])


def test_a_parked_entry_that_is_no_json_is_shown_as_text(shop: Shop) -> None:
    request_id = shop.receive(b"{not json", fate=Fate.PARKED, reason="unreadable_entry", at_ms=NOW_MS)
    trace = shop.get(f"/api/events/{request_id}.0")
    assert (trace["reason"], trace["payload"]) == ("unreadable_entry", "{not json")


def test_a_request_is_followed_by_the_id_that_the_door_answered(shop: Shop) -> None:
    request_id = shop.receive(b'{"n":0}', b'{"n":1}', at_ms=NOW_MS)
    request = shop.get(f"/api/requests/{request_id}")
    assert request["fates"] == {"processed": 2}
    assert [event["payload"]["n"] for event in request["events"]] == [0, 1]


def test_what_the_log_does_not_have_is_not_found(shop: Shop) -> None:
    for path in (f"/api/events/{uuid7(NOW_MS)}.0", f"/api/requests/{uuid7(NOW_MS)}"):
        answer = shop.viewer.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "on its way" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WyJ4Il0"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"fate": "lost"}, "fate"),
        ({"since": "yesterday"}, "since"),
        ({"connection_id": "7"}, "connection_id"),
    ],
)
def test_a_query_that_is_not_right_is_refused_with_the_place(shop: Shop, params: dict[str, str], path: str) -> None:
    answer = shop.viewer.get("/api/events", params=params)
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["faults"]] == [path]


def test_an_event_id_that_is_none_is_refused(shop: Shop) -> None:
    assert shop.viewer.get("/api/events/7").json()["faults"][0]["path"] == "event_id"


def test_metric_values_cover_companies_without_emissions_too(shop: Shop) -> None:
    shop.receive(PAYLOAD, PAYLOAD, at_ms=NOW_MS)
    door = f"/api/metrics/{shop.business.metric.id}/values"
    assert {one["company_name"]: one["value"] for one in shop.get(door)["items"]} == {"C1": 2.0, "C2": 0.0}
    before = shop.get(door, at="2023-11-14T22:13:18Z", company_id=str(shop.companies["C1"]))
    assert [one["value"] for one in before["items"]] == [0.0]


def test_the_trace_says_what_stood_against_a_signal_that_did_not_come_of_the_event(shop: Shop) -> None:
    editor = shop.console.as_person(Role.EDITOR)
    draft = {
        "name": "Large purchase",
        "connection_id": str(shop.business.connection.id),
        "event_key": "purchase",
        "fields": [
            {"name": "who", "path": ["customer"], "type": "text"},
            {"name": "dollars", "path": ["dollars"], "type": "number"},
        ],
        "company": {"field": "who"},
        "rules": {
            "match": "all",
            "members": [{"kind": "condition", "field": "dollars", "operator": ">", "value": 100}],
        },
    }
    made = editor.post("/api/signals", json=draft)
    assert made.status_code == 201, made.text
    editor.post("/api/signals", json={**draft, "name": "Of another key", "event_key": "refund"})
    small = shop.receive(b'{"customer":"C1","dollars":12.5}', at_ms=NOW_MS)
    [passed] = shop.get(f"/api/events/{small}.0")["passed_by"]
    assert (passed["signal_id"], passed["would_match"]) == (made.json()["id"], False)
    [against] = passed["against"]
    assert against["field"] == "dollars"
    assert "12.5" in against["words"]
    assert "100" in against["words"]
    large = shop.receive(b'{"customer":"C1","dollars":250}', at_ms=NOW_MS)
    [missed] = shop.get(f"/api/events/{large}.0")["passed_by"]
    assert (missed["would_match"], missed["against"]) == (True, [])
    again = shop.receive(b"{}", fate=Fate.DUPLICATE, of=f"{small}.0", at_ms=NOW_MS)
    assert shop.get(f"/api/events/{again}.0")["passed_by"] == []


def test_bars_count_the_events_of_a_filter_by_fate_over_equal_steps(shop: Shop) -> None:
    first = shop.receive(b"{}", b"{}", at_ms=NOW_MS)
    shop.receive(b'{"a":1}', fate=Fate.DUPLICATE, of=f"{first}.0", at_ms=NOW_MS + 1500)
    shop.receive(b"{}", at_ms=NOW_MS + 10_000)
    span = {"since": "2023-11-14T22:13:20Z", "until": "2023-11-14T22:13:30Z"}
    counted = shop.get("/api/events/bars", most=10, **span)
    assert counted["step_ms"] == 1000
    assert counted["total"] == {"processed": 2, "duplicate": 1, "parked": 0}
    assert counted["bars"] == [
        {"at": "2023-11-14T22:13:20Z", "counts": {"processed": 2, "duplicate": 0, "parked": 0}},
        {"at": "2023-11-14T22:13:21Z", "counts": {"processed": 0, "duplicate": 1, "parked": 0}},
    ]
    assert shop.get("/api/events/bars", text='"a"', **span)["total"]["processed"] == 0
    refused = shop.viewer.get("/api/events/bars", params={"since": span["until"], "until": span["since"]})
    assert (refused.status_code, refused.json()["faults"][0]["path"]) == (400, "since")


def test_the_activity_of_connections_is_counted_by_day_in_one_answer(shop: Shop) -> None:
    first = shop.receive(b"{}", b"{}", at_ms=NOW_MS - 86_400_000)
    shop.receive(b"{}", fate=Fate.DUPLICATE, of=f"{first}.0", at_ms=NOW_MS)
    quiet = shop.console.add_connection(ConnectionKind.CUSTOM_EVENTS)
    activity = shop.get("/api/connections/activity", days=3)
    assert activity["days"] == ["2023-11-12", "2023-11-13", "2023-11-14"]
    by_id = {one["connection_id"]: one for one in activity["items"]}
    busy = by_id[str(shop.business.connection.id)]
    assert (busy["events"], busy["repeats"], busy["parked"], busy["refusals"]) == ([0, 2, 1], 1, 0, 0)
    assert busy["last_event_at"] == "2023-11-14T22:13:20Z"
    assert (by_id[str(quiet.id)]["events"], by_id[str(quiet.id)]["last_event_at"]) == ([0, 0, 0], None)
    shop.console.as_person(Role.ADMIN).put("/api/settings", json={"time_zone": "Asia/Tokyo"})
    assert shop.get("/api/connections/activity", days=1)["days"] == ["2023-11-15"]
