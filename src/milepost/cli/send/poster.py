"""Posting batches to `/events`: a token that renews itself, backoff on 5xx, and faulty events taken out one by one.

Takes records; gives a Receipt per batch: the request ids, what was accepted, what the server refused and why.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import httpx
import orjson

from milepost.cli.send.layout import BadRecord, Record
from milepost.domain.errors import OperatorError

_PLACE = re.compile(r"data\[(\d+)\]")
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to post, and as whom."""

    api_url: str
    client_id: str
    client_secret: str
    event_key: str


class Receipt(NamedTuple):
    """What became of a batch, in one request or several; none when nothing of it was left to send."""

    request_ids: tuple[str, ...]
    accepted: int
    refused: tuple[BadRecord, ...]


class Poster:
    """Uses one HTTP connection. `waiting` is told the reason and the seconds before each pause."""

    def __init__(
        self,
        client: httpx.Client,
        target: Target,
        *,
        most_tries: int,
        waiting: Callable[[str, float], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._target = target
        self._most_tries = most_tries
        self._waiting = waiting
        self._sleep = sleep
        self._token = ""

    def post(self, records: Sequence[Record]) -> Receipt:
        """Send a batch until it is acknowledged; OperatorError when that is not to be."""
        left = list(records)
        refused: list[BadRecord] = []
        while left:
            if not self._token:
                self._renew_token()
            answer = self._until_answered(partial(self._post_events, self._body(left)))
            if answer.status_code == 202:
                return Receipt((answer.json()["requestId"],), len(left), tuple(refused))
            if answer.status_code == 401:
                self._renew_token()
            elif answer.status_code == 413 and len(left) > 1:
                halves = [self.post(left[: len(left) // 2]), self.post(left[len(left) // 2 :])]
                return _joined(halves, refused)
            elif answer.status_code in {400, 413}:
                out = _taken_out(answer.json(), left)
                if not out:
                    raise OperatorError(f"The server refuses the batch: {answer.json().get('message')}")
                refused += out.values()
                left = [record for record in left if record.number not in out]
            else:
                raise OperatorError(f"The server answers {answer.status_code}: {answer.text[:300]}")
        return Receipt((), 0, tuple(refused))

    def _post_events(self, body: bytes) -> httpx.Response:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        return self._client.post(f"{self._target.api_url}/events", content=body, headers=headers)

    def _body(self, records: Sequence[Record]) -> bytes:
        """The envelope around the events as they are: none is read and written once more."""
        data = b",".join(record.body for record in records)
        return b'{"eventKey":%b,"data":[%b]}' % (orjson.dumps(self._target.event_key), data)

    def _renew_token(self) -> None:
        answer = self._until_answered(
            lambda: self._client.post(
                f"{self._target.api_url}/getToken",
                json={"clientId": self._target.client_id, "clientSecret": self._target.client_secret},
            )
        )
        if answer.status_code != 200:
            raise OperatorError(f"POST /getToken answers {answer.status_code}: {answer.text[:300]}")
        token = answer.json()["accessToken"]
        if token == self._token:
            raise OperatorError("The server issues a token that it does not accept.")
        self._token = token

    def _until_answered(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask again while the server is away or says 5xx or 429 (seed 000, lines 222-228: 1 s, 2 s, 4 s, ...)."""
        problem = ""
        for pause in _pauses(self._most_tries):
            retry_after = 0.0
            try:
                answer = ask()
            except (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError) as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
                problem = f"the server answers {answer.status_code}: {_message(answer)}"
                retry_after = float(answer.headers.get("retry-after", 0))
            seconds = min(max(pause, retry_after), _LONGEST_PAUSE_SECONDS)
            self._waiting(problem, seconds)
            self._sleep(seconds)
        tries = "1 try" if self._most_tries == 1 else f"{self._most_tries} tries"
        raise OperatorError(f"Given up after {tries}: {problem.rstrip('.')}. Run the same command to go on.")


def _pauses(most: int) -> Iterator[float]:
    for attempt in range(most):
        yield min(2.0**attempt, _LONGEST_PAUSE_SECONDS)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]


def _taken_out(problem: dict[str, Any], records: Sequence[Record]) -> dict[int, BadRecord]:
    """The records that the answer's faults name, by their number; a single record is at fault itself."""
    out: dict[int, BadRecord] = {}
    for fault in problem.get("faults", ()):
        place = _PLACE.match(fault["path"])
        if place:
            record = records[int(place.group(1))]
            reason = f"{fault['path'][place.end() :].lstrip('.')} {fault['reason']}".strip()
            out.setdefault(record.number, _refused(record, reason))
    if not out and len(records) == 1:
        out[records[0].number] = _refused(records[0], str(problem.get("message")))
    return out


def _refused(record: Record, reason: str) -> BadRecord:
    return BadRecord(record.number, record.line, reason, record.text)


def _joined(receipts: Sequence[Receipt], refused: Sequence[BadRecord]) -> Receipt:
    return Receipt(
        tuple(request_id for receipt in receipts for request_id in receipt.request_ids),
        sum(receipt.accepted for receipt in receipts),
        (*refused, *(bad for receipt in receipts for bad in receipt.refused)),
    )
