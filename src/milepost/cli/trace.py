"""`milepost trace`: the whole way of one event or one request."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors
from milepost.domain.errors import InvalidInputError

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.\d+)?", re.ASCII | re.IGNORECASE)


def trace(
    *,
    identifier: Annotated[str, typer.Argument(help="An event's id, or the requestId that a front door answered.")],
    data: Data = DEFAULT_DATA,
    wait: Annotated[
        float, typer.Option(min=0, max=30, help="Wait up to so many seconds for a request to be processed.")
    ] = 0,
) -> None:
    """Show what became of an event: its request, its fate, the signals it emitted and for which company."""
    with told_errors():
        if not _ID.fullmatch(identifier):
            raise InvalidInputError(
                f"{identifier!r} is neither an event's id nor a requestId; `milepost tail` shows the ids of events."
            )
        api = Api(data)
        if "." in identifier:
            found: dict[str, Any] = api.get(f"/api/events/{identifier}")
        else:
            found = api.get(f"/api/requests/{identifier}", **({"wait": wait} if wait else {}))
        Console().print_json(data=found)
