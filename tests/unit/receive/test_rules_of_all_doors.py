"""What holds at every door: a null says nothing, a time without an offset is UTC, a header is not called a body."""

import json
from typing import Any

import pytest

from milepost.domain.connection import ConnectionKind
from milepost.kit.crypto import issue_token
from milepost.receive.door import Answer, Reading
from milepost.testing.doors import Doors, answer_to, known

NOW_MS = 1_700_000_000_000
SCRIPT = known("s", ConnectionKind.TRACKING_SCRIPT)
HANDLER = known("h", ConnectionKind.EVENT_HANDLER)
DOORS = Doors(known("c"), SCRIPT, HANDLER, at_ms=NOW_MS)
TOKEN = issue_token(HANDLER.id, (), NOW_MS, 60, bytes(32), kind="event-handler")
BEARER = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
EVENT = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "writekey": "c"}
NULLS = {"eventDate": None, "idempotencyKey": None}
STRUCTURED = {"content-type": "application/cloudevents+json"}


def custom(metadata: dict[str, Any], event: dict[str, Any] | None = None, **headers: str) -> Reading:
    body = {"_metarouter": metadata, **(event or {})}
    return DOORS.reading("/v1/custom/event", body, {name.replace("_", "-"): value for name, value in headers.items()})


def echoed(reading: Reading) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(answer_to(reading).body)["event"]["_metarouter"]
    return shown


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (
            "/events",
            {"eventKey": "k", "smartKeys": None, "data": [NULLS]},
            BEARER,
        ),
        (
            "/analytics",
            {
                "connectionId": "s",
                "eventKey": "k",
                "data": [{**NULLS, "userId": None}],
            },
            {},
        ),
        ("/v1/track", {"writeKey": "c", "type": None, "event": "e", "messageId": None, "timestamp": None}, {}),
        ("/v1/identify", {"writeKey": "c", "originalTimestamp": None, "sentAt": None, "context": None}, {}),
        ("/v1/batch", {"writeKey": "c", "context": None, "batch": [{"type": "page", "messageId": None}]}, {}),
        ("/v1/cloudevents", {**EVENT, "time": None, "data_base64": None, "subject": None}, STRUCTURED),
        ("/v1/cloudevents", {**EVENT, "data": None, "data_base64": "AA=="}, STRUCTURED),
        (
            "/v1/custom/event",
            {"_metarouter": {"writeKey": "c", "eventName": "n", "eventID": None, "timestamp": None, "ip": None}},
            {},
        ),
    ],
)
def test_a_null_for_an_optional_member_is_as_if_it_were_not_there(
    path: str, body: object, headers: dict[str, str]
) -> None:
    reading = DOORS.reading(path, body, headers)
    assert reading.count == 1
    if reading.items is not None:
        assert reading.items[0].event_date_ms is None


def test_a_field_of_null_does_not_take_the_place_of_one_that_is_given() -> None:
    reading = custom(
        {"writeKey": "c", "eventName": "n", "userID": "u"}, x_event_metadata='{"userID":null,"eventName":null}'
    )
    assert (reading.event_key, echoed(reading)["userID"]) == ("n", "u")
    assert custom({"writeKey": "c", "eventName": "n"}, x_event_metadata="null").event_key == "n"


def test_metadata_of_null_is_none_so_that_the_older_name_counts() -> None:
    body = {"_metarouter": None, "_mrSchema": {"writeKey": "c", "eventName": "n"}}
    assert DOORS.reading("/v1/custom/event", body).event_key == "n"


@pytest.mark.parametrize("member", ["writeKey", "eventName"])
def test_a_null_for_a_required_field_is_refused_as_missing(member: str) -> None:
    error = DOORS.error("/v1/custom/event", {"_metarouter": {"writeKey": "c", "eventName": "n", member: None}})
    assert error.status == 400
    assert [fault.path for fault in error.faults] == [member]


@pytest.mark.parametrize("template", ["{.user}", "{ ..user }", "{.user}{.gone}", "{$.a[*].user}"])
def test_an_optional_field_that_comes_out_as_null_is_absent(template: str) -> None:
    shown = echoed(
        custom(
            {"writeKey": "c", "eventName": "n", "userID": template, "anonymousID": template, "eventID": template},
            {"user": None, "a": [{"user": None}]},
        )
    )
    assert "userID" not in shown
    assert "anonymousID" not in shown
    assert len(shown["eventID"]) == 36  # generated


