"""Single answers of a running listener that deserve a name of their own."""

import base64
from typing import Any

import httpx
import pytest


@pytest.mark.parametrize(
    ("client_id", "secret"), [("handler-off", "the secret"), ("handler", "wrong"), ("nobody", "the secret")]
)
def test_credentials_that_do_not_open_are_401(listener: Any, client_id: str, secret: str) -> None:
    response = httpx.post(f"{listener.url}/getToken", json={"clientId": client_id, "clientSecret": secret})
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/analytics", {"connectionId": "script-off", "eventKey": "k", "data": [{}]}),
        ("/v1/custom/event", {"_metarouter": {"writeKey": "custom-off", "eventName": "n"}}),
        ("/v1/track", {"writeKey": "custom-off", "event": "e"}),
        ("/v1/batch", {"writeKey": "custom-off", "batch": [{"type": "page"}]}),
    ],
)
def test_a_disabled_key_is_401(listener: Any, path: str, body: object) -> None:
    assert httpx.post(listener.url + path, json=body).status_code == 401


def test_a_token_of_another_kind_is_403(listener: Any) -> None:
    token = httpx.post(f"{listener.url}/getToken", json={"clientId": "machine", "clientSecret": "the secret"}).json()
    headers = {"authorization": f"Bearer {token['accessToken']}"}
    response = httpx.post(f"{listener.url}/events", json={"eventKey": "k", "data": [{}]}, headers=headers)
    assert response.status_code == 403


def test_what_cannot_be_kept_says_when_to_come_back(listener: Any) -> None:
    body = {"writeKey": "custom", "event": "kept only when there is room"}
    listener.admission.free_bytes = 0
    refused = httpx.post(f"{listener.url}/v1/track", json=body)
    listener.admission.free_bytes = 1
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert not [one for one in listener.submissions() if one.event_key == body["event"]]
    assert httpx.post(f"{listener.url}/v1/track", json=body).status_code == 200


def test_metadata_in_a_header_that_is_not_ascii_is_refused_with_the_way_to_write_it(listener: Any) -> None:
    metadata = '{"writeKey":"custom","eventName":"caf\u00e9"}'
    refused = httpx.post(f"{listener.url}/v1/custom/event", json={}, headers=[(b"X-Event-Metadata", metadata.encode())])
    assert refused.status_code == 400
    assert "\\uXXXX" in refused.json()["Details"]
    escaped = metadata.encode("ascii", "backslashreplace").decode().replace("\\xe9", "\\u00e9")
    taken = httpx.post(f"{listener.url}/v1/custom/event", json={}, headers={"X-Event-Metadata": escaped})
    assert taken.json()["event"]["_metarouter"]["eventName"] == "caf\u00e9"


LIMITED = {
    "track": ("/v1/track", {"writeKey": "custom-limited", "event": "e"}),
    "batch": ("/v1/batch", {"writeKey": "custom-limited", "batch": [{"type": "page"}]}),
    "custom": ("/v1/custom/event", {"_metarouter": {"writeKey": "custom-limited", "eventName": "n"}}),
    "analytics": ("/analytics", {"connectionId": "script-limited", "eventKey": "k", "data": [{}]}),
}


@pytest.mark.parametrize(
    ("door", "status", "says"),
    [
        ("track", 429, '"Error":"Too Many Requests"'),
        ("batch", 429, '"Errors":[{"Error":"Too Many Requests"'),
        ("custom", 429, '"Error":"Too Many Requests"'),
        ("analytics", 503, '"error":"over_limit"'),
    ],
)
def test_a_connection_over_its_limit_is_told_when_to_come_back(
    listener: Any, door: str, status: int, says: str
) -> None:
    path, body = LIMITED[door]
    httpx.post(listener.url + path, json=body)
    before = len(listener.submissions())
    refused = httpx.post(listener.url + path, json=body)
    assert (refused.status_code, refused.headers["retry-after"]) == (status, "1800")
    assert says in refused.text
    assert len(listener.submissions()) == before


def test_the_pixel_of_a_connection_over_its_limit_has_the_same_status(listener: Any) -> None:
    data = base64.b64encode(b'{"writeKey":"custom-limited","event":"e"}').decode()
    for _ in range(2):
        refused = httpx.get(f"{listener.url}/v1/pixel/track", params={"data": data})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1800")


def test_what_was_over_the_limit_is_noted_for_its_connection(listener: Any) -> None:
    path, body = LIMITED["track"]
    httpx.post(listener.url + path, json=body)
    listener.take_refused()
    httpx.post(listener.url + path, json=body)
    (refused,), _ = listener.take_refused()
    assert (refused.code, refused.status, refused.door) == ("over_limit", 429, "track")


def test_attributes_of_binary_mode_may_be_utf8_as_it_is(listener: Any) -> None:
    headers = {b"ce-specversion": b"1.0", b"ce-id": b"1", b"ce-source": b"s", b"ce-writekey": b"custom"}
    headers[b"ce-type"] = "Bestellung für Köln".encode()
    answer = httpx.post(f"{listener.url}/v1/cloudevents", headers=headers)
    assert answer.json() == {"success": True}
    (item,) = listener.submissions()[-1].items
    assert item.event_key == "Bestellung für Köln"
