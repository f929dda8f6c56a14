"""`POST /v1/custom/event`: seed 003's samples, where metadata may stand, what wins, and what is generated."""

import json
import re
from urllib.parse import quote

import pytest

from milepost.domain.connection import ConnectionKind
from milepost.receive.door import Reading
from milepost.testing.doors import Doors, answer_to, known

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NOW_MS = 1629223689123  # 2021-08-17T18:08:09.123Z
DOORS = Doors(
    known("example"),
    known("tracking", ConnectionKind.TRACKING_SCRIPT, allowed_origins=("https://app.example",)),
    known("disabled", is_enabled=False),
    at_ms=NOW_MS,
)
PATH = "/v1/custom/event"


def sent(headers: dict[str, str]) -> dict[str, str]:
    return {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}


def read(body: str, query: str = "", **headers: str) -> Reading:
    return DOORS.reading(PATH, body.encode(), sent(headers), query=query)


IN_BODY = """{
"_metarouter": {
"writeKey": "example",
"eventName": "{ ..productCategory }"
},
"event": "my event fields",
"productCategory": "kitchen"
}"""
WITHOUT = '{"event": "my event fields", "productCategory": "kitchen" }'


@pytest.mark.parametrize(
    ("body", "query", "headers"),
    [
        pytest.param(IN_BODY, "", {}, id="in the body"),
        pytest.param(
            WITHOUT,
            "",
            {"x_event_metadata": '{"writeKey": "example", "eventName": "{ ..productCategory }"}'},
            id="in the header",
        ),
        pytest.param(WITHOUT, "writeKey=example&eventName=%7B%20..productCategory%20%7D", {}, id="in the query"),
        pytest.param(IN_BODY.replace("_metarouter", "_mrSchema"), "", {}, id="in the legacy member"),
    ],
)
def test_each_sample_of_the_seed_gets_the_seeds_answer_to(body: str, query: str, headers: dict[str, str]) -> None:
    reading = read(body, query, **headers)
    shown = answer_to(reading)
    assert shown.status == 201
    event_id = json.loads(shown.body)["event"]["_metarouter"]["eventID"]
    assert UUID4.fullmatch(event_id)
    assert shown.body.decode() == (
        f'{{"event":{{"_metarouter":{{"eventID":"{event_id}","eventName":"kitchen","writeKey":"example",'
        '"timestamp":"2021-08-17T18:08:09Z"},"event":"my event fields","productCategory":"kitchen"},"success":true}'
    )
    assert reading.event_key == "kitchen"


def test_the_stored_event_has_the_ip_and_an_identical_legacy_object() -> None:
    (event,) = json.loads(read(IN_BODY).body)
    assert list(event) == ["_metarouter", "_mrSchema", "event", "productCategory"]
    assert event["_metarouter"] == event["_mrSchema"]
    assert event["_metarouter"]["ip"] == "203.0.113.9"


def test_given_fields_come_back_after_the_generated_ones_and_the_ip_does_not() -> None:
    reading = read(
        '{"_metarouter":{"ip":"198.51.100.7","userID":"98765","anonymousID":"456e4567","timestamp":"2021-08-17T15:10:33Z",'
        '"eventID":"123e4567-e89b-12d3-a456-426614174000","eventName":"page view","writeKey":"example"},"a":1}'
    )
    assert answer_to(reading).body == (
        b'{"event":{"_metarouter":{"eventID":"123e4567-e89b-12d3-a456-426614174000","eventName":"page view",'
        b'"writeKey":"example","timestamp":"2021-08-17T15:10:33Z","anonymousID":"456e4567","userID":"98765"},"a":1},'
        b'"success":true}'
    )
    assert json.loads(reading.body)[0]["_metarouter"]["ip"] == "198.51.100.7"


def test_every_member_keeps_the_bytes_it_was_sent_with() -> None:
    own = '"big":123456789012345678901234567890,"n":1.10,"e":1E5,"s":"\\u00e9\\/","o":{ "b" : [ 1 ] ,"a":null},"x":[]'
    reading = read('{"z":0,"_metarouter":{"writeKey":"example","eventName":"n"},' + own + "}")
    assert answer_to(reading).body.endswith(b'},"z":0,' + own.encode() + b'},"success":true}')
    assert reading.body.endswith(b'},"z":0,' + own.encode() + b"}]")


def test_an_event_of_nothing_but_metadata_is_an_event() -> None:
    assert answer_to(read('{"_metarouter":{"writeKey":"example","eventName":"n"}}')).body.endswith(
        b'Z"}},"success":true}'
    )


def test_members_of_the_metadata_outside_the_table_are_kept_as_sent() -> None:
    reading = read('{"_metarouter":{"writeKey":"example","tier":{"n":1.0},"eventName":"n"}}')
    assert b'Z","tier":{"n":1.0}}},"success"' in answer_to(reading).body
    assert reading.body.count(b'"ip":"203.0.113.9","tier":{"n":1.0}}') == 2


