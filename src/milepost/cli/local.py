"""How a command on the same machine talks to the running service: whoever can read the data folder may.

Signs a short-lived token with the folder's own key, so that no password is needed where files already are.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from milepost.domain.connection import COMMAND_LINE
from milepost.domain.errors import MilepostError, OperatorError
from milepost.kit.clock import system_clock
from milepost.kit.crypto import issue_token, read_key
from milepost.observe import paths
from milepost.observe.service import read_service

_TOKEN_SECONDS = 12 * 3600

Data = Annotated[Path, typer.Option(envvar="MILEPOST_DATA", help="The data folder of the running service.")]
DEFAULT_DATA = Path(".data")


def trusting(ca_file: str | None) -> ssl.SSLContext | bool:
    """What httpx verifies certificates with."""
    return ssl.create_default_context(cafile=ca_file) if ca_file else True


def require_data_folder(data: Path) -> None:
    """OperatorError for a folder on which Milepost was never set up."""
    known_by = (paths.secrets_key(data), paths.tokens_key(data), paths.reactor(data), paths.control(data))
    if not any(file.exists() for file in known_by):
        raise OperatorError(f"{data} is no data folder of Milepost: its keys are missing.")


class Api:
    """The console API of the local service; every refusal is an OperatorError with its message."""

    def __init__(self, data: Path) -> None:
        data = data.absolute()
        service = read_service(data)
        require_data_folder(data)
        token = issue_token(
            bytes(16),
            ("admin:api",),
            system_clock(),
            _TOKEN_SECONDS,
            read_key(paths.tokens_key(data)),
            kind=COMMAND_LINE,
        )
        self.service = service
        self._client = httpx.Client(
            base_url=service.app_url,
            headers={"authorization": f"Bearer {token}"},
            verify=trusting(service.ca_file),
            timeout=60,
        )

    def get(self, path: str, **query: Any) -> Any:
        """GET, and the JSON of its answer; query values of None are left out."""
        return self.ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Any) -> Any:
        """POST JSON, and the JSON of its answer."""
        return self.ask("POST", path, json=body)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Any request, and the JSON of its answer, or None where it has none."""
        try:
            answer = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise OperatorError(f"The service at {self.service.app_url} does not answer: {_why(error)}.") from error
        if answer.is_error:
            refuse(answer)
        return answer.json() if answer.content else None

    @contextmanager
    def stream(self, path: str, *, headers: dict[str, str], seconds: float, **query: Any) -> Iterator[httpx.Response]:
        """GET an answer that is read as it comes; httpx.TransportError after so many seconds of silence."""
        given = {name: value for name, value in query.items() if value is not None}
        with self._client.stream("GET", path, params=given, headers=headers, timeout=seconds) as answer:
            yield answer

    def ready(self) -> dict[str, Any]:
        """What `/ready` of the api listener says, whether it is or not."""
        try:
            answer = httpx.get(f"{self.service.api_url}/ready", verify=trusting(self.service.ca_file), timeout=10)
        except httpx.TransportError as error:
            raise OperatorError(
                f"The api listener at {self.service.api_url} does not answer: {_why(error)}."
            ) from error
        told: dict[str, Any] = answer.json()
        return told

    def all(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, limit=500, **query)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return


def _why(error: httpx.TransportError) -> str:
    """Some have no words, as that of a service which ends in the middle of a request."""
    return str(error) or type(error).__name__


def refuse(answer: httpx.Response) -> NoReturn:
    """OperatorError with what the service says; its body must have been read."""
    raise OperatorError(_problem(answer))


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        faults = "; ".join(f"{fault['path']}: {fault['reason']}" for fault in problem.get("faults") or ())
        return f"{problem['detail']} {faults}".strip()
    except (ValueError, KeyError, TypeError):
        return f"The service answers {answer.status_code}: {answer.text[:200]}"


@contextmanager
def told_errors() -> Iterator[None]:
    """Print what went wrong as one sentence, and exit with status 1."""
    try:
        yield
    except MilepostError as error:
        fail(error.message)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(message: str) -> NoReturn:
    """Print one sentence and exit with status 1."""
    Console(stderr=True).print(f"[bold red]Error:[/] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)
