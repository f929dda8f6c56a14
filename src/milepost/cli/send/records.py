"""Files into payloads: NDJSON, a JSON array, or delimited text, read as a stream of Records or BadRecords.

Takes a path and a Layout; refuses nothing as a whole: a line that cannot be read comes out as a BadRecord.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from milepost.domain.errors import InvalidInputError, OperatorError


class FileFormat(StrEnum):
    """auto looks at the file's name, then at its first character."""

    AUTO = "auto"
    NDJSON = "ndjson"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read a file and what to make of its members.

    `columns` names the columns of a delimited file without a header line; `delimiter` " " means any white space.
    `numbers` are columns to send as JSON numbers. `date_format` is strptime's, or None for Unix milliseconds and
    ISO 8601. `key_fields` make the idempotency key; none of them: the file's name, the record's place and content.
    """

    format: FileFormat = FileFormat.AUTO
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    date_field: str | None = None
    date_format: str | None = None
    time_zone: ZoneInfo | None = None
    key_fields: tuple[str, ...] = ()


class Record(NamedTuple):
    """One event: its number in the file (from 1) and the payload to send."""

    number: int
    payload: dict[str, Any]


class BadRecord(NamedTuple):
    """A record that never left: its number, why, and the text."""

    number: int
    reason: str
    text: str


def read_records(path: Path, layout: Layout) -> Iterator[Record | BadRecord]:
    """Every record of the file, in order, with eventDate and idempotencyKey set."""
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        file_format = _detect(path, file) if layout.format is FileFormat.AUTO else layout.format
        rows = {FileFormat.CSV: _delimited, FileFormat.JSON: _array, FileFormat.NDJSON: _lines}[file_format]
        for number, row in enumerate(rows(file, layout), 1):
            yield row if isinstance(row, BadRecord) else _finished(number, row, path.name, layout)


def _detect(path: Path, file: IO[str]) -> FileFormat:
    by_name = {
        ".csv": FileFormat.CSV,
        ".tsv": FileFormat.CSV,
        ".ndjson": FileFormat.NDJSON,
        ".jsonl": FileFormat.NDJSON,
    }
    if path.suffix.lower() in by_name:
        return by_name[path.suffix.lower()]
    start = file.read(4096).lstrip()[:1]
    file.seek(0)
    if start == "[":
        return FileFormat.JSON
    return FileFormat.NDJSON if start == "{" else FileFormat.CSV


def _lines(file: IO[str], _layout: Layout) -> Iterator[dict[str, Any] | BadRecord]:
    number = 0
    for line in file:
        if line.strip():
            number += 1
            yield _object(number, line)


def _array(file: IO[str], _layout: Layout) -> Iterator[dict[str, Any] | BadRecord]:
    try:
        items = orjson.loads(file.read().encode(errors="surrogateescape"))
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"The file is not a JSON array: {error}.") from None
    if not isinstance(items, list):
        raise InvalidInputError("The file holds one JSON value that is not an array of objects.")
    for number, item in enumerate(items, 1):
        yield item if isinstance(item, dict) else BadRecord(number, "is not a JSON object", repr(item)[:200])


def _delimited(file: IO[str], layout: Layout) -> Iterator[dict[str, Any] | BadRecord]:
    if layout.delimiter == " ":
        rows: Iterable[list[str]] = (line.split() for line in file)
    else:
        delimiter = "\t" if layout.delimiter in {"\\t", "tab"} else layout.delimiter
        rows = csv.reader(file, delimiter=delimiter)
    names = layout.columns
    number = 0
    for row in rows:
        if not any(row):
            continue
        if not names:
            names = tuple(name.strip() for name in row)
            continue
        number += 1
        if len(row) != len(names):
            yield BadRecord(number, f"has {len(row)} columns where {len(names)} are named", layout.delimiter.join(row))
        else:
            yield _typed(number, dict(zip(names, row, strict=True)), layout.numbers)


def _typed(number: int, row: dict[str, Any], numbers: frozenset[str]) -> dict[str, Any] | BadRecord:
    for name in numbers & row.keys():
        text = row[name].strip()
        if not text:
            del row[name]
            continue
        try:
            value = float(text)
        except ValueError:
            return BadRecord(number, f"{name} is not a number: {text!r}", repr(row)[:200])
        row[name] = int(text) if text.lstrip("+-").isdigit() else value
    return row


def _object(number: int, line: str) -> dict[str, Any] | BadRecord:
    try:
        value = orjson.loads(line.encode(errors="surrogateescape"))
    except orjson.JSONDecodeError as error:
        return BadRecord(number, f"is not JSON: {error}", line[:200])
    return value if isinstance(value, dict) else BadRecord(number, "is not a JSON object", line[:200])


def _finished(number: int, payload: dict[str, Any], file_name: str, layout: Layout) -> Record | BadRecord:
    if "idempotencyKey" not in payload or layout.key_fields:
        missing = [name for name in layout.key_fields if name not in payload]
        if missing:
            return BadRecord(number, f"lacks {', '.join(missing)}, which the idempotency key is made of", "")
        payload = payload | {"idempotencyKey": _key(number, payload, file_name, layout.key_fields)}
    if layout.date_field is not None:
        try:
            payload = payload | {"eventDate": _unix_ms(payload, layout)}
        except (ValueError, KeyError) as error:
            return BadRecord(number, f"{layout.date_field} gives no date: {error}", repr(payload)[:200])
    return Record(number, payload)


def _key(number: int, payload: Mapping[str, Any], file_name: str, fields: tuple[str, ...]) -> str:
    if fields:
        made_of: object = [payload[name] for name in fields]
    else:
        made_of = [file_name, number, payload]
    return sha256(orjson.dumps(made_of, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _unix_ms(payload: Mapping[str, Any], layout: Layout) -> int:
    assert layout.date_field is not None
    value = payload[layout.date_field]
    if layout.date_format is None and isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if layout.date_format is not None:
        instant = datetime.strptime(text, layout.date_format)  # noqa: DTZ007  # the zone is given below
    elif text.lstrip("-").isdigit() and len(text) >= 11:
        return int(text)
    else:
        instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=layout.time_zone or UTC)
    return round(instant.timestamp() * 1000)


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; OperatorError for none such."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise OperatorError(f"There is no time zone {name!r}; use a name such as Europe/Berlin.") from error
