"""What a request costs at a door follows from its bytes on the wire, for bodies that were made to cost more.

The unit is a byte of a benign body, read and written by the JSON library; the bound is generous, so that no load of
the machine reaches it, and the faults that it is there for were beyond it a hundredfold.
"""

import gzip
import time
from contextlib import suppress

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from milepost.domain.connection import ConnectionKind
from milepost.domain.errors import MilepostError
from milepost.observe.health import Readiness
from milepost.receive.book import make_book
from milepost.receive.door import Request
from milepost.receive.expand import FREE_BYTES, MOST_TIMES_LARGER, expand
from milepost.receive.routes import make_routes
from milepost.testing.doors import known

LIMIT = 8 * 1024 * 1024
UNITS_OF_A_BYTE = 100
UNITS_OF_A_REQUEST = 2_000_000  # some tens of milliseconds: a template compiled, a class loaded for the first time
ROUTES = make_routes(bytes(32), lambda: Readiness(ready=True, reasons=(), lag_entries=0))
BOOK = make_book([known("c"), known("s", ConnectionKind.TRACKING_SCRIPT)])
POSTS = ["/analytics", "/v1/custom/event", "/v1/track", "/v1/batch", "/v1/cloudevents", "/v1/webhook", "/getToken"]
FORM = {"content-type": "application/x-www-form-urlencoded"}
BENIGN = orjson.dumps([{"name": "page viewed", "n": number, "at": {"path": "x" * 40}} for number in range(10_000)])


def _seconds_of_a_unit() -> float:
    began = time.thread_time()
    for _ in range(3):
        orjson.dumps(orjson.loads(BENIGN))
    return (time.thread_time() - began) / 3 / len(BENIGN)


def _units(path: str, body: bytes, headers: dict[str, str], query: str) -> float:
    """What the app does with a request, up to the journal."""
    head = Request(
        method="POST",
        path=path,
        query=query,
        headers=headers,
        body=b"",
        client_ip="203.0.113.9",
        received_at_ms=1_700_000_000_000,
    )
    door = ROUTES[path]["POST"]
    began = time.thread_time()
    with suppress(MilepostError):
        door.knock(head, BOOK)
        door.read(replace(head, body=expand(body, headers, LIMIT)), BOOK)
    return (time.thread_time() - began) / _seconds_of_a_unit()


def _assert_bounded(path: str, body: bytes, headers: dict[str, str], query: str = "") -> None:
    sent = len(body) + len(query)
    expanded = min(LIMIT, FREE_BYTES + MOST_TIMES_LARGER * sent) if "content-encoding" in headers else sent
    assert _units(path, body, headers, query) <= UNITS_OF_A_REQUEST + UNITS_OF_A_BYTE * expanded


CALLS = b",".join([b'{"type":"page","context":{"a":1}}'] * 1000)
HOSTILE = {
    "objects before one that repeats a name": b'{"x":[' + b'{"a":1},' * 100_000 + b'{"b":1,"b":1}]}',
    "empty arrays": b"[" + b"[]," * 100_000 + b"1]",
    "names": b"{" + b",".join(b'"%d":0' % number for number in range(40_000)) + b',"7":1}',
    "escapes": b'{"a":"' + b"\\u003a" * 200_000 + b'","b":1,"b":2}',
    "a name of a megabyte, twice": b'{"%b":1,"%b":2}' % (b"n" * 1_000_000, b"n" * 1_000_000),
    "open arrays": b"[" * 1_000_000,
    "smart keys": b'{"connectionId":"s","eventKey":"k","data":[{}],"smartKeys":['
    + b'{"name":"a","alternateId":"b","field":"c"},' * 25_000
    + b"{}]}",
    "a context for a thousand calls": b'{"writeKey":"c","context":{%b"z":1},"batch":[%b]}'
    % (b"".join(b'"%d":0,' % number for number in range(100_000)), CALLS),
    "expressions over numbers": b'{"_metarouter":{"writeKey":"c","eventName":"{..a}"},"b":['
    + b"1.5," * 250_000
    + b"1]}",
    "invalid events": b"[" + b'{"specversion":"2","writekey":"c"},' * 999 + b"{}]",
}


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_no_body_costs_more_than_its_bytes_on_the_wire(word: str, *, is_packed: bool) -> None:
    body = gzip.compress(HOSTILE[word]) if is_packed else HOSTILE[word]
    headers = {"content-encoding": "gzip"} if is_packed else {}
    for path in POSTS:
        _assert_bounded(path, body, headers, "writeKey=c" if path == "/v1/webhook" else "")


@pytest.mark.parametrize("text", ["a&" * 500_000, "a=b&" * 250_000, "a=" + "%41" * 400_000, "&" * 1_000_000])
def test_no_form_does(text: str) -> None:
    _assert_bounded("/v1/webhook", text.encode(), FORM, "writeKey=c")
    _assert_bounded("/v1/track", b"{}", {}, text[:64_000])
    _assert_bounded("/v1/custom/event", b"{}", {}, text[:64_000])


def test_no_number_of_empty_members_does() -> None:
    _assert_bounded("/v1/track", gzip.compress(b"", mtime=0) * 50_000, {"content-encoding": "gzip"})
    _assert_bounded("/v1/track", gzip.compress(b"", mtime=0) * 50_000, {})


def test_gzip_in_gzip_is_expanded_once() -> None:
    _assert_bounded("/v1/track", gzip.compress(gzip.compress(b"[]," * 2_000_000)), {"content-encoding": "gzip"})


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b'"a":',
            b"1",
            b"1.5",
            b",",
            b'"',
            b"\\",
            b"null",
            b"{}",
            b'{"a":1},',
            b"\\u003a",
            b" ",
        ]
    ),
    min_size=1,
    max_size=6,
).map(b"".join)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(POSTS),
    st.lists(st.tuples(FRAGMENTS, st.integers(1, 10_000)), min_size=1, max_size=3),
    st.booleans(),
)
def test_no_repetition_of_pieces_of_json_does(path: str, pieces: list[tuple[bytes, int]], is_packed: bool) -> None:
    body = b"".join(fragment * times for fragment, times in pieces)
    headers = {"content-encoding": "gzip"} if is_packed else {}
    _assert_bounded(path, gzip.compress(body) if is_packed else body, headers, "writeKey=c")
