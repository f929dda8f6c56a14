"""What is said of a file before anything is sent: takes a first reading of all of it, gives counts, doubts and a table.

Refuses, with InvalidInputError, options that name members which no record has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milepost.cli.send.dates import is_more_likely_seconds
from milepost.cli.send.finishing import KEY
from milepost.cli.send.layout import ANY_BLANKS, BadRecord, FileFormat, Layout, Record
from milepost.cli.send.records import FoundFile, records_of, require_known
from milepost.kit.delimited import delimiter_name

_SHOWN_RECORDS: Final = 3
_SHOWN_MEMBERS: Final = 30
_LONGEST_VALUE: Final = 40
_LOOKED_AT: Final = 1000
_MOST_NAMES: Final = 1000


@dataclass(slots=True, kw_only=True)
class Survey:
    """What a file holds: how many records, how many of them cannot be sent, and the first ones."""

    records: int = 0
    refused: int = 0
    first: list[Record] = field(default_factory=list)
    first_refused: BadRecord | None = None
    doubts: tuple[str, ...] = ()


def survey(found: FoundFile, layout: Layout) -> Survey:
    """Read the file to its end, so that what makes it unreadable is known before anything is sent."""
    seen = Survey(doubts=found.doubts)
    names: dict[str, None] = {}
    wanted = set() if found.delimiter else {*layout.key_fields, *([layout.date_field] if layout.date_field else [])}
    seconds: Record | None = None
    for record in records_of(found, layout):
        seen.records += 1
        if isinstance(record, BadRecord):
            seen.refused += 1
            seen.first_refused = seen.first_refused or record
        elif len(seen.first) < _SHOWN_RECORDS:
            seen.first.append(record)
        if wanted:
            here = _names_of(record.text)
            names.update(dict.fromkeys(here if len(names) < _MOST_NAMES else ()))
            wanted.difference_update(here)
        if seconds is None and seen.records <= _LOOKED_AT and isinstance(record, Record):
            seconds = record if is_more_likely_seconds(record.payload.get("eventDate")) else None
    if names:
        require_known([name for name in layout.key_fields if name in wanted], names, "--key-fields")
        require_known([name for name in wanted if name == layout.date_field], names, "--date-field")
    if seconds is not None:
        seen.doubts += (_of_seconds(seconds),)
    return seen


def show(console: Console, found: FoundFile, seen: Survey) -> None:
    """What was found, the first records, and the doubts."""
    told = [_format(found), found.source.shown_encoding, f"{seen.records:,} records"]
    if found.source.packing:
        told.insert(0, f"packed with {found.source.packing}")
    console.print(f"{escape(found.file_name)}: {escape(', '.join(told))}", highlight=False, soft_wrap=True)
    if seen.first:
        console.print(_table(seen.first))
    if seen.first_refused is not None:
        bad = seen.first_refused
        sentence = (
            f"{seen.refused:,} cannot be sent, beginning with record {bad.number} (line {bad.line}): {bad.reason}"
        )
        console.print(f"[yellow]{escape(_printable(sentence))}[/]", highlight=False, soft_wrap=True)
    for doubt in seen.doubts:
        console.print(f"[bold yellow]Doubt:[/] {escape(_printable(doubt))}", highlight=False, soft_wrap=True)


def _format(found: FoundFile) -> str:
    if found.delimiter is None:
        return "a JSON array" if found.format is FileFormat.JSON else "NDJSON"
    cut = "any blanks" if found.delimiter == ANY_BLANKS else delimiter_name(found.delimiter)
    return f"delimited text, cut at {cut}, {len(found.columns)} columns"


def _table(records: list[Record]) -> Table:
    table = Table(box=None, padding=(0, 2), show_header=True, header_style="bold")
    payloads = [json.loads(record.body, parse_int=_Digits, parse_float=_Digits) for record in records]
    for head in ("member", "type", *(f"record {record.number}" for record in records)):
        table.add_column(head, overflow="ellipsis", no_wrap=True)
    names = list(dict.fromkeys(name for payload in payloads for name in payload if name != KEY))
    for name in names[:_SHOWN_MEMBERS]:
        types = dict.fromkeys(_type(payload[name]) for payload in payloads if name in payload)
        values = [_value(payload[name]) if name in payload else "" for payload in payloads]
        table.add_row(escape(_printable(name)), " or ".join(types), *values)
    if len(names) > _SHOWN_MEMBERS:
        table.add_row("…", f"{len(names) - _SHOWN_MEMBERS} more")
    return table


class _Digits(str):
    """A number as it is written."""

    __slots__ = ()


def _type(value: Any) -> str:
    names = {str: "text", bool: "boolean", _Digits: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _value(value: Any) -> str:
    text = str(value) if isinstance(value, _Digits) else json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
    return escape(_printable(short))


def _printable(text: str) -> str:
    """Nothing that a terminal would act upon."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def _names_of(text: str) -> list[str]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return list(value) if isinstance(value, dict) else []


def _of_seconds(record: Record) -> str:
    return (
        f"eventDate of record {record.number} is {record.payload['eventDate']}: seconds, it seems, where milliseconds"
        " count. --date-field eventDate --date-format seconds sends them right."
    )
