"""`milepost tail`: the event log, or what signals emit, as it grows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from milepost.cli.feeds import feed_query
from milepost.cli.follow import follow as follow_stream
from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors
from milepost.domain.errors import OperatorError

_COLOURS = {"processed": "green", "duplicate": "yellow", "parked": "red"}
_LONGEST_PAYLOAD = 160


def tail(
    *,
    data: Data = DEFAULT_DATA,
    connection_id: Annotated[str | None, typer.Option("--connection-id", help="Only of this connection.")] = None,
    event_key: Annotated[str | None, typer.Option(help="Only with this event key.")] = None,
    fate: Annotated[str | None, typer.Option(help="Only processed, duplicate or parked ones.")] = None,
    date_flag: Annotated[
        str | None, typer.Option(help="Only with this doubt about the date, such as in_seconds; or any.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Only with this text in the payload.")] = None,
    signal: Annotated[str | None, typer.Option(help="What this signal emits, by its name, instead of events.")] = None,
    company: Annotated[str | None, typer.Option(help="What signals emit for this company, by name or key.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=500, help="Start with the latest so many.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C, also through restarts of the service.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per event, for programs.")] = False,
) -> None:
    """Show events with their fate, the newest last, as they come in; or what signals emit."""
    with told_errors():
        api = Api(data)
        is_feed = signal is not None or company is not None
        door, show = ("/api/feeds", _row_line) if is_feed else ("/api/events", _event_line)
        of_events = {"connection_id": connection_id, "event_key": event_key, "fate": fate, "text": text}
        of_events["date_flag"] = date_flag
        if is_feed and any(of_events.values()):
            raise OperatorError("--signal and --company show what signals emit, which no option about events narrows.")
        query = {**feed_query(api, signal, company), "by": "arrival"} if is_feed else of_events
        console = Console()
        if follow:
            for one in follow_stream(data, f"{door}/live", {**query, "last": lines}, lost=_tell_lost):
                _show(console, one, show, as_json=as_json)
            return
        latest: list[dict[str, Any]] = api.get(door, limit=max(lines, 1), **query)["items"]
        for one in reversed(latest[:lines]):
            _show(console, one, show, as_json=as_json)


def _tell_lost(reason: str, seconds: float) -> None:
    Console(stderr=True).print(
        f"The connection is lost ({reason}); trying again in {seconds:g} seconds.", highlight=False, soft_wrap=True
    )


def _show(console: Console, one: dict[str, Any], line: Callable[[dict[str, Any]], Text], *, as_json: bool) -> None:
    if as_json:
        console.out(json.dumps(one), highlight=False)
    else:
        console.print(line(one), soft_wrap=True)


def _event_line(event: dict[str, Any]) -> Text:
    return Text.assemble(
        (event["received_at"][11:23], "dim"),
        " ",
        (f"{event['fate']:<9}", _COLOURS.get(event["fate"], "")),
        " ",
        (event["event_key"], "bold"),
        " ",
        _short(event["payload"]),
        " ",
        (_doubts(event), "yellow"),
        (event["id"], "dim"),
    )


def _doubts(event: dict[str, Any]) -> str:
    """What is doubtful about the date, and the date, which is far from the time of arrival."""
    return f"{event['event_date']} {' '.join(event['date_flags'])} " if event["date_flags"] else ""


def _row_line(row: dict[str, Any]) -> Text:
    return Text.assemble(
        (row["event_date"], "dim"),
        " ",
        (row["company_name"] or row["company_id"], "green"),
        " ",
        (row["signal_name"], "bold"),
        " ",
        _short(row["fields"]),
        " ",
        (row["event_id"], "dim"),
    )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_PAYLOAD else text[:_LONGEST_PAYLOAD] + "…"