def test_a_required_field_that_comes_out_as_null_is_refused_with_its_expression() -> None:
    error = DOORS.error("/v1/custom/event", {"_metarouter": {"writeKey": "c", "eventName": "{.name}"}, "name": None})
    assert error.status == 400
    (fault,) = error.faults
    assert (fault.path, fault.reason) == ("_metarouter.eventName", "{.name} finds nothing in the event")


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/v1/track", {"writeKey": "c", "event": "e", "timestamp": "2021-08-17T15:10:33"}, {}),
        ("/v1/track", {"writeKey": "c", "event": "e", "originalTimestamp": "2021-08-17 15:10:33"}, {}),
        ("/v1/cloudevents", {**EVENT, "time": "2021-08-17T15:10:33"}, STRUCTURED),
        (
            "/v1/custom/event",
            {"_metarouter": {"writeKey": "c", "eventName": "n", "timestamp": "2021-08-17T15:10:33"}},
            {},
        ),
    ],
)
def test_a_time_without_an_offset_is_utc(path: str, body: object, headers: dict[str, str]) -> None:
    (item,) = DOORS.reading(path, body, headers).items or ()
    assert item.event_date_ms == 1_629_213_033_000


@pytest.mark.parametrize(
    ("path", "query", "headers", "says"),
    [
        ("/v1/custom/event", "", {"x-event-metadata": "{"}, "header X-Event-Metadata"),
        ("/v1/custom/event", "", {"x-event-metadata": '{"userID":"a","userID":"b"}'}, "userID"),
        ("/v1/custom/event", "", {"x-event-metadata": '{"a":' * 300 + "1" + "}" * 300}, "header X-Event-Metadata"),
        ("/v1/custom/event", "", {"x-event-metadata": "[]"}, "X-Event-Metadata must be an object"),
        ("/v1/webhook", "writeKey=c&eventName=" + "x" * 5000, {}, "name"),
    ],
)
def test_a_fault_of_a_header_or_query_does_not_blame_the_body(
    path: str, query: str, headers: dict[str, str], says: str
) -> None:
    error = DOORS.error(path, {"_metarouter": {"writeKey": "c", "eventName": "n"}}, headers, query=query)
    whole = " ".join([error.message, *(f"{fault.path} {fault.reason}" for fault in error.faults)])
    assert says in whole
    assert "body" not in whole


def test_a_pixels_data_is_not_called_a_body() -> None:
    error = DOORS.error("/v1/pixel/track", query="data=W10", method="GET")
    assert error.message == "The pixel's data must be a JSON object."


@pytest.mark.parametrize("name", ["Köln", "日本語", "a%20b", "K%C3%B6ln", '"quoted \\" text"'])
def test_attributes_of_binary_mode_are_utf8_as_they_are_or_percent_encoded(name: str) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": name, "ce-writekey": "c"}
    expected = {"a%20b": "a b", "K%C3%B6ln": "Köln", '"quoted \\" text"': 'quoted " text'}.get(name, name)
    assert DOORS.reading("/v1/cloudevents", b"{}", headers).event_key == expected


def test_an_attribute_that_is_no_utf8_is_refused_by_its_name() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "%FF", "ce-writekey": "c"}
    assert [fault.path for fault in DOORS.error("/v1/cloudevents", b"", headers).faults] == ["type"]


BRACES = [
    "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
    "{f2504e0c-4f89-11d3-9a0c-0305e82c3301}",
    "{a0000000-0000-0000-0000-000000000000}",
    "{0x3f2504e0,0x4f89,0x11d3,{0x9a,0x0c,0x03,0x05,0xe8,0x2c,0x33,0x01}}",
    "user-{3F2504E0-4F89-11D3-9A0C-0305E82C3301}-x",
    "{#12}",
]


