"""Delimited text into rows of cells: takes lines; gives each row with the line it begins on and its own text.

Refuses with InvalidInputError what cannot be cut for sure: a quote that is never closed, text behind a closing one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from milepost.domain.errors import Fault, InvalidInputError

DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""By their names, in the order in which they are preferred where a file fits several."""

LARGEST_CELL: Final = 32 * 1024 * 1024
"""Characters. A longer one is a quote that is never closed, more often than not."""

# For the whole process, there is no other way.
csv.field_size_limit(LARGEST_CELL)

_SAMPLE_ROWS: Final = 50
_LINE_END: Final = re.compile("\r\n|\r|\n")


class Row(NamedTuple):
    """The line that it begins on, its cells, and what stands in the file."""

    line: int
    cells: list[str]
    text: str


class Delimiter(NamedTuple):
    """What cuts a file into cells, and what else might, as a sentence; None if nothing does."""

    sign: str
    doubt: str | None


def delimiter_name(sign: str) -> str:
    """What people call it."""
    return next((name for name, one in DELIMITERS.items() if one == sign), repr(sign))


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Every row but blank lines. Lines are counted as they end: by LF, CR LF or CR, those within quotes as well."""
    taken: list[str] = []

    def taking() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(taking(), delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(begins, "".join(taken), delimiter, str(error)) from error
        if len(taken) > 1 or taken[0].strip() or delimiter in taken[0]:
            yield Row(begins, cells, taken[0] if len(taken) == 1 else "".join(taken))
        begins += len(taken)
        taken.clear()


def find_delimiter(sample: Sequence[str], *, is_whole: bool, columns: int | None = None) -> Delimiter:
    """What cuts the sample's lines best: every row into as many cells as the first one, and that into the most.

    `columns` is how many there must be, where someone has said so. A sample that is not whole may end within quotes.
    """
    fits: list[tuple[float, int, str]] = []
    for sign in DELIMITERS.values():
        rows = _sample_rows(sample, sign, is_whole=is_whole)
        width = columns or (len(rows[0]) if rows else 0)
        if width > 1 and any(len(row) == width for row in rows):
            fits.append((sum(len(row) == width for row in rows) / len(rows), width, sign))
    if not fits:
        return Delimiter(",", None)
    best = max(fits, key=lambda fit: fit[:2])
    rivals = [sign for share, _, sign in fits if sign != best[2] and share == best[0]]
    if not rivals:
        return Delimiter(best[2], None)
    names = " or ".join(delimiter_name(sign) for sign in (best[2], *rivals))
    return Delimiter(best[2], f"every row can be cut at {names} alike")


def _sample_rows(sample: Sequence[str], delimiter: str, *, is_whole: bool) -> list[list[str]]:
    """Of rows that cannot be cut so, none; the last of a sample that breaks off does not count."""
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(sample, delimiter=delimiter, strict=True):
            if any(cell.strip() for cell in cells):
                rows.append(cells)
            if len(rows) == _SAMPLE_ROWS:
                return rows
    except csv.Error as error:
        if is_whole or "unexpected end" not in str(error):
            return rows if "unexpected end" in str(error) else []
    return rows


def _broken(begins: int, text: str, delimiter: str, error: str) -> InvalidInputError:
    opened, is_closed = _last_quote(text, delimiter)
    line = begins + len(_LINE_END.findall(text, 0, opened))
    name = delimiter_name(delimiter)
    if "field limit" in error:
        told = f"holds a cell of more than {LARGEST_CELL:,} characters; is a quote not closed?"
    elif is_closed:
        told = f"has text behind a closing quote; a quote within quotes is written twice: {error}"
    else:
        told = "opens a quote that is never closed"
    reason = f"is not {name}-separated text: it {told}"
    return InvalidInputError(f"Line {line} {reason}.", faults=(Fault(path=f"line {line}", reason=reason),))


def _last_quote(text: str, delimiter: str) -> tuple[int, bool]:
    """Where the last cell that can be read begins, and whether it is closed if it begins with a quote."""
    cell = re.compile(rf'"(?:[^"]|"")*+(")?+|[^{re.escape(delimiter)}\r\n]*+')
    place = 0
    while True:
        found = cell.match(text, place)
        assert found is not None
        if text[place : place + 1] == '"' and found[1] is None:
            return place, False
        behind = found.end()
        if text[place : place + 1] == '"' and text[behind : behind + 1] not in {delimiter, "\r", "\n", ""}:
            return place, True
        if behind >= len(text):
            return place, True
        place = behind + 1
