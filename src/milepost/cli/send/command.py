"""`milepost send`: a file's records to a connection, as fast as they are acknowledged, resumable at any point."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from milepost.cli.local import DEFAULT_DATA, Api, Data, told_errors, trusting
from milepost.cli.send.poster import Target
from milepost.cli.send.records import BadRecord, FileFormat, Layout, zone
from milepost.cli.send.resume import Resume
from milepost.cli.send.sending import Sending, Summary, send_all
from milepost.cli.send.target import Remote, local_target, remote_target

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
    delimiter: Annotated[str, typer.Option(help="Of delimited text; 'tab', or 'space' for any blanks.")] = ",",
    columns: Annotated[str | None, typer.Option(help="Names a,b,c for a file without a header line.")] = None,
    numbers: Annotated[str | None, typer.Option(help="Columns a,b to send as numbers.")] = None,
    date_field: Annotated[str | None, typer.Option(help="Member that becomes eventDate (ISO 8601 or Unix ms).")] = None,
    date_format: Annotated[str | None, typer.Option(help="Its format if it is neither, such as %Y%m%d.")] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON, for programs.")] = False,
) -> None:
    """Send a file's records as events.

    Each gets an idempotency key, so sending a file again is harmless: repeats are recorded as duplicates. An
    interrupted run goes on where it was when the same command is given again. Example, for a file of purchases:

    milepost send purchases.csv --connection Shop --event-key purchases --date-field date --numbers amount
    """
    with told_errors():
        layout = Layout(
            format=file_format,
            delimiter={"space": " ", "tab": "\t"}.get(delimiter, delimiter),
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
        sending = Sending(file=file, layout=layout, target=target, batch=batch, most_tries=tries, resume=resume)
        console = Console(stderr=True)
        with httpx.Client(verify=trusting(str(trusted) if trusted else None), timeout=60) as client:
            summary = send_all(sending, client, console)
        bad_path = refused_file or Path(f"{file.name}.refused.ndjson")
        _write_refused(bad_path, summary.refused)
        fates = None if url else _fates(data, summary)
        _tell(console, summary, fates, bad_path, as_json=as_json)
        resume.forget()
    if summary.refused:
        raise typer.Exit(2)


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


def _write_refused(path: Path, refused: list[BadRecord]) -> None:
    if refused:
        lines = (json.dumps({"record": bad.number, "reason": bad.reason, "text": bad.text}) for bad in refused)
        path.write_text("\n".join(lines) + "\n")


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
        if sum(counts.values()) >= summary.accepted:
            return counts
        time.sleep(0.2)
    return None


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _tell(console: Console, summary: Summary, fates: dict[str, int] | None, bad_path: Path, *, as_json: bool) -> None:
    repeated = fates.get("duplicate", 0) if fates is not None else None
    if as_json:
        told: dict[str, Any] = {"accepted": summary.accepted, "repeated": repeated, "refused": len(summary.refused)}
        print(json.dumps(told))  # noqa: T201  # the command's result
        return
    rows = Table.grid(padding=(0, 2))
    rows.add_row("Accepted", f"{summary.accepted:,}")
    rows.add_row("  of them repeats", "not known here; see the event log" if repeated is None else f"{repeated:,}")
    rows.add_row("Refused", f"{len(summary.refused):,}" + (f", written to {bad_path}" if summary.refused else ""))
    for bad in summary.refused[:5]:
        rows.add_row("", f"record {bad.number}: {bad.reason}")
    console.print(rows)
