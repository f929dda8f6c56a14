"""What makes a webhook a repeat: the id that its sender gives to a delivery and keeps when it tries again.

Takes the headers, a payload and the connection's own setting; gives an idempotency key, or None. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milepost.receive.dialects.metarouter import LONGEST_VALUE

HEADERS = (
    "webhook-id",  # Standard Webhooks
    "svix-id",
    "x-github-delivery",
    "x-gitea-delivery",
    "x-shopify-webhook-id",
    "linear-delivery",
    "x-atlassian-webhook-identifier",
    "i-twilio-idempotency-token",
    "idempotency-key",  # GitLab and others
)
"""Headers whose value stays the same when a delivery is tried again, in the order in which they are looked for."""

MEMBER = "idempotencyKey"
"""As in seed 000: what a payload says of itself comes before all that is around it."""


def idempotency_keys(headers: Mapping[str, str], payloads: list[dict[str, Any]], setting: str) -> list[str | None]:
    """One for each payload, of at most LONGEST_VALUE characters; what is no text or number, or longer, is none.

    `setting` is `auto`, `none`, `header:<name>` or `body:<path of members>` (domain/connection.py).
    """
    if setting == "none":
        return [None] * len(payloads)
    where, _, name = setting.partition(":")
    if where == "body":
        return [_key(f"body:{name}", _member(payload, name)) for payload in payloads]
    names = (name.lower(),) if where == "header" else HEADERS
    header = next((name for name in names if headers.get(name)), None)
    places = range(len(payloads))
    around = [_key(f"{header}#{place}", headers[header]) if header else None for place in places]
    if where == "header":
        return around
    return [_own_key(payload) or key for payload, key in zip(payloads, around, strict=True)]


def _own_key(payload: dict[str, Any]) -> str | None:
    if own := _key("", payload.get(MEMBER)):
        return own
    is_stripes = payload.get("object") == "event" and str(payload.get("id")).startswith("evt_")
    return _key("stripe", payload["id"]) if is_stripes else None


def _member(payload: object, path: str) -> object:
    for name in path.split("."):
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def _key(source: str, value: object) -> str | None:
    """Named by where it comes from, so that the ids of two senders on one connection stay apart."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        return None
    key = f"{source}:{value}" if source else str(value)
    return key if len(key) <= LONGEST_VALUE else None
