"""The Segment wire: what clients send, whatever they declare it as, and what becomes of each call."""

import base64
import gzip
import json
import uuid
from collections.abc import Mapping

import pytest

from milepost.domain.connection import ConnectionKind, KnownConnection, TrackEventKey
from milepost.domain.errors import MilepostError
from milepost.observe.health import Readiness
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.routes import make_routes
from milepost.receive.routing import doors_at

NOW_MS = 1_700_000_000_000  # 2023-11-14T22:13:20Z
ROUTES = make_routes(b"k" * 32, lambda: Readiness(ready=True, reasons=(), lag_entries=0))


def known(key: str, *, is_enabled: bool = True) -> KnownConnection:
    return KnownConnection(
        id=key.encode().ljust(16, b"."),
        name=key,
        kind=ConnectionKind.CUSTOM_EVENTS,
        is_enabled=is_enabled,
        client_id=None,
        secrets=(),
        public_key=key,
        scopes=(),
        allowed_origins=(),
    )


BOOK = Book(by_public_key={"key": known("key"), "off": known("off", is_enabled=False)})
NO_HEADERS: Mapping[str, str] = {}


def basic(user: str) -> Mapping[str, str]:
    return {"authorization": "Basic " + base64.b64encode(user.encode()).decode()}


def read(
    path: str,
    body: object = b"",
    headers: Mapping[str, str] = NO_HEADERS,
    *,
    query: str = "",
    method: str = "POST",
    book: Book | None = None,
) -> Reading | Answer:
    doors = ROUTES.get(path) or doors_at(ROUTES, path)
    assert doors is not None
    request = Request(
        method=method,
        path=path,
        query=query,
        headers=headers,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        client_ip="203.0.113.9",
        received_at_ms=NOW_MS,
    )
    return doors[method].read(request, book or BOOK)


def reading(path: str, body: object = b"", headers: Mapping[str, str] = NO_HEADERS, *, query: str = "") -> Reading:
    result = read(path, body, {**basic("key:"), **headers}, query=query)
    assert isinstance(result, Reading)
    return result


def refusal(path: str, body: object = b"", headers: Mapping[str, str] = NO_HEADERS, *, query: str = "") -> Answer:
    with pytest.raises(MilepostError) as error:
        read(path, body, headers, query=query)
    return ROUTES[path]["POST"].refuse(error.value)


def answer(reading: Reading) -> Answer:
    return reading.answer(uuid.UUID(int=0))


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
    assert answer(read).status == 200
    assert json.loads(answer(read).body) == {"success": True}


def test_a_connection_may_want_every_track_under_one_event_key() -> None:
    book = Book(by_public_key={"key": known("key")._replace(track_event_key=TrackEventKey.TYPE)})
    batch = {"writeKey": "key", "batch": [{"type": "track", **TRACK}, {"type": "screen"}]}
    for path, body, event_keys in [
        ("/v1/track", {"writeKey": "key", **TRACK}, ["track"]),
        ("/v1/batch", batch, ["track", "screenview"]),
    ]:
        result = read(path, body, book=book)
        assert isinstance(result, Reading)
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
            {"timestamp": "1901-01-01T00:00:00Z", "sentAt": "2298-01-01T00:00:00Z"}, None, id="past all bounds"
        ),
    ],
)  # fmt: skip
def test_the_event_date_is_corrected_for_the_senders_clock(times: dict[str, str], event_date_ms: int | None) -> None:
    items = reading("/v1/track", {"event": "e", **times}).items
    assert items is not None
    assert items[0].event_date_ms == event_date_ms


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
    read_ = read("/v1/track", {**TRACK, **member}, headers, query=query)
    assert isinstance(read_, Reading)
    assert read_.connection.name == "key"


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


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b"])
def test_a_batch_keeps_each_call_with_its_own_meaning(path: str) -> None:
    read = reading(path, {"batch": [{"type": "track", **TRACK}, {"type": "page", "messageId": "m2"}]})
    assert read.items is not None
    assert [(item.event_key, item.idempotency_key) for item in read.items] == [
        (TRACK["event"], "m1"),
        ("page", "m2"),
    ]
    assert (read.count, len(json.loads(read.body)), read.refused) == (2, 2, ())
    assert answer(read).status == 200


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
    assert [item.event_date_ms for item in read.items] == [NOW_MS - 10_000, NOW_MS - 3_610_000]


def test_a_calls_own_time_of_any_name_goes_before_its_batchs() -> None:
    call = {"type": "page", "originalTimestamp": "2023-11-14T20:00:00Z"}
    read = reading(
        "/v1/batch", {"batch": [call], "timestamp": "2023-11-14T20:00:09Z", "sentAt": "2023-11-14T20:00:10Z"}
    )
    assert read.items is not None
    assert read.items[0].event_date_ms == NOW_MS - 10_000


