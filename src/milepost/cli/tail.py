"""`milepost tail`: the event log as it grows."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors

_LOOK_SECONDS = 0.5
_COLOURS = {"processed": "green", "duplicate": "yellow", "parked": "red"}
_LONGEST_PAYLOAD = 160


def tail(
    *,
    data: Data = DEFAULT_DATA,
    connection_id: Annotated[str | None, typer.Option("--connection-id", help="Only of this connection.")] = None,
    event_key: Annotated[str | None, typer.Option(help="Only with this event key.")] = None,
    fate: Annotated[str | None, typer.Option(help="Only processed, duplicate or parked ones.")] = None,
    text: Annotated[str | None, typer.Option(help="Only with this text in the payload.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=500, help="Start with the latest so many.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per event, for programs.")] = False,
) -> None:
    """Show events with their fate, the newest last, as they come in."""
    with told_errors():
        api = Api(data)
        console = Console()
        query = {"connection_id": connection_id, "event_key": event_key, "fate": fate, "text": text}
        latest: list[dict[str, Any]] = api.get("/api/events", limit=max(lines, 1), **query)["items"]
        for event in reversed(latest[:lines]):
            _show(console, event, as_json=as_json)
        newest = latest[0]["id"] if latest else None
        while follow:
            time.sleep(_LOOK_SECONDS)
            for event in _newer(api, query, newest):
                _show(console, event, as_json=as_json)
                newest = event["id"]


def _newer(api: Api, query: dict[str, str | None], newest: str | None) -> list[dict[str, Any]]:
    """Events that came after that one, oldest first."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.get("/api/events", limit=500, cursor=cursor, **query)
        for event in page["items"]:
            if event["id"] == newest:
                return found[::-1]
            found.append(event)
        cursor = page["next"]
        if cursor is None:
            return found[::-1]


def _show(console: Console, event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.out(json.dumps(event), highlight=False)
        return
    payload = json.dumps(event["payload"], ensure_ascii=False)
    if len(payload) > _LONGEST_PAYLOAD:
        payload = payload[:_LONGEST_PAYLOAD] + "…"
    console.print(
        Text.assemble(
            (event["received_at"][11:23], "dim"),
            " ",
            (f"{event['fate']:<9}", _COLOURS.get(event["fate"], "")),
            " ",
            (event["event_key"], "bold"),
            " ",
            payload,
            " ",
            (event["id"], "dim"),
        ),
        soft_wrap=True,
    )