@pytest.mark.parametrize("value", BRACES)
def test_an_id_that_has_braces_is_taken_as_it_is(value: str) -> None:
    reading = custom({"writeKey": "c", "eventName": "n", "eventID": value, "userID": value})
    assert (reading.items or ())[0].idempotency_key == value
    assert echoed(reading)["userID"] == value


@pytest.mark.parametrize("value", [*BRACES, "{name}", "{42}", '{"a":1}', "{", "{}", "{.x}", "{" * 4000])
def test_a_program_may_say_that_its_values_are_no_templates(value: str) -> None:
    metadata = {"writeKey": "c", "eventName": "n", "userID": value, "templates": False}
    shown = echoed(custom(metadata, {"x": 1}))
    assert shown["userID"] == value
    assert "templates" not in shown


def test_templates_are_switched_off_for_the_place_that_says_so() -> None:
    body = {"_metarouter": {"writeKey": "c", "eventName": "{.name}"}, "name": "n"}
    result = DOORS.read("/v1/custom/event", body, query="userID=%7B.name%7D&templates=false")
    assert isinstance(result, Reading)
    assert (result.event_key, echoed(result)["userID"]) == ("n", "{.name}")


@pytest.mark.parametrize("value", ["{name}", "{user-id}", "{42}", "{-1.5}", "{}", "{", "{{.name}}", "{end}"])
def test_what_looks_like_an_expression_gone_wrong_is_refused(value: str) -> None:
    error = DOORS.error("/v1/custom/event", {"_metarouter": {"writeKey": "c", "eventName": "n", "userID": value}})
    assert error.faults[0].path == "_metarouter.userID"


@pytest.mark.parametrize("filter_", ["?(@.a > .5)", "?(.5 < @.a)", "?@.a==.5", "?(@.a == 5.5.5)", "?.5"])
def test_a_number_without_a_digit_before_its_dot_is_refused(filter_: str) -> None:
    metadata = {"writeKey": "c", "eventName": "{.l[" + filter_ + "].n}"}
    error = DOORS.error("/v1/custom/event", {"_metarouter": metadata, "l": [{"a": 1, "5": 0, "n": "x"}]})
    assert error.status == 400
    assert "digit before its dot" in error.faults[0].reason


def test_settings_need_the_name_that_they_were_asked_under() -> None:
    path = "/v1/projects/c/settings"
    assert [fault.path for fault in DOORS.error(path, method="GET").faults] == ["Host"]
    answer = DOORS.read(path, headers={"host": "events.example"}, method="GET")
    assert isinstance(answer, Answer)
    assert json.loads(answer.body)["integrations"]["Segment.io"]["apiHost"] == "events.example/v1"


BLANKS = ["", " ", "\t\n", "\u00a0\u2003"]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/events", {"eventKey": "k", "data": [{}, {"idempotencyKey": "{}"}]}, "data[1].idempotencyKey"),
        (
            "/analytics",
            {"connectionId": "s", "eventKey": "k", "data": [{"idempotencyKey": "{}"}]},
            "data[0].idempotencyKey",
        ),
        ("/v1/track", {"writeKey": "c", "event": "e", "messageId": "{}"}, "messageId"),
        ("/v1/batch", {"writeKey": "c", "batch": [{"type": "page", "messageId": "{}"}]}, "batch[0].messageId"),
    ],
)
def test_a_blank_key_is_refused_since_all_events_without_one_would_share_it(
    path: str, body: object, place: str, blank: str
) -> None:
    sent = json.dumps(body).replace('"{}"', json.dumps(blank)).encode()
    assert place in [fault.path for fault in DOORS.error(path, sent, BEARER if path == "/events" else {}).faults]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_delivery_id_of_a_webhook_is_none(blank: str) -> None:
    reading = DOORS.reading("/v1/webhook", {"idempotencyKey": blank}, {"webhook-id": "d1"}, query="writeKey=c")
    assert [item.idempotency_key for item in reading.items or ()] == ["webhook-id#0:d1"]


@pytest.mark.parametrize("blank", BLANKS[1:])
def test_a_blank_event_id_of_a_custom_event_makes_it_no_repeat(blank: str) -> None:
    (item,) = custom({"writeKey": "c", "eventName": "n", "eventID": blank}).items or ()
    assert item.idempotency_key is None
