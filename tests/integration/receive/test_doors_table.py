"""The table of docs/reference/doors.md is what a running listener answers, for every door and kind of bad input.

`MILEPOST_WRITE_DOCS=1 pytest` on this file writes the table anew.
"""

import base64
import gzip
import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from milepost.observe.health import Readiness
from milepost.receive.admission import Admission
from milepost.receive.openapi import openapi_document
from milepost.receive.routes import make_routes

DOCUMENT = openapi_document(make_routes(b"k" * 32, lambda: Readiness(ready=True, reasons=(), lag_entries=0)))
PAGE = Path(__file__).parents[3] / "docs/reference/doors.md"
BEGIN, END = "<!-- answers: begin -->\n", "<!-- answers: end -->\n"
BODY_LIMIT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that its door takes, and how it names its sender: `authorize` puts another key in."""

    door: str
    path: str
    body: Any = None
    method: str = "POST"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    raw: bytes | None = None

    def content(self) -> bytes:
        """The body on the wire."""
        if self.raw is not None or self.body is None:
            return self.raw or b""
        return json.dumps(self.body).encode()

    def target(self) -> str:
        """Path and query."""
        return self.path + (f"?{self.query}" if self.query else "")

    def with_headers(self, **headers: str) -> "Call":
        """The call with these headers in place of its own of the same name."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers=tuple({**dict(self.headers), **changed}.items()))


def _calls(token: str) -> list[Call]:
    bearer = (("content-type", "application/json"), ("authorization", f"Bearer {token}"))
    data = [{"name": "x"}]
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    structured = (("content-type", "application/cloudevents+json"),)
    return [
        Call(door="getToken", path="/getToken", body={"clientId": "handler", "clientSecret": "the secret"}),
        Call(door="events", path="/events", body={"eventKey": "k", "data": data}, headers=bearer),
        Call(door="analytics", path="/analytics", body={"connectionId": "script", "eventKey": "k", "data": data}),
        Call(door="custom", path="/v1/custom/event", body={"_metarouter": {"writeKey": "custom", "eventName": "n"}}),
        Call(door="track …", path="/v1/track", body={"writeKey": "custom", "event": "e"}),
        Call(door="batch", path="/v1/batch", body={"writeKey": "custom", "batch": [{"type": "page"}]}),
        Call(door="cloudevents", path="/v1/cloudevents", body=event, query="writeKey=custom", headers=structured),
        Call(door="webhook", path="/v1/webhook", body={}, query="writeKey=custom"),
        _pixel({"writeKey": "custom", "event": "e"}),
        Call(door="settings", path="/v1/projects/custom/settings", method="GET", headers=()),
    ]


def _pixel(document: object) -> Call:
    data = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()
    return Call(door="pixel", path="/v1/pixel/track", query=f"data={data}", method="GET", headers=())


def _has_body(call: Call) -> bool:
    return call.method == "POST"


def _raw(body: bytes, **headers: str) -> Callable[[Call], Call | None]:
    return lambda call: replace(call, raw=body).with_headers(**headers) if _has_body(call) else None


def _keyed(key: str) -> Callable[[Call], Call | None]:
    """The call with another key in place of its own."""

    def change(call: Call) -> Call | None:
        if call.door == "events":
            return call.with_headers(authorization=f"Bearer {key}")
        if call.door == "pixel":
            return _pixel({"writeKey": key, "event": "e"})
        if call.door == "settings":
            return replace(call, path=f"/v1/projects/{key}/settings")
        own = {"getToken": "handler", "analytics": "script"}.get(call.door, "custom")
        body = json.loads(json.dumps(call.body).replace(f'"{own}"', f'"{key}"'))
        return replace(call, body=body, query=call.query.replace(own, key))

    return change


def _without_key(call: Call) -> Call | None:
    if call.door == "events":
        return replace(call, headers=call.headers[:1])
    if call.door == "pixel":
        return _pixel({"event": "e"})
    if call.door == "settings":
        return None
    body = {name: value for name, value in call.body.items() if name not in ("clientId", "connectionId", "writeKey")}
    body.pop("_metarouter", None)
    return replace(call, body=body, query="")


def _from_another_origin(call: Call) -> Call | None:
    if call.door in ("getToken", "events"):
        return None
    changed = _keyed("script")(call)
    return changed.with_headers(origin="https://evil.example") if changed else None


