"""A delimited file's bytes into rows of companies: names, keys and attributes, by what its header says.

Refuses what cannot be read as a whole with InvalidInputError; a row that does not fit comes out with its fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import BaseModel

from milepost.domain.company import LONGEST_KEY_SPACE, META_KEY, CompanyKey, attribute_faults
from milepost.domain.errors import Fault, InvalidInputError
from milepost.kit.delimited import Row, find_delimiter, read_rows
from milepost.kit.text_source import text_of_bytes

LARGEST_FILE_BYTES: Final = 32 * 1024 * 1024
"""A larger one is not taken, nor one that expands to more."""

_SAMPLE_LINES: Final = 200
_KEY, _ATTRIBUTE = "key:", "attribute:"


class Meaning(StrEnum):
    """What a column holds."""

    NAME = "name"
    KEY = "key"
    ATTRIBUTE = "attribute"


class Column(BaseModel):
    """A column, as its header calls it: the name, keys of the space `of`, or the attribute `of`."""

    header: str
    meaning: Meaning
    of: str


class FileRow(NamedTuple):
    """A row: the line of the file it begins on, what it says (empty cells say nothing), or why it cannot be read."""

    line: int
    name: str = ""
    keys: tuple[CompanyKey, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    fault: str | None = None


class CompanyFile:
    """A file that has been decoded, with its delimiter and its columns."""

    def __init__(self, content: bytes, key_spaces: Collection[str]) -> None:
        self._lines = _decoded(content)
        sample = self._lines[:_SAMPLE_LINES]
        self.delimiter = find_delimiter(sample, is_whole=len(sample) == len(self._lines)).sign
        header = next(self.records(), (1, []))[1]
        self.columns = _columns(header, key_spaces)

    def rows(self) -> Iterator[FileRow]:
        """Every row below the header; blank lines are none."""
        rows = self._rows()
        next(rows)
        for row in rows:
            if "\0" in row.text:
                yield FileRow(row.line, fault="holds a NUL character, which no text has: the file is damaged there")
            else:
                yield self._row(row.line, [cell.strip() for cell in row.cells])

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The header, then every row, as cells with the line that they begin on."""
        return ((row.line, row.cells) for row in self._rows())

    def _rows(self) -> Iterator[Row]:
        return read_rows(self._lines, self.delimiter)

    def _row(self, line: int, cells: Sequence[str]) -> FileRow:
        if any(cells[len(self.columns) :]):
            fault = f"has {len(cells)} cells, and the header names {len(self.columns)} columns"
            return FileRow(line, fault=fault)
        said = [(column, cell) for column, cell in zip(self.columns, cells, strict=False) if cell]
        return FileRow(
            line,
            name=next((cell for column, cell in said if column.meaning is Meaning.NAME), ""),
            keys=tuple(CompanyKey(key_space=one.of, value=cell) for one, cell in said if one.meaning is Meaning.KEY),
            attributes=tuple((one.of, cell) for one, cell in said if one.meaning is Meaning.ATTRIBUTE),
        )


def _decoded(content: bytes) -> list[str]:
    """The lines. Nobody can be asked here, so a guess at the encoding is refused."""
    source = text_of_bytes(content, most_bytes=LARGEST_FILE_BYTES)
    if source.guess is not None or source.not_utf8_line is not None:
        path = f"line {source.not_utf8_line or 1}"
        raise _unreadable(path, "is not UTF-8 text; save the file as CSV in UTF-8")
    with source.lines() as lines:
        return list(lines)


def _columns(header: Sequence[str], key_spaces: Collection[str]) -> tuple[Column, ...]:
    columns = tuple(_column(cell.strip(), key_spaces) for cell in header)
    faults = [
        Fault(path=f"column {place}", reason=reason)
        for place, column in enumerate(columns, start=1)
        if (reason := _misfit(column, columns[: place - 1])) is not None
    ]
    if not faults and all(column.meaning is Meaning.ATTRIBUTE for column in columns):
        reason = f"names no column by which companies are known: name, {META_KEY}, or {_KEY} with a key space"
        faults = [Fault(path="header", reason=reason)]
    if faults:
        raise InvalidInputError("The file's header is not valid.", faults=tuple(faults[:20]))
    return columns


def _column(header: str, key_spaces: Collection[str]) -> Column:
    lowered = header.lower()
    if lowered == "name":
        return Column(header=header, meaning=Meaning.NAME, of="name")
    if lowered == META_KEY.lower():
        return Column(header=header, meaning=Meaning.KEY, of=META_KEY)
    if lowered.startswith(_KEY):
        return Column(header=header, meaning=Meaning.KEY, of=header[len(_KEY) :].strip())
    if lowered.startswith(_ATTRIBUTE):
        return Column(header=header, meaning=Meaning.ATTRIBUTE, of=header[len(_ATTRIBUTE) :].strip())
    if header in key_spaces:
        return Column(header=header, meaning=Meaning.KEY, of=header)
    return Column(header=header, meaning=Meaning.ATTRIBUTE, of=header)


def _misfit(column: Column, before: Sequence[Column]) -> str | None:
    if not column.header:
        return "has no name"
    if any((column.meaning, column.of) == (one.meaning, one.of) for one in before):
        return f"{column.header!r} means the same as a column before it"
    if column.meaning is Meaning.KEY and not 0 < len(column.of) <= LONGEST_KEY_SPACE:
        return f"a key space has 1 to {LONGEST_KEY_SPACE} characters"
    if column.meaning is Meaning.ATTRIBUTE:
        return next((fault.reason for fault in attribute_faults({column.of: ""})), None)
    return None


def _unreadable(path: str, reason: str) -> InvalidInputError:
    return InvalidInputError("The file cannot be read.", faults=(Fault(path=path, reason=reason),))
