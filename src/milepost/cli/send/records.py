"""Files into events to send: NDJSON, a JSON array, or delimited text, as a stream of Records or BadRecords.

Takes a path and a Layout. Refuses with InvalidInputError a file that cannot be told apart as a whole; a record that
cannot be read comes out as a BadRecord.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from milepost.cli.send.finishing import record_of_cells, record_of_json, shown
from milepost.cli.send.layout import ANY_BLANKS, BadRecord, FileFormat, Layout, RawRecord, Record
from milepost.cli.send.raw_json import array_items
from milepost.domain.errors import InvalidInputError
from milepost.kit.delimited import Row, delimiter_name, find_delimiter, read_rows
from milepost.kit.text_source import TextSource, text_of_file

_BY_NAME: Final = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".tab": FileFormat.CSV,
    ".psv": FileFormat.CSV,
    ".ndjson": FileFormat.NDJSON,
    ".jsonl": FileFormat.NDJSON,
}
_TAB_BY_NAME: Final = frozenset({".tsv", ".tab"})
_SAMPLE_LINES: Final = 200
_SAMPLE_CHARACTERS: Final = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """What a file turned out to be. `doubts` say what it might be instead; `delimiter` is None for JSON."""

    source: TextSource
    file_name: str
    format: FileFormat
    delimiter: str | None
    columns: tuple[str, ...]
    doubts: tuple[str, ...]


def read_records(path: Path, layout: Layout) -> Iterator[Record | BadRecord]:
    """Every record of the file, in order, with eventDate and idempotencyKey set."""
    return records_of(look_at(path, layout), layout)


def look_at(path: Path, layout: Layout) -> FoundFile:
    """Find out what is not said: packing, encoding, format, delimiter and columns."""
    source = text_of_file(path, encoding=layout.encoding)
    doubts: list[str] = []
    if source.guess is not None:
        doubts.append(
            f"The encoding is taken for {source.shown_encoding}: {source.guess}."
            f" If that is right, say --encoding {source.shown_encoding.lower()}."
        )
    suffix = Path(source.name).suffix.lower()
    start = _first_character(source)
    file_format = layout.format if layout.format is not FileFormat.AUTO else _BY_NAME.get(suffix) or _by_start(start)
    if file_format is not FileFormat.CSV:
        _refuse_options_of_delimited(layout, file_format)
        return FoundFile(
            source=source, file_name=path.name, format=file_format, delimiter=None, columns=(), doubts=tuple(doubts)
        )
    if layout.format is FileFormat.AUTO and start in {"{", "["}:
        doubts.append(
            f"The file's name says delimited text, and it begins with {start} as JSON does: give the --format."
        )
    delimiter = _delimiter(source, suffix, layout, doubts)
    return FoundFile(
        source=source,
        file_name=path.name,
        format=file_format,
        delimiter=delimiter,
        columns=_columns(source, delimiter, layout),
        doubts=tuple(doubts),
    )


def records_of(found: FoundFile, layout: Layout) -> Iterator[Record | BadRecord]:
    """See `read_records`."""
    if found.delimiter is not None:
        yield from _of_rows(found, found.delimiter, layout)
        return
    with found.source.lines() as text:
        items = array_items(text.read()) if found.format is FileFormat.JSON else _lines(text)
        for number, (line, item) in enumerate(items, 1):
            yield record_of_json(RawRecord(number, line, item), found.file_name, layout)


def require_known(wanted: Collection[str], known: Iterable[str], option: str) -> None:
    """InvalidInputError for the first name that is no column, with the columns there are."""
    there = list(known)
    for name in wanted:
        if name not in there:
            close = difflib.get_close_matches(name, there, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise InvalidInputError(
                f"{option} names {name!r}, which the file does not have. It has: {', '.join(there[:50])}.{hint}"
            )


def _first_character(source: TextSource) -> str:
    with source.lines() as text:
        return text.read(4096).lstrip("\ufeff \t\r\n")[:1]


def _by_start(start: str) -> FileFormat:
    return {"[": FileFormat.JSON, "{": FileFormat.NDJSON}.get(start, FileFormat.CSV)


def _refuse_options_of_delimited(layout: Layout, file_format: FileFormat) -> None:
    given = {"--columns": layout.columns, "--numbers": layout.numbers, "--delimiter": layout.delimiter}
    for option, value in given.items():
        if value:
            raise InvalidInputError(
                f"{option} is for delimited text, and the file is read as {file_format.value}; --format says otherwise."
            )


def _delimiter(source: TextSource, suffix: str, layout: Layout, doubts: list[str]) -> str:
    said = layout.delimiter or ("\t" if suffix in _TAB_BY_NAME else None)
    if said == ANY_BLANKS:
        return said
    with source.lines() as text:
        sample = list(_sample(text))
        is_whole = not text.readline()
    found = find_delimiter(sample, is_whole=is_whole, columns=len(layout.columns) or None)
    if said is None:
        if found.doubt is not None:
            doubts.append(
                f"It is taken for {delimiter_name(found.sign)}-separated text: {found.doubt}. Say --delimiter."
            )
        return found.sign
    first = next(iter(sample), "")
    if said not in first and found.sign != said and found.sign in first:
        doubts.append(
            f"Cut at {delimiter_name(said)}, the first line is one column; {delimiter_name(found.sign)} would cut it."
        )
    return said


def _sample(lines: Iterable[str]) -> Iterator[str]:
    characters = 0
    for line in islice(lines, _SAMPLE_LINES):
        yield line
        characters += len(line)
        if characters > _SAMPLE_CHARACTERS:
            return


def _columns(source: TextSource, delimiter: str, layout: Layout) -> tuple[str, ...]:
    names = layout.columns
    if not names:
        with source.lines() as text:
            names = next((tuple(name.strip() for name in row.cells) for row in _rows(text, delimiter)), ())
    for place, name in enumerate(names, 1):
        where = "--columns" if layout.columns else "The header"
        if not name:
            raise InvalidInputError(f"{where} gives column {place} no name. The names are: {', '.join(names)}.")
        if name in names[: place - 1]:
            raise InvalidInputError(f"{where} has {name!r} twice; only one of them could be sent.")
        if shown(name) != name or "\0" in name:
            raise InvalidInputError(f"{where} gives column {place} a name that is no text: {shown(name)!r}.")
    if names:
        _require_columns(names, layout)
    return names


def _require_columns(names: tuple[str, ...], layout: Layout) -> None:
    require_known(sorted(layout.numbers), names, "--numbers")
    require_known(layout.key_fields, names, "--key-fields")
    require_known([layout.date_field] if layout.date_field else [], names, "--date-field")


def _of_rows(found: FoundFile, delimiter: str, layout: Layout) -> Iterator[Record | BadRecord]:
    names = found.columns
    number = 0
    with found.source.lines() as text:
        for place, row in enumerate(_rows(text, delimiter)):
            if place == 0 and not layout.columns:
                continue
            number += 1
            as_it_is = row.text.rstrip("\r\n")
            if len(row.cells) != len(names):
                reason = f"has {len(row.cells)} columns where {len(names)} are named"
                yield BadRecord(number, row.line, reason, shown(as_it_is))
                continue
            cells = dict(zip(names, row.cells, strict=True))
            yield record_of_cells(RawRecord(number, row.line, as_it_is), cells, found.file_name, layout)


def _rows(text: Iterable[str], delimiter: str) -> Iterator[Row]:
    if delimiter != ANY_BLANKS:
        return read_rows(text, delimiter)
    return (Row(line, words, one) for line, one in enumerate(text, 1) if (words := one.split()))


def _lines(text: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((line, one) for line, one in enumerate(text, 1) if one.strip())
