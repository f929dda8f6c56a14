"""`milepost trace`: the whole way of one event or one request."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors


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
        api = Api(data)
        if "." in identifier:
            found: dict[str, Any] = api.get(f"/api/events/{identifier}")
        else:
            found = api.get(f"/api/requests/{identifier}", **({"wait": wait} if wait else {}))
        Console().print_json(data=found)
