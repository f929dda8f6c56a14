"""The loop of `milepost send`: records to receipts, with a progress bar, remembering what is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from milepost.cli.send.layout import BadRecord, Layout, Record
from milepost.cli.send.poster import Poster, Target
from milepost.cli.send.records import FoundFile, records_of
from milepost.cli.send.resume import Place, Resume
from milepost.domain.errors import OperatorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What to send, of how many records, and where it is remembered how far it got."""

    file: FoundFile
    total: int
    layout: Layout
    target: Target
    batch: int
    most_tries: int
    resume: Resume


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a sending has come to: accepted + refused + left = records. `accepted_now` and the ids are of this run."""

    records: int
    place: Place
    accepted_now: int = 0
    request_ids: list[str] = field(default_factory=list)
    examples: list[BadRecord] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Records that were not dealt with."""
        return self.records - self.place.done

    def told(self, repeated: int | None) -> dict[str, int | None]:
        """For programs."""
        counted = {"accepted": self.place.accepted, "repeated": repeated, "refused": self.place.refused}
        return {**counted, "left": self.left, "records": self.records}


def send_all(sending: Sending, summary: Summary, client: httpx.Client, console: Console) -> None:
    """Post every record behind the summary's place, in order, remembering each batch's end there and on disk."""
    with _progress(console) as progress:
        task = progress.add_task("Sending", total=sending.total, completed=summary.place.done)

        def waiting(reason: str, seconds: float) -> None:
            progress.console.print(f"[yellow]{reason}; next try in {seconds:g} s[/]", highlight=False)

        poster = Poster(client, sending.target, most_tries=sending.most_tries, waiting=waiting)
        records = islice(records_of(sending.file, sending.layout), summary.place.done, sending.total)
        while group := list(islice(records, sending.batch)):
            _send(group, poster, sending.resume, summary)
            progress.update(task, completed=summary.place.done)
    if summary.left:
        raise OperatorError("The file became shorter while it was sent; send what it holds now with --restart.")


def _send(group: Iterable[Record | BadRecord], poster: Poster, resume: Resume, summary: Summary) -> None:
    receipt = poster.post([record for record in group if isinstance(record, Record)])
    refused = sorted([*(record for record in group if isinstance(record, BadRecord)), *receipt.refused])
    summary.place = resume.remember(summary.place, accepted=receipt.accepted, refused=refused)
    summary.accepted_now += receipt.accepted
    summary.request_ids += receipt.request_ids
    summary.examples = [*summary.examples, *refused][:5]


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
