"""The demo's two ways to the service, both over HTTP: the console API, and the front door for events.

An answer that may change when asked again is an UnavailableError; `until_it_works` asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import httpx

from milepost.demo.happenings import EventKey, Happening
from milepost.domain.connection import COMMAND_LINE
from milepost.domain.errors import ConflictError, NotFoundError, OperatorError, UnavailableError
from milepost.kit.clock import Clock
from milepost.kit.crypto import issue_token
from milepost.observe.logs import logger

_log = logger("demo")
_T = TypeVar("_T")

MOST_EVENTS: Final = 1000
_TOKEN_SECONDS: Final = 60
_LONGEST_PAUSE_SECONDS: Final = 2.0
_TRIES_WORTH_SAYING: Final = 10
"""About fifteen seconds: the service takes a few to start, which is no news."""
_PAGE: Final = 500


async def until_it_works(act: Callable[[], Awaitable[_T]]) -> _T:
    """Do it again, with growing pauses, as long as the service is away; what is done again must do no harm."""
    tries = 0
    while True:
        try:
            return await act()
        except UnavailableError as error:
            tries += 1
            if tries % _TRIES_WORTH_SAYING == 0:
                _log.warning("waiting_for_the_service", reason=error.message)
            await asyncio.sleep(min(0.125 * 2 ** min(tries, 8), _LONGEST_PAUSE_SECONDS))


class OwnToken(httpx.Auth):
    """Signs a token for each request with the data folder's key, as the command line does."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Any:
        """Add the header."""
        token = issue_token(bytes(16), ("admin:api",), self._clock(), _TOKEN_SECONDS, self._key, kind=COMMAND_LINE)
        request.headers["authorization"] = f"Bearer {token}"
        yield request


class ConsoleApi:
    """JSON in, JSON out; the client brings the base URL and the credentials. NotFoundError for what is not there."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: Any) -> Any:
        """GET; query values of None are left out."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return await self._ask("GET", path, params=wanted)

    async def post(self, path: str, body: Any) -> Any:
        """POST; ConflictError where it is there already."""
        return await self._ask("POST", path, json=body)

    async def put(self, path: str, body: Any) -> Any:
        """PUT."""
        return await self._ask("PUT", path, json=body)

    async def each(self, path: str, **query: Any) -> AsyncIterator[Any]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self.get(path, cursor=cursor, limit=_PAGE, **query)
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = await _answer(self._client.request(method, path, **options))
        if answer.status_code == 404:
            raise NotFoundError(answer.json()["detail"])
        if answer.status_code == 409:
            raise ConflictError(answer.json()["detail"])
        if answer.is_error:
            raise OperatorError(f"{method} {path} answers {answer.status_code}: {answer.text[:500]}")
        return answer.json()


class FrontDoor:
    """`POST /events` with a token of `POST /getToken` (seed 000), renewed when it has run out."""

    def __init__(self, client: httpx.AsyncClient, client_id: str, client_secret: str) -> None:
        self._client = client
        self._credentials = {"clientId": client_id, "clientSecret": client_secret}
        self._token = ""

    async def send(self, key: EventKey, some: Sequence[Happening]) -> str:
        """Send up to 1000 happenings of one key; gives the request's id. Again is harmless: each has its own key."""
        body = {"eventKey": key.value, "data": [happening.payload for happening in some]}
        for _ in range(2):
            if not self._token:
                self._token = await self._get_token()
            headers = {"authorization": f"Bearer {self._token}"}
            answer = await _answer(self._client.post("/events", json=body, headers=headers))
            if answer.status_code == 202:
                return str(answer.json()["requestId"])
            if answer.status_code != 401:
                raise OperatorError(f"POST /events answers {answer.status_code}: {answer.text[:500]}")
            self._token = ""
        raise UnavailableError("The front door does not take the token that it gave.")

    async def _get_token(self) -> str:
        answer = await _answer(self._client.post("/getToken", json=self._credentials))
        if answer.status_code != 200:  # workers learn of a new or enabled connection, or a new secret, within a second
            raise UnavailableError(f"The front door does not know the demo's connection: {answer.text[:200]}")
        return str(answer.json()["accessToken"])


async def _answer(asked: Awaitable[httpx.Response]) -> httpx.Response:
    try:
        answer = await asked
    except httpx.TransportError as error:
        raise UnavailableError(f"The service does not answer: {error!r}") from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise UnavailableError(f"The service answers {answer.status_code}: {answer.text[:200]}")
    return answer
