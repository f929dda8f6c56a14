"""`milepost doctor`: examine a data folder, with the service up or down, and say what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milepost.cli.local import DEFAULT_DATA, Api, Data, require_data_folder, told_errors
from milepost.domain.errors import MilepostError
from milepost.domain.event_date import DateFlag
from milepost.kit.clock import system_clock, to_datetime
from milepost.operate.doctor import count_at_rest, examine
from milepost.operate.doubtful_dates import Doubtful, doubtful_at_rest
from milepost.operate.findings import Case, Finding, Level
from milepost.operate.lock import FolderTakenError, lock_folder
from milepost.operate.parts.repair import find_faults
from milepost.operate.parts.survey import survey_files
from milepost.settings import Settings

_MOST_UNJUDGED = 20
_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def doctor(
    *,
    data: Data = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for programs.")] = False,
) -> None:
    """Examine the data folder and the service on it; exit status 1 when there is a problem.

    Settings are those of the environment (MILEPOST_...), and of the running service where there is one.
    """
    with told_errors():
        settings = Settings.read({"data": data})
        require_data_folder(settings.data)
        findings = list(_findings(settings))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))  # noqa: T201  # the command's result
    else:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in findings:
            table.add_row(f"[{_COLOURS[finding.level]}]{finding.level}[/]", finding.subject, escape(finding.told))
        Console().print(table)
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise typer.Exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    try:
        lock = lock_folder(settings.data, patience_seconds=0)
    except FolderTakenError:
        yield from _of_service(settings)
        return
    try:
        yield Finding(level=Level.OK, subject="Service", told="it does not run")
        case = Case(
            settings=settings,
            is_running=False,
            find_faults=lambda: find_faults(settings),
            count_events=lambda: count_at_rest(settings),
            doubtful_dates=lambda since_ms: doubtful_at_rest(settings, since_ms),
            clock=system_clock,
        )
        yield from examine(case)
    finally:
        os.close(lock)


def _of_service(settings: Settings) -> Iterator[Finding]:
    api = Api(settings.data)
    try:
        state = api.ready()
        is_ready, told = state["ready"], "; ".join(state["reasons"]) or "it runs, and is ready"
    except MilepostError as error:
        is_ready, told = False, error.message
    yield Finding(level=Level.OK if is_ready else Level.PROBLEM, subject="Service", told=told)
    try:
        yield from _of_judging(api.get("/api/unjudged")["items"])
    except MilepostError as error:
        yield Finding(level=Level.PROBLEM, subject="Judging", told=f"This could not be checked: {error.message}")
    app_url, api_url = urlsplit(api.service.app_url), urlsplit(api.service.api_url)
    known = {"app_port": app_url.port, "api_port": api_url.port}
    tls = {} if api_url.scheme == "https" else {"tls": "off"}
    case = Case(
        settings=settings.model_copy(update=known | tls),
        is_running=True,
        find_faults=lambda: survey_files(settings),
        count_events=lambda: sum(api.get("/api/overview", metrics="false")["events"].values()),
        doubtful_dates=lambda since_ms: _doubtful_of_service(api, since_ms),
        clock=system_clock,
    )
    yield from examine(case)


def _of_judging(items: list[dict[str, Any]]) -> Iterator[Finding]:
    """What is set aside, by name: it holds up nobody else, but its states stay as they are."""
    for item in items[:_MOST_UNJUDGED]:
        subject = f"The metric {item['metric_name']!r}" if item["of"] == "metric" else f"{item['company_name']!r}"
        told = f"{subject} cannot be judged (companies: {item['companies']:,}): {item['reason']}"
        yield Finding(level=Level.WARNING, subject="Judging", told=told)
    if len(items) > _MOST_UNJUDGED:
        told = f"{len(items) - _MOST_UNJUDGED:,} more are in GET /api/unjudged"
        yield Finding(level=Level.WARNING, subject="Judging", told=told)
    if not items:
        yield Finding(level=Level.OK, subject="Judging", told="every plan can be judged")


def _doubtful_of_service(api: Api, since_ms: int) -> list[Doubtful]:
    found = api.get("/api/doubtful-dates", since=to_datetime(since_ms).isoformat())["items"]
    return [Doubtful(one["connection_id"], DateFlag(one["flag"]), one["events"]) for one in found]
