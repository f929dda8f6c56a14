"""`POST /analytics`: the tracking script's wire, from any page, and what is refused."""

import json
import uuid

import pytest

from milepost.domain.connection import ConnectionKind, KnownConnection
from milepost.domain.errors import MilepostError
from milepost.receive.browser import Preflight, for_credentials
from milepost.receive.dialects.analytics import AnalyticsDoor
from milepost.receive.door import Answer, Book, Reading, Request

DOOR = AnalyticsDoor()


def known(key: str, kind: ConnectionKind, *origins: str, is_enabled: bool = True) -> KnownConnection:
    return KnownConnection(
        id=key.encode().ljust(16, b"."),
        name=key,
        kind=kind,
        is_enabled=is_enabled,
        client_id=None,
        secrets=(),
        public_key=key,
        scopes=(),
        allowed_origins=origins,
    )


CONNECTIONS = [
    known("script", ConnectionKind.TRACKING_SCRIPT),
    known("listed", ConnectionKind.TRACKING_SCRIPT, "https://app.example"),
    known("disabled", ConnectionKind.TRACKING_SCRIPT, is_enabled=False),
    known("custom", ConnectionKind.CUSTOM_EVENTS),
]
BOOK = Book(by_public_key={connection.name: connection for connection in CONNECTIONS})


def post(body: str, method: str = "POST", **headers: str) -> Request:
    return Request(
        method=method,
        path="/analytics",
        query="",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body.encode(),
        client_ip="203.0.113.9",
        received_at_ms=1629223689123,
    )


def body(key: object = "script", event_key: object = "clicked", data: object = None) -> str:
    events = [{"companyId": "c", "userId": "u", "eventDate": 1629223689000}] if data is None else data
    return json.dumps({"connectionId": key, "eventKey": event_key, "data": events})


def read(body: str, **headers: str) -> Reading:
    return DOOR.read(post(body, **headers), BOOK)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "text/plain;charset=UTF-8", "application/json; charset=utf-8"]
)
def test_a_page_posts_events_as_json_or_as_the_text_of_a_beacon(content_type: str) -> None:
    reading = read(body(), content_type=content_type)
    assert (reading.connection.name, reading.event_key, reading.count, reading.items) == ("script", "clicked", 1, None)
    assert json.loads(reading.body) == [{"companyId": "c", "userId": "u", "eventDate": 1629223689000}]


def test_the_answer_is_the_request_id_and_any_page_may_read_it() -> None:
    request_id = uuid.uuid4()
    answer = read(body()).answer(str(request_id))
    assert (answer.status, json.loads(answer.body)) == (202, {"requestId": str(request_id)})
    assert ("access-control-allow-origin", "*") in answer.headers


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        pytest.param(post(body("nobody")), 401, "Analytics Key", id="unknown key"),
        pytest.param(post(body("disabled")), 401, "Analytics Key", id="disabled"),
        pytest.param(post(body("custom")), 401, "Analytics Key", id="a key of another kind"),
        pytest.param(post(body(7)), 400, "connectionId", id="key is a number"),
        pytest.param(post("[]"), 400, "connectionId", id="body is a list"),
        pytest.param(post("{"), 400, "JSON", id="body is no JSON"),
        pytest.param(post(body(event_key="a:b")), 400, "eventKey", id="event key with a colon"),
        pytest.param(post(body(event_key="$a")), 400, "eventKey", id="event key with a dollar"),
        pytest.param(post(body(data=[])), 400, "data", id="no events"),
        pytest.param(post(body(data=[{"eventDate": "now"}])), 400, "data[0].eventDate", id="event date is text"),
        pytest.param(post(body("listed"), origin="https://evil.example"), 403, "origin", id="origin not listed"),
        pytest.param(post(body(), content_type="text/html"), 415, "application/json", id="content type"),
    ],
)
def test_what_is_refused_and_how(request_: Request, status: int, says: str) -> None:
    with pytest.raises(MilepostError) as refusal:
        DOOR.read(request_, BOOK)
    answer = DOOR.refuse(refusal.value)
    assert answer.status == status
    assert says in answer.body.decode()
    assert ("access-control-allow-origin", "*") in answer.headers


def test_a_listed_origin_passes() -> None:
    assert read(body("listed"), origin="https://app.example").count == 1


def test_a_refusal_names_the_connection_once_its_key_is_known() -> None:
    with pytest.raises(MilepostError) as refusal:
        read(body(data=[]))
    assert refusal.value.sender == CONNECTIONS[0].id


def test_an_answer_can_be_read_with_credentials_by_the_page_that_asks() -> None:
    answer = read(body()).answer(str(uuid.uuid4()))
    named = for_credentials(answer, "https://app.example").headers
    assert ("access-control-allow-origin", "*") not in named
    assert {
        ("access-control-allow-origin", "https://app.example"),
        ("access-control-allow-credentials", "true"),
        ("vary", "origin"),
    } <= set(named)


@pytest.mark.parametrize("origin", [None, "", "null", "https://a.example\r\nset-cookie: b", "https://" + "a" * 301])
def test_what_is_no_origin_is_not_repeated(origin: str | None) -> None:
    answer = read(body()).answer(str(uuid.uuid4()))
    assert for_credentials(answer, origin) == answer


def test_an_answer_that_is_for_no_page_stays_so() -> None:
    answer = Answer(status=200)
    assert for_credentials(answer, "https://app.example") == answer


def test_a_preflight_is_answered_and_cached() -> None:
    answer = Preflight().read(post("", "OPTIONS", access_control_request_headers="content-type,x-mine"), BOOK)
    headers = dict(answer.headers)
    assert answer.status == 204
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "content-type,x-mine"
    assert "POST" in headers["access-control-allow-methods"]
    assert int(headers["access-control-max-age"]) >= 7200


def test_a_preflight_does_not_echo_what_no_header_may_hold() -> None:
    answer = Preflight().read(post("", "OPTIONS", access_control_request_headers="a\r\nset-cookie: b"), BOOK)
    assert "set-cookie" not in dict(answer.headers)["access-control-allow-headers"]