BAD_INPUTS: dict[str, Callable[[Call], Call | None]] = {
    "nothing wrong": lambda call: call,
    "a method that the path does not take": lambda call: replace(call, method="DELETE"),
    "a path that is not there": lambda call: replace(call, path=call.path + "/nothing"),
    "no key, token or credentials": _without_key,
    "an unknown key, token or credentials": _keyed("nobody"),
    "a page of an origin that is not on the connection's list": _from_another_origin,
    "content type XML": lambda call: call.with_headers(content_type="application/xml") if _has_body(call) else None,
    "content type text": lambda call: call.with_headers(content_type="text/plain") if _has_body(call) else None,
    "no content type": lambda call: replace(call, headers=call.headers[1:]) if _has_body(call) else None,
    "an empty body": _raw(b""),
    "no JSON": _raw(b"{"),
    "not UTF-8": _raw(b'{"a":"\xff"}'),
    "NaN": _raw(b'{"a":NaN}'),
    "a number beyond a double": _raw(b'{"a":1e999}'),
    "a lone surrogate": _raw(b'{"a":"\\ud800"}'),
    "a member twice": _raw(b'{"a":1,"a":2}'),
    "nested 300 deep": _raw(b'{"a":' * 300 + b"1" + b"}" * 300),
    "a text": _raw(b'"text"'),
    "an array of numbers": _raw(b"[1]"),
    "gzip": lambda call: _gzipped(call, gzip.compress(call.content())),
    "gzip that is cut off": lambda call: _gzipped(call, gzip.compress(call.content())[:-5]),
    "gzip that expands past the limit": lambda call: _gzipped(call, gzip.compress(b" " * (BODY_LIMIT + 1))),
    "another content encoding": _raw(b"{}", content_encoding="br"),
    "a body past the limit": _raw(b" " * (BODY_LIMIT + 1)),
}


def _gzipped(call: Call, content: bytes) -> Call | None:
    return replace(call, raw=content).with_headers(content_encoding="gzip") if _has_body(call) else None


def _answer(client: httpx.Client, call: Call | None) -> str:
    if call is None:
        return ""
    response = client.request(call.method, call.target(), content=call.content(), headers=list(call.headers))
    _check_shape(call, response)
    _check_documented(call, response.status_code)
    return str(response.status_code)


def _check_documented(call: Call, status: int) -> None:
    """The OpenAPI document knows the answer, where it knows the path and the method."""
    path = "/v1/projects/{writeKey}/settings" if call.path.endswith("/settings") else call.path
    operation = DOCUMENT["paths"].get(path, {}).get(call.method.lower())
    assert operation is None or str(status) in operation["responses"]


def _check_shape(call: Call, response: httpx.Response) -> None:
    """Every refusal has its dialect's shape, and says something."""
    if response.status_code < 300:
        return
    if call.door == "pixel" and call.method == "GET" and call.path == "/v1/pixel/track":
        assert response.content.startswith(b"GIF89a")
        return
    error = response.json()
    if not call.path.startswith("/v1/"):
        assert list(error) == ["error", "message", "faults"]
        assert error["message"]
        return
    if "Errors" in error:
        assert error["Success"] is False
        error = error["Errors"][0]
    assert list(error) == ["Error", "Message", "Details"]
    assert error["Message"]


def _answer_to_a_slow_body(client: httpx.Client, call: Call) -> str:
    """Announces a body and sends none of it."""
    if not _has_body(call):
        return ""
    headers = "".join(f"{name}: {value}\r\n" for name, value in call.headers)
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(
            f"POST {call.target()} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n{headers}\r\n{{".encode()
        )
        return connection.recv(4096).split()[1].decode()


DATA = {"eventKey": "k", "data": [{}]}
KEY = {"writeKey": "custom"}
CLOUD_EVENT = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}

