"""The loop of `milepost send`: records to receipts, with a progress bar, remembering what is acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from milepost.cli.send.poster import Poster, Target
from milepost.cli.send.records import BadRecord, Layout, Record, read_records
from milepost.cli.send.resume import Resume


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What to send, how, and where it is remembered how far it got."""

    file: Path
    layout: Layout
    target: Target
    batch: int
    most_tries: int
    resume: Resume


@dataclass(slots=True)
class Summary:
    """What a run comes to."""

    accepted: int = 0
    refused: list[BadRecord] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)


def send_all(sending: Sending, client: httpx.Client, console: Console) -> Summary:
    """Post every record beyond what an earlier run had acknowledged, in order, remembering each batch's end."""
    summary = Summary()
    done = sending.resume.done()
    if done:
        console.print(f"Going on after record {done}, where an earlier run was interrupted (--restart begins anew).")
    total = sum(1 for _ in read_records(sending.file, sending.layout))
    with _progress(console) as progress:
        task = progress.add_task("Sending", total=total, completed=done)

        def waiting(reason: str, seconds: float) -> None:
            progress.console.print(f"[yellow]{reason}; next try in {seconds:g} s[/]", highlight=False)

        poster = Poster(client, sending.target, most_tries=sending.most_tries, waiting=waiting)
        records = islice(read_records(sending.file, sending.layout), done, None)
        while group := list(islice(records, sending.batch)):
            receipt = poster.post([record for record in group if isinstance(record, Record)])
            summary.refused += [*(record for record in group if isinstance(record, BadRecord)), *receipt.refused]
            summary.accepted += receipt.accepted
            summary.request_ids += receipt.request_ids
            sending.resume.remember(group[-1].number)
            progress.update(task, advance=len(group))
    return summary


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
