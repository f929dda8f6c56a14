"""Server-sent events of the service, without an end: through restarts and lost connections, each event once.

Takes a path of the console API; gives events as they come. Refuses what the service refuses, with an OperatorError.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from milepost.cli.local import Api, refuse
from milepost.domain.errors import OperatorError

_SILENCE_SECONDS: Final = 30
"""The service says something every ten seconds; after three times that, the connection is dead."""
_LONGEST_PAUSE_SECONDS: Final = 10.0


class Message(NamedTuple):
    """One event of a stream: where its reader is then, and its data, if it has any."""

    id: str
    data: str | None


def follow(
    data: Path, path: str, query: dict[str, Any], *, lost: Callable[[str, float], None]
) -> Iterator[dict[str, Any]]:
    """The data of each event, from now or from the last `query["last"]` on, until the caller has enough.

    `lost` is told why the connection was lost and after how many seconds the next one is tried: 0.5, then twice as
    long each time, up to 10.
    """
    api, last_id, pause = Api(data), "", 0.0
    while True:
        try:
            for message in _messages(api, path, query, last_id):
                last_id, pause = message.id or last_id, 0.0
                if message.data is not None:
                    yield json.loads(message.data)
            reason = "the service has ended the stream"
        except (httpx.TransportError, _LaterError) as error:
            if not last_id:
                raise OperatorError(f"The service at {api.service.app_url} does not answer: {error}.") from error
            reason = str(error)
        pause = min(max(0.5, pause * 2), _LONGEST_PAUSE_SECONDS)
        lost(reason, pause)
        time.sleep(pause)
        api = _again(data, api)


class _LaterError(Exception):
    """The service cannot now, but may soon."""


def _again(data: Path, api: Api) -> Api:
    """With a fresh token, and at the address of the service that runs now; as before while none does."""
    try:
        return Api(data)
    except OperatorError:
        return api


def _messages(api: Api, path: str, query: dict[str, Any], last_id: str) -> Iterator[Message]:
    headers = {"last-event-id": last_id} if last_id else {}
    with api.stream(path, headers=headers, seconds=_SILENCE_SECONDS, **query) as answer:
        if answer.is_error:
            answer.read()
            if last_id and answer.is_server_error:
                raise _LaterError(f"it answers {answer.status_code}")
            refuse(answer)
        yield from read_messages(answer.iter_bytes())


def read_messages(pieces: Iterable[bytes]) -> Iterator[Message]:
    """The events in a byte stream of `text/event-stream`, as the HTML standard reads them, each at its blank line."""
    last_id, data, rest = "", list[str](), b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")  # and at nothing else: JSON may hold other line separators
        for line in lines:
            name, _, value = line.removesuffix(b"\r").decode().partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "id":
                last_id = value
            elif not name and not value:
                yield Message(last_id, "\n".join(data) if data else None)
                data = []
