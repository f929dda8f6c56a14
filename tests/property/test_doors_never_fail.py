"""Every door over random requests: a reading that later stages can read, or a refusal that is the sender's fault."""

import base64
import json
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from milepost.domain.connection import ConnectionKind
from milepost.domain.errors import MilepostError
from milepost.kit.jsonio import strict_loads
from milepost.observe.health import Readiness
from milepost.receive.door import Answer, Book, Reading, Request
from milepost.receive.routes import make_routes
from milepost.testing.doors import known

ROUTES = make_routes(b"k" * 32, lambda: Readiness(ready=True, reasons=(), lag_entries=0))
DOORS = sorted(
    (path, method) for path, methods in ROUTES.items() for method in methods if path not in ("/metrics", "/mcx.js")
)


KINDS = {"c": ConnectionKind.CUSTOM_EVENTS, "s": ConnectionKind.TRACKING_SCRIPT}
BOOK = Book(by_public_key={key: known(key, kind) for key, kind in KINDS.items()})

WORDS = st.sampled_from(
    [
        "c",
        "s",
        "page",
        "track",
        "1.0",
        "{.a}",
        "{ ..event }",
        "{.a[",
        "2021-08-17T15:10:33Z",
        "2021-08-17",
        "",
        "é",
        "AA==",
    ]
)
NAMES = st.sampled_from(
    ["_metarouter", "_mrSchema", "writeKey", "eventName", "eventID", "timestamp", "userID", "ip", "a", "event", "type",
     "messageId", "sentAt", "context", "batch", "originalTimestamp", "connectionId", "eventKey", "data", "eventDate",
     "idempotencyKey", "smartKeys", "id", "source", "specversion", "time"]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)
GOOD_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "writeKey": st.just("c"),
        "connectionId": st.just("s"),
        "eventKey": st.just("k"),
        "event": WORDS,
        "data": st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=1, max_size=3),
        "batch": st.lists(st.dictionaries(NAMES, VALUES, max_size=5), min_size=1, max_size=3),
        "_metarouter": st.fixed_dictionaries(
            {"writeKey": st.just("c"), "eventName": WORDS}, optional={"userID": WORDS}
        ),
        "id": WORDS,
        "source": WORDS,
        "type": WORDS,
        "specversion": st.just("1.0"),
    },
)
DOCUMENTS = VALUES | st.builds(lambda good, more: {**more, **good}, GOOD_PARTS, st.dictionaries(NAMES, VALUES))
BODIES = DOCUMENTS.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=30)
QUERIES = st.builds(
    lambda pairs, document: "&".join([*pairs, "data=" + base64.b64encode(document).decode()]),
    st.lists(
        st.sampled_from(["writeKey=c", "eventName=%7B.a%7D", "eventName=n", "a=%ff", "userID=%C3%A9", "&&", "=", "%"])
    ),
    BODIES,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "authorization": st.sampled_from(["Basic Yzo=", "Basic Yw", "Basic é", "Bearer x", "x"]),
        "content-type": st.sampled_from(
            ["application/json", "text/plain", "application/cloudevents+json", "application/cloudevents-batch+json",
             "application/x-www-form-urlencoded", "x", "application/octet-stream"]
        ),
        "origin": st.just("https://x"),
        "x-event-metadata": DOCUMENTS.map(json.dumps) | st.text(max_size=10),
        "access-control-request-headers": st.text(max_size=10),
        "ce-specversion": st.just("1.0"),
        "ce-id": st.text(max_size=3),
        "ce-source": st.just("/%C3%A9"),
        "ce-type": WORDS,
        "ce-time": WORDS,
    },
)  # fmt: skip


@settings(max_examples=400)
@given(st.sampled_from(DOORS), BODIES, QUERIES | st.just("writeKey=c"), HEADERS)
def test_a_door_reads_or_refuses(door_at: tuple[str, str], body: bytes, query: str, headers: dict[str, str]) -> None:
    path, method = door_at
    door = ROUTES[path][method]
    request = Request(
        method=method,
        path=path.replace("*", "c"),
        query=query,
        headers=headers,
        body=body,
        client_ip="203.0.113.9",
        received_at_ms=1_700_000_000_000,
    )
    try:
        door.knock(replace(request, body=b""), BOOK)
        result = door.read(request, BOOK)
    except MilepostError as error:
        refusal = door.refuse(error)
        assert 400 <= refusal.status < 500
        assert _is_shown(refusal)
        return
    if isinstance(result, Reading):
        _assert_later_stages_can_read(result)
        result = result.answer(str(UUID(int=0)))
    assert 200 <= result.status < 300
    assert _is_shown(result)


def _is_shown(answer: Answer) -> bool:
    is_json = not answer.body or answer.body.startswith(b"GIF") or isinstance(strict_loads(answer.body), dict)
    return is_json and all("\n" not in value and value.isascii() for _, value in answer.headers)


def _assert_later_stages_can_read(reading: Reading) -> None:
    payloads = strict_loads(reading.body)
    assert len(payloads) == reading.count >= 1
    assert all(isinstance(payload, dict) for payload in payloads)
    assert reading.event_key
    if reading.items is not None:
        assert len(reading.items) == reading.count
        assert reading.items[0].event_key == reading.event_key
        assert all(item.event_key and item.idempotency_key != "" for item in reading.items)
