"""What surrounds the Segment wire: the pixel, the webhook, and the settings that its browser client reads."""

import base64
import json

import pytest

from milepost.receive.door import Answer, Reading
from milepost.testing.doors import Doors, answer_to, known

DOORS = Doors(known("key"), at_ms=1_700_000_000_000)


def pixel(data: str) -> Reading:
    result = DOORS.read("/v1/pixel/track", query=f"data={data}", method="GET")
    assert isinstance(result, Reading)
    return result


def test_the_pixel_takes_a_call_in_base64_and_answers_an_image() -> None:
    call = json.dumps({"writeKey": "key", "event": "Opened?>~", "messageId": "m"}).encode()
    standard, url_safe = base64.b64encode(call).decode(), base64.urlsafe_b64encode(call).decode().rstrip("=")
    for data in (standard, url_safe, standard.replace("+", "%2B")):
        result = pixel(data)
        assert result.event_key == "Opened?>~"
        shown = answer_to(result)
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
    shown = DOORS.refusal("/v1/pixel/track", query=query, method="GET")
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
    result = DOORS.reading("/v1/webhook", body, {"content-type": content_type}, query="writeKey=key" + query)
    assert (result.body, result.event_key) == (stored, event_key)
    assert result.items is not None
    assert len(result.items) == result.count
    assert result.items[0].idempotency_key is None


@pytest.mark.parametrize("body", [b"5", b"[]", b"[1]", b"{", b"[" + b"{}," * 1000 + b"{}]"])
def test_any_other_webhook_is_refused(body: bytes) -> None:
    assert DOORS.refusal("/v1/webhook", body, query="writeKey=key").status == 400


def test_the_settings_send_the_browser_client_back_here() -> None:
    shown = DOORS.read("/v1/projects/key/settings", headers={"host": "in.example:8443"}, method="GET")
    assert isinstance(shown, Answer)
    destination = json.loads(shown.body)["integrations"]["Segment.io"]
    assert destination == {"apiKey": "key", "apiHost": "in.example:8443/v1", "protocol": "https"}
    assert ("access-control-allow-origin", "*") in shown.headers
    assert DOORS.refusal("/v1/projects/nobody/settings", method="GET").status == 401
