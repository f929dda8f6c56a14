"""How a file is read, and what comes out of it: a Record per event to send, or a BadRecord with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from milepost.domain.errors import OperatorError
from milepost.kit.delimited import DELIMITERS

ANY_BLANKS = " "
"""The delimiter that stands for any run of blanks."""


class FileFormat(StrEnum):
    """auto looks at the file's name, then at its first character."""

    AUTO = "auto"
    NDJSON = "ndjson"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read a file and what to make of its members.

    `columns` names the columns of a delimited file without a header line. `delimiter` and `encoding` of None are found
    out. `numbers` are columns to send as JSON numbers. `date_format` is strptime's, or SECONDS or MILLISECONDS, or None
    for Unix milliseconds and ISO 8601. `key_fields` make the idempotency key; none of them: the file's name, the
    record's place and content.
    """

    format: FileFormat = FileFormat.AUTO
    delimiter: str | None = None
    encoding: str | None = None
    columns: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    date_field: str | None = None
    date_format: str | None = None
    time_zone: ZoneInfo | None = None
    key_fields: tuple[str, ...] = ()


class RawRecord(NamedTuple):
    """A record as it stands in the file: its number (from 1), the line it begins on, and its text."""

    number: int
    line: int
    text: str

    def bad(self, reason: str) -> BadRecord:
        """It cannot be sent."""
        return BadRecord(self.number, self.line, reason, self.text)


class Record(NamedTuple):
    """One event: its number in the file (from 1), the line it begins on, what stands in the file, and what to send."""

    number: int
    line: int
    text: str
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """What is sent, as values."""
        value: dict[str, Any] = orjson.loads(self.body)
        return value


class BadRecord(NamedTuple):
    """A record that is not accepted: its number, the line it begins on, why, and what stands in the file."""

    number: int
    line: int
    reason: str
    text: str


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; OperatorError for none such."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise OperatorError(f"There is no time zone {name!r}; use a name such as Europe/Berlin.") from error


def delimiter_sign(said: str) -> str | None:
    """The sign of --delimiter, or None for auto; OperatorError for what cannot be one."""
    sign = {**DELIMITERS, "\\t": "\t", "space": ANY_BLANKS}.get(said, said)
    if said == "auto":
        return None
    if len(sign) != 1 or sign in '"\r\n\0':
        raise OperatorError(f"A delimiter is one character, or {', '.join(DELIMITERS)} or space; not {said!r}.")
    return sign