def test_a_batch_with_nothing_for_all_keeps_every_byte() -> None:
    call = b'{ "type":"track", "event":"e","n":1.10,  "big":12345678901234567890123 }'
    assert reading("/v1/batch", b'{"batch":[%b, %b]}' % (call, call)).body == b"[%b,%b]" % (call, call)


def test_a_partly_valid_batch_keeps_what_is_valid_and_names_the_rest() -> None:
    read = reading("/v1/batch", {"batch": [{"type": "track"}, {"type": "page"}, 7, {"type": "x", "messageId": 1}]})
    assert (read.count, read.event_key) == (1, "page")
    shown = answer(read)
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
    shown = refusal("/v1/batch", body, basic("key:"))
    error = json.loads(shown.body)
    assert shown.status == status
    assert error["Success"] is False
    assert list(error["Errors"][0]) == ["Error", "Message", "Details"]
    assert says in shown.body.decode()


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/v1/webhook"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 400), (basic("nobody:"), 401), (basic("off:"), 401), ({"authorization": "Basic %"}, 400)],
)
def test_a_call_without_a_known_key_is_refused(path: str, headers: dict[str, str], status: int) -> None:
    shown = refusal(path, {"event": "e", "batch": [{"type": "page"}]}, headers)
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
    shown = refusal("/v1/track", call, basic("key:"))
    assert shown.status == 400
    assert says in json.loads(shown.body)["Details"]


def pixel(data: str) -> Reading:
    result = read("/v1/pixel/track", query=f"data={data}", method="GET")
    assert isinstance(result, Reading)
    return result


def test_the_pixel_takes_a_call_in_base64_and_answers_an_image() -> None:
    call = json.dumps({"writeKey": "key", "event": "Opened?>~", "messageId": "m"}).encode()
    standard, url_safe = base64.b64encode(call).decode(), base64.urlsafe_b64encode(call).decode().rstrip("=")
    for data in (standard, url_safe, standard.replace("+", "%2B")):
        result = pixel(data)
        assert result.event_key == "Opened?>~"
        shown = answer(result)
        assert (shown.status, dict(shown.headers)["content-type"]) == (200, "image/gif")
        assert shown.body.startswith(b"GIF89a")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("data=%%%", 400),
        ("data=" + base64.b64encode(b'{"writeKey":"nobody","event":"e"}').decode(), 401),
        ("data=" + base64.b64encode(b'{"writeKey":"key"}').decode(), 400),
    ],
)
def test_the_pixel_answers_an_image_whatever_happens_with_an_honest_status(query: str, status: int) -> None:
    with pytest.raises(MilepostError) as error:
        read("/v1/pixel/track", query=query, method="GET")
    shown = ROUTES["/v1/pixel/track"]["GET"].refuse(error.value)
    assert (shown.status, shown.body[:6]) == (status, b"GIF89a")
    assert [value for name, value in shown.headers if name == "content-type"] == ["image/gif"]


@pytest.mark.parametrize(
    ("body", "content_type", "query", "stored", "event_key"),
    [
        pytest.param(b'{"a":1.0}', "application/json", "", b'[{"a":1.0}]', "webhook", id="an object"),
        pytest.param(b'[{"a":1},{}]', "application/json", "", b'[{"a":1},{}]', "webhook", id="an array"),
        pytest.param(
            b"a=1&b=x+y&b=%C3%A9",
            "application/x-www-form-urlencoded",
            "&eventName=form%20sent",
            '[{"a":"1","b":["x y","é"]}]'.encode(),
            "form sent",
            id="a form",
        ),
    ],
)  # fmt: skip
def test_a_webhook_is_kept_as_it_is(
    body: bytes, content_type: str, query: str, stored: bytes, *, event_key: str
) -> None:
    result = read("/v1/webhook", body, {"content-type": content_type}, query="writeKey=key" + query)
    assert isinstance(result, Reading)
    assert (result.body, result.event_key) == (stored, event_key)
    assert result.items is not None
    assert len(result.items) == result.count
    assert result.items[0].idempotency_key is None


@pytest.mark.parametrize("body", [b"5", b"[]", b"[1]", b"{", b"[" + b"{}," * 1000 + b"{}]"])
def test_any_other_webhook_is_refused(body: bytes) -> None:
    assert refusal("/v1/webhook", body, query="writeKey=key").status == 400


def test_the_settings_send_the_browser_client_back_here() -> None:
    shown = read("/v1/projects/key/settings", headers={"host": "in.example:8443"}, method="GET")
    assert isinstance(shown, Answer)
    destination = json.loads(shown.body)["integrations"]["Segment.io"]
    assert destination == {"apiKey": "key", "apiHost": "in.example:8443/v1", "protocol": "https"}
    assert ("access-control-allow-origin", "*") in shown.headers
    with pytest.raises(MilepostError, match="writekey"):
        read("/v1/projects/nobody/settings", method="GET")
