"""What a test event of a connection looks like, by kind: takes its keys, gives the request and what was answered.

Secrets are in the request that goes out, and never in the one that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, assert_never
from uuid import UUID

import orjson
from pydantic import BaseModel, Field

from milepost.control.credentials import ConnectionKeys
from milepost.domain.connection import ConnectionKind
from milepost.domain.errors import ConflictError, UnavailableError
from milepost.web.ports import DoorAnswer, Doors

_JSON: Final = {"content-type": "application/json"}
_HIDDEN: Final = "***"


class ShownRequest(BaseModel):
    """The request as it was sent, with secrets as ***."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class TestEvent(BaseModel):
    """A test event on its way: what was sent, and what the front door answered."""

    __test__ = False

    request: ShownRequest
    status: int
    answer: Any = Field(description="The body of the answer.")
    request_id: UUID | None = Field(description="What to look the events up by; some doors do not say it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    path: str
    body: dict[str, Any]
    token: str | None = field(default=None, repr=False)


def send_test_event(keys: ConnectionKeys, doors: Doors, event_key: str, payload: Mapping[str, Any]) -> TestEvent:
    """By the way that the connection's own events take; ConflictError for a kind that sends none."""
    letter = _letter(keys, doors, event_key, dict(payload))
    headers = _JSON if letter.token is None else {**_JSON, "authorization": f"Bearer {letter.token}"}
    answered = _post(doors, letter.path, letter.body, headers)
    answer = _read(answered)
    shown = _JSON if letter.token is None else {**_JSON, "authorization": f"Bearer {_HIDDEN}"}
    return TestEvent(
        request=ShownRequest(method="POST", path=letter.path, headers=shown, body=letter.body),
        status=answered.status,
        answer=answer,
        request_id=answer.get("requestId") if isinstance(answer, dict) else None,
    )


def _letter(keys: ConnectionKeys, doors: Doors, event_key: str, payload: dict[str, Any]) -> _Letter:
    connection = keys.connection
    match connection.kind:
        case ConnectionKind.EVENT_HANDLER:
            events = {"eventKey": event_key, "data": [payload]}
            return _Letter(path="/events", body=events, token=_token(keys, doors))
        case ConnectionKind.TRACKING_SCRIPT:
            tracked = {"connectionId": connection.public_key, "eventKey": event_key, "data": [payload]}
            return _Letter(path="/analytics", body=tracked)
        case ConnectionKind.CUSTOM_EVENTS:
            metadata = {"writeKey": connection.public_key, "eventName": event_key}
            return _Letter(path="/v1/custom/event", body={"_metarouter": metadata, **payload})
        case ConnectionKind.MACHINE_TO_MACHINE:
            raise ConflictError("A machine-to-machine connection sends no events; it reads and writes this API.")
    assert_never(connection.kind)


def _token(keys: ConnectionKeys, doors: Doors) -> str | None:
    """An access token, or None where none is given: then the door says why."""
    credentials = {"clientId": keys.connection.client_id, "clientSecret": keys.client_secret}
    answered = _read(_post(doors, "/getToken", credentials, _JSON))
    return str(answered["accessToken"]) if isinstance(answered, dict) and "accessToken" in answered else None


def _post(doors: Doors, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> DoorAnswer:
    answered = doors.post(path, orjson.dumps(body), headers)
    if answered.status == 0:
        raise UnavailableError("The front doors cannot be reached from the console; try again in a moment.")
    return answered


def _read(answered: DoorAnswer) -> Any:
    try:
        return orjson.loads(answered.body)
    except ValueError:
        return answered.body.decode(errors="replace")