FAULTS: list[tuple[str, str, Any]] = [
    ("getToken", "a secret that is no text", {"clientId": "handler", "clientSecret": 5}),
    ("events", "an eventKey with a colon", {**DATA, "eventKey": "a:b"}),
    ("events", "no events", {**DATA, "data": []}),
    ("events", "1001 events", {**DATA, "data": [{}] * 1001}),
    ("events", "an event that is no object", {**DATA, "data": [{}, 5]}),
    ("events", "an eventDate that is text", {**DATA, "data": [{"eventDate": "now"}]}),
    ("events", "an idempotencyKey that is a number", {**DATA, "data": [{"idempotencyKey": 5}]}),
    ("events", "a smart key without a field", {**DATA, "smartKeys": [{"name": "n", "alternateId": "a"}]}),
    ("analytics", "an eventKey with a dollar in front", {**DATA, "connectionId": "script", "eventKey": "$a"}),
    ("custom", "metadata that is no object", {"_metarouter": 5}),
    ("custom", "no eventName", {"_metarouter": KEY}),
    ("custom", "an eventName that finds nothing", {"_metarouter": {**KEY, "eventName": "{.nothing}"}}),
    ("custom", "a malformed expression", {"_metarouter": {**KEY, "eventName": "{.a["}}),
    ("custom", "an expression that costs too much", {"_metarouter": {**KEY, "eventName": "{.l[*]}"}, "l": [1] * 9000}),
    ("custom", "a userID that is a number", {"_metarouter": {**KEY, "eventName": "n", "userID": 5}}),
    ("custom", "an empty eventID", {"_metarouter": {**KEY, "eventName": "n", "eventID": ""}}),
    (
        "custom",
        "a timestamp that is none",
        {"_metarouter": {**KEY, "eventName": "n", "timestamp": "2021-08-17"}},
    ),
    ("track …", "a track without its event", KEY),
    ("track …", "a messageId that is a number", {**KEY, "event": "e", "messageId": 5}),
    ("track …", "a timestamp that is none", {**KEY, "event": "e", "timestamp": "now"}),
    ("batch", "no batch", KEY),
    ("batch", "an empty batch", {**KEY, "batch": []}),
    ("batch", "1001 calls", {**KEY, "batch": [{"type": "page"}] * 1001}),
    ("batch", "no valid call", {**KEY, "batch": [{"type": "x"}]}),
    ("batch", "one valid call, one not", {**KEY, "batch": [{"type": "page"}, {"type": "track"}]}),
    ("cloudevents", "no id", {**CLOUD_EVENT, "id": ""}),
    ("cloudevents", "another specversion", {**CLOUD_EVENT, "specversion": "0.3"}),
    ("cloudevents", "a time that is none", {**CLOUD_EVENT, "time": "now"}),
    ("webhook", "an array with something else than objects", [{}, 5]),
]
"""A door, what is wrong, and the body that shows it; the senders' keys are good."""


def _faults_table(client: httpx.Client, calls: list[Call]) -> list[str]:
    by_door = {call.door: call for call in calls}
    lines = ["| door | fault | answer | names |", "|---|---|---|---|"]
    for door, fault, body in FAULTS:
        call = replace(by_door[door], body=body)
        response = client.post(call.target(), content=call.content(), headers=list(call.headers))
        error = response.json()
        error = error["Errors"][0] if "Errors" in error else error
        details = (
            "; ".join(f"{named['path']}: " for named in error["faults"]) if "faults" in error else error["Details"]
        )
        named = details.partition(": ")[0] if ": " in details else ""
        lines.append(f"| {door} | {fault} | {response.status_code} | {f'`{named}`' if named else ''} |")
    return lines


def _token(client: httpx.Client, client_id: str) -> str:
    answer = client.post("/getToken", json={"clientId": client_id, "clientSecret": "the secret"})
    return str(answer.json()["accessToken"])


def _answer_over_the_limit(client: httpx.Client, call: Call) -> str:
    """Of a connection that may send one event, the second one."""
    keys = {"events": "handler-limited", "getToken": "handler-limited", "analytics": "script-limited"}
    key = keys.get(call.door, "custom-limited")
    changed = _keyed(_token(client, key) if call.door == "events" else key)(call)
    _answer(client, changed)
    return _answer(client, changed)


def _table(client: httpx.Client, admission: Admission) -> str:
    calls = _calls(_token(client, "handler"))
    rows = {kind: [_answer(client, change(call)) for call in calls] for kind, change in BAD_INPUTS.items()}
    rows["a body that does not come in time"] = [_answer_to_a_slow_body(client, call) for call in calls]
    rows["a connection over its limit"] = [_answer_over_the_limit(client, call) for call in calls]
    admission.free_bytes = 0
    rows["nothing can be kept now"] = [_answer(client, call) for call in calls]
    admission.free_bytes = 1
    lines = ["| | " + " | ".join(call.door for call in calls) + " |", "|---|" + "---|" * len(calls)]
    lines += [f"| {kind} | " + " | ".join(answers) + " |" for kind, answers in rows.items()]
    return "\n".join([*lines, "", *_faults_table(client, calls)]) + "\n"


def test_the_table_is_what_the_listener_answers(listener: Any) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    documented, _, after = rest.partition(END)
    with httpx.Client(base_url=listener.url, timeout=30) as client:
        answered = _table(client, listener.admission)
    if os.environ.get("MILEPOST_WRITE_DOCS"):
        PAGE.write_text(before + BEGIN + answered + END + after)
    else:
        assert documented == answered
