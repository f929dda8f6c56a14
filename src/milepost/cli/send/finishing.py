"""A record that could be read becomes an event to send: its date and its idempotency key are set, the rest is as it is.

Refuses, as a BadRecord, what has no date where one is asked for, and what would share a key with records unlike it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from milepost.cli.send.dates import unix_ms
from milepost.cli.send.layout import BadRecord, Layout, RawRecord, Record
from milepost.cli.send.raw_json import exact, exact_number, with_members
from milepost.domain.errors import InvalidInputError
from milepost.kit.jsonio import MAX_DEPTH, strict_loads

KEY: Final = "idempotencyKey"
_NUMBER: Final = re.compile(r"([+-]?)0*(\d+|(?=\.\d))(?:\.(\d*))?([eE][+-]?\d+)?", re.ASCII)
_LONGEST_NUMBER: Final = 1000
"""Characters. A longer one is refused, as no reader makes a number of it."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MAX_DEPTH: Final = MAX_DEPTH - 2
"""The envelope of a batch is two levels itself."""


def record_of_json(raw: RawRecord, file_name: str, layout: Layout) -> Record | BadRecord:
    """The event of a JSON object, whose text is sent as it is."""
    raw = raw._replace(text=raw.text.strip(" \t\r\n"))
    if _SURROGATE.search(raw.text):
        return raw._replace(text=shown(raw.text)).bad(_NO_TEXT)
    try:
        payload = strict_loads(raw.text.encode())
    except InvalidInputError as error:
        reasons = (f"{one.path} {one.reason.removeprefix('is not valid JSON: ')}".strip() for one in error.faults)
        return raw.bad(f"is not JSON: {'; '.join(reasons)}")
    if _is_too_deep(raw.text, payload):
        return raw.bad(f"is not JSON that can be sent: it is nested deeper than {_MAX_DEPTH} levels")
    if not isinstance(payload, dict):
        return raw.bad("is not a JSON object")
    try:
        members = _members(raw.number, exact(raw.text, payload), file_name, layout)
    except ValueError as error:
        return raw.bad(str(error))
    written = {name: orjson.dumps(value).decode() for name, value in members.items()}
    return Record(*raw, body=with_members(raw.text, payload, written).encode())


def record_of_cells(raw: RawRecord, cells: Mapping[str, str], file_name: str, layout: Layout) -> Record | BadRecord:
    """The event of a row, whose cells are texts but for those of columns that are numbers."""
    if _SURROGATE.search(raw.text):
        return raw._replace(text=shown(raw.text)).bad(_NO_TEXT)
    if "\0" in raw.text:
        return raw.bad("holds a NUL character, which no text has: the file is damaged there")
    if not any(cell.strip() for cell in cells.values()):
        return raw.bad("has only empty cells")
    values: dict[str, Any] = dict(cells)
    written: dict[str, Any] = dict(cells)
    for name in layout.numbers:
        cell = cells[name].strip()
        if not cell:
            del values[name], written[name]
            continue
        digits = json_number(cell)
        if digits is None:
            return raw.bad(f"{name} is not a number: {cell[:100]!r}")
        values[name], written[name] = exact_number(digits), orjson.Fragment(digits)
    try:
        members = _members(raw.number, values, file_name, layout)
    except ValueError as error:
        return raw.bad(str(error))
    return Record(*raw, body=orjson.dumps(written | members))


def json_number(text: str) -> str | None:
    """The number as JSON writes it, every digit kept; None for what is none, or beyond what a double holds."""
    found = _NUMBER.fullmatch(text)
    if found is None or len(text) > _LONGEST_NUMBER:
        return None
    sign, whole, fraction, exponent = found.groups()
    digits = f"{sign.removeprefix('+')}{whole or '0'}{'.' + fraction if fraction else ''}{exponent or ''}"
    return digits if abs(float(digits)) != float("inf") else None


def shown(text: str) -> str:
    """The text with its broken parts visible, so that it can be written."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if text else text


_NO_TEXT: Final = "holds bytes that are not UTF-8, in a file that is UTF-8 elsewhere"


def _is_too_deep(text: str, payload: Any) -> bool:
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return False
    try:
        orjson.dumps([[payload]])
    except orjson.JSONEncodeError:
        return True
    return False


def _members(number: int, payload: Mapping[str, Any], file_name: str, layout: Layout) -> dict[str, Any]:
    """What is set; ValueError says why it cannot be."""
    members: dict[str, Any] = {}
    if layout.key_fields:
        members[KEY] = _hash([_part(payload, name) for name in layout.key_fields])
    elif payload.get(KEY) is None:
        own = {name: value for name, value in payload.items() if name != KEY}
        members[KEY] = _hash([file_name, number, own])
    elif isinstance(payload[KEY], str) and not payload[KEY].strip():
        raise ValueError(f"{KEY} is blank; records without one must not share it")
    if layout.date_field is not None:
        if layout.date_field not in payload:
            raise ValueError(f"{layout.date_field} gives no date: the record lacks it")
        try:
            members["eventDate"] = unix_ms(payload[layout.date_field], layout)
        except ValueError as error:
            raise ValueError(f"{layout.date_field} gives no date: {error}") from None
    return members


def _part(payload: Mapping[str, Any], name: str) -> Any:
    value = payload.get(name)
    if value is None or value in ([], {}) or (isinstance(value, str) and not value.strip()):
        how = "lacks" if name not in payload else "has a blank"
        raise ValueError(f"{how} {name}, which the idempotency key is made of")
    return value


def _hash(made_of: object) -> str:
    return sha256(orjson.dumps(made_of, option=orjson.OPT_SORT_KEYS)).hexdigest()
