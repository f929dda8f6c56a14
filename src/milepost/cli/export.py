"""`milepost export`: what signals emitted, as a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from milepost.cli.feeds import feed_query
from milepost.cli.local import DEFAULT_DATA, Api, Data, refuse, told_errors
from milepost.domain.errors import OperatorError

_SECONDS: Final = 600


class FileFormat(StrEnum):
    """What the service writes."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


def export(
    *,
    data: Data = DEFAULT_DATA,
    signal: Annotated[str | None, typer.Option(help="Only of this signal, by its name.")] = None,
    company: Annotated[str | None, typer.Option(help="Only of this company, by its name or a key.")] = None,
    since: Annotated[str | None, typer.Option(help="Dated at or after, as 2026-01-31T00:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Dated before.")] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", help="What to write.")] = FileFormat.CSV,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin a CSV with a byte order mark, so that Excel reads it as UTF-8.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; standard output if none.")] = None,
) -> None:
    """Write what signals emitted into a file.

    For Excel, give --bom: it takes a CSV without a byte order mark for another encoding. A file that could not be
    finished is not left behind.
    """
    with told_errors():
        api = Api(data)
        span = {"since": since, "until": until}
        query = {**feed_query(api, signal, company), **span, "format": file_format.value, "bom": bom or None}
        if output is None:
            for piece in _pieces(api, query):
                sys.stdout.buffer.write(piece)
            return
        part = output.with_name(f"{output.name}.part")
        try:
            with part.open("wb") as file:
                for piece in _pieces(api, query):
                    file.write(piece)
            part.replace(output)
        except OSError as error:
            raise OperatorError(f"{output} cannot be written: {error}.") from error
        finally:
            part.unlink(missing_ok=True)


def _pieces(api: Api, query: dict[str, Any]) -> Iterator[bytes]:
    try:
        with api.stream("/api/feeds/export", headers={}, seconds=_SECONDS, **query) as answer:
            if answer.is_error:
                answer.read()
                refuse(answer)
            yield from answer.iter_bytes()
    except httpx.TransportError as error:
        raise OperatorError(f"The export broke off: {error}.") from error
