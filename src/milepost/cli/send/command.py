"""`milepost send`: a file's records to a connection, as fast as they are acknowledged, resumable at any point."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors, trusting
from milepost.cli.send.layout import FileFormat, Layout, delimiter_sign, zone
from milepost.cli.send.poster import Target
from milepost.cli.send.preview import Survey, show, survey
from milepost.cli.send.records import look_at
from milepost.cli.send.resume import Resume
from milepost.cli.send.sending import Sending, Summary, send_all
from milepost.cli.send.target import Remote, local_target, remote_target
from milepost.domain.errors import MilepostError, OperatorError

_FATES_SECONDS = 60.0


def send(
    *,
    file: Annotated[Path, typer.Argument(help="NDJSON, a JSON array, or delimited text such as CSV.", exists=True)],
    connection: Annotated[
        str | None, typer.Option(help="Name or id of an event-handler connection in the data folder.")
    ] = None,
    event_key: Annotated[str, typer.Option(help="What kind of event the records are, such as purchases.")],
    data: Data = DEFAULT_DATA,
    url: Annotated[str | None, typer.Option(help="Send to this api listener instead of the local service.")] = None,
    client_id: Annotated[str | None, typer.Option(envvar="MILEPOST_CLIENT_ID", help="With --url.")] = None,
    client_secret: Annotated[
        str | None, typer.Option(envvar="MILEPOST_CLIENT_SECRET", help="With --url; best given as the variable.")
    ] = None,
    ca_file: Annotated[Path | None, typer.Option("--ca", help="With --url: a CA certificate to trust.")] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", help="How to read the file.")] = FileFormat.AUTO,
    delimiter: Annotated[
        str, typer.Option(help="Of delimited text: comma, semicolon, tab, pipe, any sign, or space for any blanks.")
    ] = "auto",
    encoding: Annotated[
        str | None,
        typer.Option(help="Of the text, such as windows-1252. [default: found out; UTF-8 and UTF-16 surely]"),
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Names a,b,c for a file without a header line.")] = None,
    numbers: Annotated[str | None, typer.Option(help="Columns a,b to send as numbers.")] = None,
    date_field: Annotated[str | None, typer.Option(help="Member that becomes eventDate (ISO 8601 or Unix ms).")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Its format if it is neither: seconds, or such as %Y%m%d.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of dates that do not say theirs.")] = "UTC",
    key_fields: Annotated[
        str | None,
        typer.Option(help="Members a,b that make the idempotency key. [default: file name, place and content]"),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Events per request.")] = 1000,
    tries: Annotated[int, typer.Option(min=1, help="Tries per batch while the server is away or says 5xx.")] = 12,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, not where a run was interrupted.")] = False,
    refused_file: Annotated[
        Path | None, typer.Option("--refused", help="Where to write refused records. [default: FILE.refused.ndjson]")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing, and send in spite of doubts about how the file is read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON, for programs.")] = False,
) -> None:
    """Send a file's records as events.

    It shows how the file is read, and asks on a terminal; elsewhere it goes on, unless it is in doubt. Each record gets
    an idempotency key, so sending a file again is harmless: repeats are recorded as duplicates. An interrupted run goes
    on where it was when the same command is given again. Example, for a file of purchases:

    milepost send purchases.csv --connection Shop --event-key purchases --date-field date --numbers amount
    """
    with told_errors():
        layout = Layout(
            format=file_format,
            delimiter=delimiter_sign(delimiter),
            encoding=encoding,
            columns=_names(columns),
            numbers=frozenset(_names(numbers)),
            date_field=date_field,
            date_format=date_format,
            time_zone=zone(time_zone),
            key_fields=_names(key_fields),
        )
        if url is not None:
            remote = Remote(url=url, client_id=client_id, client_secret=client_secret, ca_file=ca_file)
            target, trusted = remote_target(remote, event_key)
        else:
            target, trusted = local_target(data, connection, event_key)
        resume = Resume(_state_folder(data, url), _identity(file, target, layout))
        if restart:
            resume.forget()
        console = Console(stderr=True)
        found = look_at(file, layout)
        seen = survey(found, layout)
        show(console, found, seen)
        summary = Summary(records=seen.records, place=resume.place())
        if summary.place.done:
            told = f"Going on after record {summary.place.done}, where an earlier run was interrupted"
            console.print(f"{told} (--restart begins anew).")
        elif not yes:
            _agree(seen, connection or target.api_url)
        sending = Sending(
            file=found,
            total=seen.records,
            layout=layout,
            target=target,
            batch=batch,
            most_tries=tries,
            resume=resume,
        )
        ending = _Ending(
            console=console,
            data=None if url else data,
            refused_file=refused_file or _refused_file(file),
            as_json=as_json,
        )
        try:
            with httpx.Client(verify=trusting(str(trusted) if trusted else None), timeout=60) as client:
                send_all(sending, summary, client, console)
        except (MilepostError, KeyboardInterrupt):
            ending.tell(resume, summary)
            raise
        ending.tell(resume, summary)
        resume.forget()
    if summary.place.refused:
        raise typer.Exit(2)


def _agree(seen: Survey, to: str) -> None:
    """Ask on a terminal; elsewhere nobody can be asked, and a doubt ends the command before anything is sent."""
    if seen.records == seen.refused:
        return
    if sys.stdin.isatty() and sys.stderr.isatty():
        if not typer.confirm(f"Send {seen.records - seen.refused:,} records to {to}?", err=True):
            _stop("Nothing was sent.")
    elif seen.doubts:
        _stop(f"Nothing was sent, since it is not sure how to read the file. {seen.doubts[0]} Or say --yes.")


def _stop(told: str) -> NoReturn:
    raise OperatorError(told)


def _refused_file(file: Path) -> Path:
    return Path(f"{file.name}.refused.ndjson")


def _state_folder(data: Path, url: str | None) -> Path:
    """With the local service its data folder; else the user's state folder."""
    if url is None:
        return data.absolute() / "sends"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "milepost" / "sends"


