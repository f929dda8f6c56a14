"""`milepost status`: how the service is, what came in, and how the companies fare."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors
from milepost.domain.milestone import MilestoneState
from milepost.domain.outcome import OutcomeState


def status(
    *,
    data: Data = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for programs.")] = False,
) -> None:
    """Show readiness, events by fate, and per metric, milestone and outcome how many companies are where."""
    with told_errors():
        api = Api(data)
        overview: dict[str, Any] = api.get("/api/overview")
        overview["ready"] = api.ready()
        if as_json:
            print(json.dumps(overview))  # noqa: T201  # the command's result
            return
        console = Console()
        _tell_service(console, overview)
        _tell_metrics(console, overview["metrics"])
        _tell_states(console, "Milestone", overview["milestones"], [state.value for state in MilestoneState])
        _tell_states(console, "Outcome", overview["outcomes"], [state.value for state in OutcomeState])


def _tell_service(console: Console, overview: dict[str, Any]) -> None:
    ready = overview["ready"]
    state = "[green]ready[/]" if ready["ready"] else f"[red]not ready[/]: {'; '.join(ready['reasons'])}"
    lag = ready["lag_entries"]
    console.print(f"Service   {state}, {lag if lag is not None else '?'} requests waiting to be processed")
    metrics, companies = ready.get("unjudged_metrics", 0), ready.get("unjudged_companies", 0)
    if metrics or companies:
        console.print(
            f"Judging   [yellow]set aside[/]: metrics {metrics:,}, companies {companies:,}; milepost doctor says why"
        )
    fates = overview["events"]
    console.print(
        f"Events    {fates['processed']:,} processed, {fates['duplicate']:,} repeats, {fates['parked']:,} parked"
    )
    counts = {name: f"{overview['counts'][name]:,}" for name in ("connections", "signals", "companies")}
    console.print("Defined   " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def _tell_metrics(console: Console, metrics: list[dict[str, Any]]) -> None:
    if not metrics:
        return
    table = Table("Metric", "companies", "lowest", "median", "highest")
    for metric in metrics:
        spread = [f"{metric[part]:,.6g} {metric['unit']}".strip() for part in ("lowest", "median", "highest")]
        table.add_row(metric["name"], f"{metric['companies']:,}", *spread)
    console.print(table)


def _tell_states(console: Console, kind: str, subjects: list[dict[str, Any]], states: list[str]) -> None:
    if not subjects:
        return
    table = Table(kind, *(state.replace("_", " ") for state in states))
    for subject in subjects:
        table.add_row(subject["name"], *(f"{subject['states'].get(state, 0):,}" for state in states))
    console.print(table)