@pytest.mark.parametrize(
    ("body", "query", "header", "expected"),
    [
        ('{"_metarouter":{"eventName":"body"}}', "", '{"eventName":"header"}', "header"),
        ('{"_metarouter":{"eventName":"body"}}', "eventName=query", None, "query"),
        ("{}", "eventName=query", '{"eventName":"header"}', "header"),
        ('{"_metarouter":{"eventName":"body"}}', "eventName=query", "{}", "body"),
        ('{"_metarouter":{"eventName":"new"},"_mrSchema":{"eventName":"old"}}', "", None, "new"),
        ('{"_metarouter":{"userID":"u"},"_mrSchema":{"eventName":"old"}}', "eventName=query", None, "query"),
    ],
)
def test_precedence(body: str, query: str, header: str | None, expected: str) -> None:
    key = {"writeKey": "example"}
    document = json.loads(body)
    document["_metarouter"] = {**key, **document.get("_metarouter", {})}
    headers = {"x_event_metadata": header} if header else {}
    assert read(json.dumps(document), query, **headers).event_key == expected


def test_the_winner_overrides_field_by_field_and_the_rest_of_the_body_stays() -> None:
    body = '{"_metarouter":{"writeKey":"nobody","eventName":"n","userID":"from body","anonymousID":"a"}}'
    reading = read(body, x_event_metadata='{"writeKey":"example","userID":"from header"}')
    metadata = json.loads(reading.body)[0]["_metarouter"]
    assert (metadata["userID"], metadata["anonymousID"], metadata["writeKey"]) == ("from header", "a", "example")


def test_the_query_is_ignored_where_the_header_is() -> None:
    headers = sent({"x_event_metadata": '{"writeKey":"example"}'})
    assert "eventName" in DOORS.error(PATH, b"{}", headers, query="eventName=query").message


def test_every_field_is_templated_from_every_place() -> None:
    event = (
        '{"k":"example","n":"name","i":"id-1","t":"2021-08-17T15:10:33.250+02:00","a":"anon","u":7,"p":"192.0.2.1",'
        '"_metarouter":{"writeKey":"{.k}","eventName":"{.n}","ip":"{.p}"}}'
    )
    query = "&".join(
        f"{name}={quote('{ .' + member + ' }')}"
        for name, member in [("eventID", "i"), ("timestamp", "t"), ("anonymousID", "a"), ("userID", "u")]
    )
    reading = read(event, query)
    assert json.loads(reading.body)[0]["_metarouter"] == {
        "eventID": "id-1",
        "eventName": "name",
        "writeKey": "example",
        "timestamp": "2021-08-17T15:10:33.250+02:00",
        "anonymousID": "anon",
        "userID": "7",
        "ip": "192.0.2.1",
    }
    assert reading.items is not None
    assert reading.items[0].event_date_ms == 1629205833250


def test_an_optional_field_that_resolves_to_nothing_is_generated_or_absent() -> None:
    reading = read(
        '{"_metarouter":{"writeKey":"example","eventName":"n","eventID":"{.no}","timestamp":"{.no}","userID":"{.no}",'
        '"ip":"{.no}"}}'
    )
    metadata = json.loads(reading.body)[0]["_metarouter"]
    assert UUID4.fullmatch(metadata["eventID"])
    assert metadata["timestamp"] == "2021-08-17T18:08:09Z"
    assert "userID" not in metadata
    assert metadata["ip"] == "203.0.113.9"


def test_only_the_senders_own_event_id_is_an_idempotency_key() -> None:
    own = read('{"_metarouter":{"writeKey":"example","eventName":"n","eventID":"mine"}}').items
    generated = read('{"_metarouter":{"writeKey":"example","eventName":"n"}}').items
    assert own is not None
    assert own[0].idempotency_key == "mine"
    assert generated is not None
    assert generated[0].idempotency_key is None
    assert generated[0].event_date_ms is None


def test_any_non_empty_name_is_the_event_key_unchanged() -> None:
    name = " $odd: name. with é "
    assert read(json.dumps({"_metarouter": {"writeKey": "example", "eventName": name}})).event_key == name


@pytest.mark.parametrize(
    ("timestamp", "unix_ms"),
    [
        ("2021-08-17T15:10:33Z", 1629213033000),
        ("2021-08-17t15:10:33.5z", 1629213033500),
        ("2021-08-17T15:10:33.123456789Z", 1629213033123),
        ("2021-08-17T15:10:33+02:00", 1629205833000),
        ("20210817T151033-0130", 1629218433000),
        ("2021-08-17T15:10Z", 1629213000000),
        ("2021-08-17 15:10:33Z", 1629213033000),
    ],
)
def test_an_iso_8601_timestamp_is_kept_as_sent_and_dates_the_event(timestamp: str, unix_ms: int) -> None:
    reading = read(json.dumps({"_metarouter": {"writeKey": "example", "eventName": "n", "timestamp": timestamp}}))
    assert json.loads(reading.body)[0]["_metarouter"]["timestamp"] == timestamp
    assert reading.items is not None
    assert reading.items[0].event_date_ms == unix_ms