def _identity(file: Path, target: Target, layout: Layout) -> str:
    """The same for the same sending: same file content length and time, same target, same layout."""
    stat = file.stat()
    about = [str(file.absolute()), stat.st_size, stat.st_mtime_ns, target.api_url, target.client_id, target.event_key]
    return sha256(repr([*about, layout]).encode()).hexdigest()[:32]


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _fates(data: Path, summary: Summary) -> dict[str, int] | None:
    """How many of the accepted events were new and how many repeats, once the reactor has them all."""
    if not summary.request_ids:
        return {}
    api = Api(data)
    until = time.monotonic() + _FATES_SECONDS
    while time.monotonic() < until:
        counts: dict[str, int] = {}
        for some in _chunks(summary.request_ids, 10_000):
            for fate, count in api.post("/api/requests/fates", {"request_ids": some}).items():
                counts[fate] = counts.get(fate, 0) + count
        if sum(counts.values()) >= summary.accepted_now:
            return counts
        time.sleep(0.2)
    return None


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """What a run leaves behind, whichever way it ends: the refused file, and what became of every record."""

    console: Console
    data: Path | None
    refused_file: Path
    as_json: bool

    def tell(self, resume: Resume, summary: Summary) -> None:
        """Write and print it; OperatorError where the refused records cannot be written, which loses none."""
        try:
            resume.write_refused(summary.place, self.refused_file)
        except OSError as error:
            raise OperatorError(
                f"{self.refused_file} cannot be written: {error.strerror}. Nothing is lost: give the same command"
                " again, with --refused and another file."
            ) from error
        fates = None if self.data is None or summary.left else _fates(self.data, summary)
        repeated = fates.get("duplicate", 0) if fates is not None else None
        if self.as_json:
            print(json.dumps(summary.told(repeated)))  # noqa: T201  # the command's result
            return
        self._print(summary, repeated)

    def _print(self, summary: Summary, repeated: int | None) -> None:
        refused = summary.place.refused
        rows = Table.grid(padding=(0, 2))
        rows.add_row("Records", f"{summary.records:,}")
        rows.add_row("Accepted", f"{summary.place.accepted:,}")
        rows.add_row("  of them repeats", "not known here; see the event log" if repeated is None else f"{repeated:,}")
        rows.add_row("Refused", f"{refused:,}" + (f", written to {escape(str(self.refused_file))}" if refused else ""))
        for bad in summary.examples:
            rows.add_row("", escape(f"record {bad.number}: {bad.reason}"))
        if summary.left:
            rows.add_row("Left", f"{summary.left:,}; the same command goes on with them")
        self.console.print(rows)
