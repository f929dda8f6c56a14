"""CloudEvents 1.0 over HTTP: three modes, one stored form, and what is refused."""

import json
import uuid
from collections.abc import Mapping

import pytest

from milepost.domain.connection import ConnectionKind, KnownConnection
from milepost.domain.errors import MilepostError
from milepost.receive.dialects.cloudevents import CloudEventsDoor
from milepost.receive.door import Answer, Book, Reading, Request

DOOR = CloudEventsDoor()
BOOK = Book(
    by_public_key={
        "key": KnownConnection(
            id=b"1" * 16,
            name="key",
            kind=ConnectionKind.CUSTOM_EVENTS,
            is_enabled=True,
            client_id=None,
            secrets=(),
            public_key="key",
            scopes=(),
            allowed_origins=(),
        )
    }
)
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/shop/%C3%A9",
    "ce-type": "com.example.order",
    "ce-time": "2021-08-17T15:10:33Z",
    "ce-traceparent": "00-ab",
}
EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.order", "data": {"total": 5}}


def post(body: object, headers: Mapping[str, str], query: str = "writeKey=key") -> Request:
    return Request(
        method="POST",
        path="/v1/cloudevents",
        query=query,
        headers=headers,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        client_ip="203.0.113.9",
        received_at_ms=1_700_000_000_000,
    )


def reading(body: object, headers: Mapping[str, str], query: str = "writeKey=key") -> Reading:
    result = DOOR.read(post(body, headers, query), BOOK)
    assert isinstance(result, Reading)
    return result


STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}


@pytest.mark.parametrize(
    ("content_type", "body", "member", "value"),
    [
        ("application/json", b'{"total": 5.10}', "data", {"total": 5.1}),
        ("application/vnd.mine+json", b"[1]", "data", [1]),
        ("text/plain", b"hello", "data", "hello"),
        ("text/plain", b"\xff", "data_base64", "/w=="),
        ("application/octet-stream", b"\x00\x01", "data_base64", "AAE="),
    ],
)
def test_binary_mode_is_stored_in_the_json_format(content_type: str, body: bytes, member: str, value: object) -> None:
    (event,) = json.loads(reading(body, {**BINARY, "content-type": content_type}).body)
    assert event.pop(member) == value
    assert event == {
        "specversion": "1.0",
        "id": "1",
        "source": "/shop/é",
        "type": "com.example.order",
        "time": "2021-08-17T15:10:33Z",
        "traceparent": "00-ab",
        "datacontenttype": content_type,
    }


def test_binary_data_keeps_its_bytes_and_may_be_missing() -> None:
    assert (
        b'"data":{"total": 5.10}}]' in reading(b'{"total": 5.10}', {**BINARY, "content-type": "application/json"}).body
    )
    assert "data" not in json.loads(reading(b"", BINARY).body)[0]


def test_structured_mode_is_stored_as_sent() -> None:
    body = json.dumps(EVENT, indent=1).encode()
    assert reading(body, STRUCTURED).body == b"[" + body + b"]"


def test_type_time_source_and_id_are_what_the_event_is() -> None:
    items = reading(b"", BINARY).items
    assert items is not None
    assert (items[0].event_key, items[0].event_date_ms) == ("com.example.order", 1629213033000)
    assert items[0].idempotency_key == '["/shop/é","1"]'


def test_no_two_pairs_of_source_and_id_are_the_same_repeat() -> None:
    keys = set()
    for source, event_id in [("a", "bc"), ("ab", "c"), ('a","b', "c"), ("a", 'b","c')]:
        items = reading({**EVENT, "source": source, "id": event_id}, STRUCTURED).items
        assert items is not None
        keys.add(items[0].idempotency_key)
    assert len(keys) == 4


def test_a_batch_is_kept_whole() -> None:
    result = reading([EVENT, {**EVENT, "id": "2", "type": "other"}], BATCHED)
    assert result.items is not None
    assert [item.event_key for item in result.items] == ["com.example.order", "other"]
    assert result.answer(str(uuid.UUID(int=0))).status == 200


def test_an_empty_batch_is_answered_and_nothing_is_kept() -> None:
    result = DOOR.read(post([], BATCHED), BOOK)
    assert isinstance(result, Answer)
    assert result.status == 200


def test_the_write_key_may_be_an_extension_attribute() -> None:
    assert reading({**EVENT, "writekey": "key"}, STRUCTURED, "").connection.name == "key"
    assert reading(b"", {**BINARY, "ce-writekey": "key"}, "").connection.name == "key"


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        pytest.param(post({**EVENT, "id": ""}, STRUCTURED), 400, "id: must be a string", id="empty id"),
        pytest.param(post({**EVENT, "type": None}, STRUCTURED), 400, "type: must be a string", id="no type"),
        pytest.param(
            post({**EVENT, "source": 5}, STRUCTURED), 400, "source: must be a string", id="source is a number"
        ),
        pytest.param(post({**EVENT, "specversion": "0.3"}, STRUCTURED), 400, "specversion", id="old version"),
        pytest.param(post({**EVENT, "time": "now"}, STRUCTURED), 400, "time: must be an RFC 3339", id="time"),
        pytest.param(post({**EVENT, "data_base64": "AA=="}, STRUCTURED), 400, "beside data", id="data twice"),
        pytest.param(post([EVENT, {}], BATCHED), 400, "[1].id", id="a batch with a fault"),
        pytest.param(post([EVENT, 5], BATCHED), 400, "[1]: must be an object", id="a batch with a number"),
        pytest.param(post({}, BATCHED), 400, "array", id="a batch that is none"),
        pytest.param(post([], STRUCTURED), 400, "must be an object", id="a list in structured mode"),
        pytest.param(post(b"{", STRUCTURED), 400, "JSON", id="no JSON"),
        pytest.param(post(b"{", {**BINARY, "content-type": "application/json"}), 400, "data", id="data is no JSON"),
        pytest.param(post(b"{}", {}), 400, "specversion", id="no CloudEvent at all"),
        pytest.param(post(EVENT, STRUCTURED, ""), 400, "Invalid or missing writekey", id="no key"),
        pytest.param(post(EVENT, STRUCTURED, "writeKey=no"), 401, "Invalid or missing writekey", id="unknown key"),
        pytest.param(post(b"", {"content-type": "application/cloudevents+avro"}), 415, "binary", id="another format"),
    ],
)
def test_what_is_refused_and_how(request_: Request, status: int, says: str) -> None:
    with pytest.raises(MilepostError) as refusal:
        DOOR.read(request_, BOOK)
    shown = DOOR.refuse(refusal.value)
    assert shown.status == status
    assert says in shown.body.decode()
