"""What makes a webhook a repeat: the id of its delivery, wherever its sender puts it."""

import pytest

from milepost.testing.doors import Doors, known

DOORS = Doors(
    known("auto"),
    known("none", delivery_id="none"),
    known("header", delivery_id="header:X-My-Id"),
    known("body", delivery_id="body:event.id"),
    at_ms=1_700_000_000_000,
)


def keys(body: object, headers: dict[str, str] | None = None, *, connection: str = "auto") -> list[str | None]:
    items = DOORS.reading("/v1/webhook", body, headers, query=f"writeKey={connection}").items
    assert items is not None
    return [item.idempotency_key for item in items]


@pytest.mark.parametrize(
    "header",
    ["webhook-id", "svix-id", "x-github-delivery", "x-gitea-delivery", "x-shopify-webhook-id", "linear-delivery",
     "x-atlassian-webhook-identifier", "i-twilio-idempotency-token", "idempotency-key"],
)  # fmt: skip
def test_the_headers_that_are_known_for_it_are_looked_at(header: str) -> None:
    assert keys({"n": 1}, {header: "d1"}) == [f"{header}#0:d1"]
    assert keys({"n": 1}, {header: "d1"}) == keys({"n": 2}, {header: "d1"}) != keys({"n": 1}, {header: "d2"})


def test_the_ids_of_two_kinds_of_senders_stay_apart() -> None:
    assert keys({}, {"svix-id": "1"}) != keys({}, {"x-github-delivery": "1"})


def test_each_object_of_an_array_has_its_own() -> None:
    first, second = keys([{}, {}], {"webhook-id": "d1"})
    assert first != second
    assert keys([{}, {}], {"webhook-id": "d1"}) == [first, second]


def test_an_event_of_stripe_is_known_by_its_id() -> None:
    assert keys({"object": "event", "id": "evt_1"}) == ["stripe:evt_1"]
    assert keys({"object": "v2.core.event", "id": "evt_2"}) == ["stripe:evt_2"]
    assert keys({"object": "charge", "id": "ch_1"}) == [None]


def test_a_payloads_own_key_comes_first() -> None:
    assert keys({"idempotencyKey": "b1"}, {"webhook-id": "d1"}) == ["b1"]
    assert keys({"idempotencyKey": None}) == [None]
    assert keys(b"idempotencyKey=f1&a=b", {"content-type": "application/x-www-form-urlencoded"}) == ["f1"]


@pytest.mark.parametrize("value", [None, "", " ", "\t\u00a0", True, 1.5, [], {}, "x" * 5000])
def test_what_can_be_no_id_makes_no_repeat(value: object) -> None:
    assert keys({"idempotencyKey": value}) == [None]
    assert keys({"event": {"id": value}}, connection="body") == [None]


def test_a_connection_may_say_where_its_ids_are() -> None:
    headers = {"x-my-id": "mine", "webhook-id": "d1"}
    assert keys({"idempotencyKey": "b1"}, headers, connection="header") == ["x-my-id#0:mine"]
    assert keys({"event": {"id": 7}}, headers, connection="body") == ["body:event.id:7"]
    assert keys({"event": "no object"}, headers, connection="body") == [None]
    assert keys({"idempotencyKey": "b1"}, headers, connection="none") == [None]


def test_a_header_that_says_nothing_is_passed_over() -> None:
    assert keys({"n": 1}, {"webhook-id": " ", "x-github-delivery": "d1"}) == ["x-github-delivery#0:d1"]
    assert keys({"n": 1}, {"webhook-id": "x" * 5000, "x-github-delivery": "d1"}) == ["x-github-delivery#0:d1"]
    assert keys({"n": 1}, {"x-my-id": " "}, connection="header") == [None]


def test_without_any_id_every_delivery_counts() -> None:
    assert keys({"n": 1}) == [None]
