"""What a running listener notes of refusals: all of a known sender's, with what was wrong; of others, the number."""

import base64
import json
from hashlib import sha256
from typing import Any

import httpx
import pytest

BASIC = {"authorization": "Basic " + base64.b64encode(b"custom:").decode()}


def token(listener: Any) -> dict[str, str]:
    answer = httpx.post(f"{listener.url}/getToken", json={"clientId": "handler", "clientSecret": "the secret"})
    return {"authorization": f"Bearer {answer.json()['accessToken']}", "content-type": "application/json"}


def id_of(name: str) -> bytes:
    return sha256(name.encode()).digest()[:16]


def test_a_refused_submission_is_noted_with_its_door_code_faults_and_body(listener: Any) -> None:
    headers = token(listener)
    listener.take_refused()
    body = {"eventKey": "a:b", "data": [{}, {"eventDate": "x"}]}
    httpx.post(f"{listener.url}/events", json=body, headers=headers)
    (refused,), counted = listener.take_refused()
    assert (refused.connection_id, refused.door, refused.status) == (id_of("handler"), "events", 400)
    assert [fault.path for fault in refused.faults] == ["eventKey", "data[1].eventDate"]
    assert refused.code == "invalid_input"
    assert json.loads(refused.body) == body
    assert counted == {("events", "invalid_input", True): 1}


@pytest.mark.parametrize(
    ("path", "content", "headers", "sender", "status"),
    [
        pytest.param("/v1/track", b"{", BASIC, "custom", 400, id="no JSON, key in Basic auth"),
        pytest.param("/v1/batch?writeKey=custom", b"{", {}, "custom", 400, id="no JSON, key in the query"),
        pytest.param("/v1/cloudevents", b"{", BASIC, "custom", 400, id="no CloudEvent"),
        pytest.param("/v1/custom/event?writeKey=custom", b"{", {}, "custom", 400, id="no custom event"),
        pytest.param("/v1/track", b"x" * 200_001, BASIC, "custom", 413, id="a body that is never read"),
        pytest.param("/v1/track", b"x", {**BASIC, "content-encoding": "gzip"}, "custom", 400, id="no gzip"),
        pytest.param("/v1/track", b'{"writeKey":"custom-off"}', {}, "custom-off", 401, id="a disabled connection"),
        pytest.param("/analytics", b'{"connectionId":"script-off"}', {}, "script-off", 401, id="a disabled script"),
        pytest.param(
            "/analytics", b'{"connectionId":"script"}', {"origin": "https://x"}, "script", 403, id="an origin"
        ),
    ],
)
def test_whoever_can_be_known_is(
    listener: Any, path: str, content: bytes, headers: dict[str, str], *, sender: str, status: int
) -> None:
    listener.take_refused()
    assert httpx.post(listener.url + path, content=content, headers=headers).status_code == status
    (refused,), _ = listener.take_refused()
    assert (refused.connection_id, refused.status) == (id_of(sender), status)


def test_a_too_large_body_behind_a_token_is_noted_for_its_connection(listener: Any) -> None:
    headers = token(listener)
    listener.take_refused()
    assert httpx.post(f"{listener.url}/events", content=b"x" * 200_001, headers=headers).status_code == 413
    (refused,), _ = listener.take_refused()
    assert (refused.connection_id, refused.code, refused.body) == (id_of("handler"), "body_too_large", b"")


def test_the_refused_calls_of_a_batch_that_is_kept_in_part_are_noted(listener: Any) -> None:
    listener.take_refused()
    batch = {"writeKey": "custom", "batch": [{"type": "page"}, {"type": "track"}]}
    assert httpx.post(f"{listener.url}/v1/batch", json=batch).status_code == 207
    (refused,), counted = listener.take_refused()
    assert (refused.status, [fault.path for fault in refused.faults]) == (207, ["batch[1].event"])
    assert counted == {("batch", "invalid_input", True): 1}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/events", {}),
        ("/v1/track", {"writeKey": "nobody"}),
        ("/analytics", {"connectionId": "nobody"}),
        ("/getToken", {"clientId": "handler", "clientSecret": "wrong"}),
    ],
)
def test_unknown_callers_are_only_counted(listener: Any, path: str, body: object) -> None:
    listener.take_refused()
    assert httpx.post(listener.url + path, json=body).status_code == 401
    refused, counted = listener.take_refused()
    assert refused == []
    assert list(counted.values()) == [1]
    assert not any(is_known for _, _, is_known in counted)


def test_an_accepted_submission_is_not_noted(listener: Any) -> None:
    listener.take_refused()
    assert httpx.post(f"{listener.url}/v1/track", json={"writeKey": "custom", "event": "e"}).status_code == 200
    assert listener.take_refused() == ([], {})


@pytest.mark.parametrize(
    ("method", "path", "headers", "sender", "status"),
    [
        pytest.param("POST", "/v1/tracks", BASIC, "custom", 404, id="Basic auth"),
        pytest.param("POST", "/v1/wbhook?writeKey=custom", {}, "custom", 404, id="the query"),
        pytest.param("POST", "/custom", {"x-event-metadata": '{"writeKey":"custom"}'}, "custom", 404, id="a header"),
        pytest.param("POST", "/event", {}, "handler", 404, id="a token"),
        pytest.param("PUT", "/v1/track", BASIC, "custom", 405, id="another method"),
        pytest.param("POST", "/v1/tracks?writeKey=custom-off", {}, "custom-off", 404, id="a disabled connection"),
    ],
)
def test_a_request_that_misses_the_doors_is_shown_to_the_owner_of_its_key(
    listener: Any, method: str, path: str, *, headers: dict[str, str], sender: str, status: int
) -> None:
    headers = token(listener) if sender == "handler" else headers
    listener.take_refused()
    answer = httpx.request(method, listener.url + path, content=b"{}", headers=headers)
    assert answer.status_code == status
    (refused,), counted = listener.take_refused()
    assert (refused.connection_id, refused.door, refused.status) == (id_of(sender), "none", status)
    assert list(counted.values()) == [1]


def test_a_404_names_the_door_that_was_meant(listener: Any) -> None:
    assert "POST /v1/track?" in httpx.post(f"{listener.url}/v1/tracks").json()["Message"]
    assert "POST /events?" in httpx.post(f"{listener.url}/event").json()["message"]


def test_a_slash_at_the_end_is_taken(listener: Any) -> None:
    call = {"writeKey": "custom", "event": "e"}
    assert httpx.post(f"{listener.url}/v1/track/", json=call).json() == {"success": True}
    batch = {"batch": [{"type": "page"}]}
    assert httpx.post(f"{listener.url}/v1/import/", json=batch, headers=BASIC).json() == {"success": True}
