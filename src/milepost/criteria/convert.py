"""Takes a value as msgspec decodes it from a payload, gives it as a field's type has it, or None.

None is "missing": no such member, null, or not convertible. The rules are in SEMANTICS.md; never raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from milepost.domain.criterion import FieldType
from milepost.kit.clock import to_unix_ms

DAY_MS = 86_400_000
EARLIEST_MS = -2_208_988_800_000
"""1900-01-01T00:00:00Z: ClickHouse has dates from here to the end of 2299."""
LATEST_MS = 10_413_791_999_999

MAX_NUMERAL = 400
"""Characters of a text that may still be a number; the longest JSON number within a double has 310."""
NUMERAL = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
ISO_DATE = (
    r"(19|2[0-2])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?)?"
)
TRUE_TEXTS = ("true", "True", "TRUE", "1")
FALSE_TEXTS = ("false", "False", "FALSE", "0")

_is_numeral = re.compile(NUMERAL).fullmatch
_is_iso_date = re.compile(ISO_DATE).fullmatch
_BOOLEANS = dict.fromkeys(TRUE_TEXTS, 1.0) | dict.fromkeys(FALSE_TEXTS, 0.0)


def to_text(value: Any) -> str | None:
    """A string as it is, a number as JavaScript writes it (but 1e21, not 1e+21), true or false; nothing else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return _text_of_double(value) if isinstance(value, float) else None


def _text_of_double(value: float) -> str:
    """The shortest digits that read back as `value`: plain from 1e-6 up to 1e21, with an exponent beyond."""
    if value == 0:
        return "0"
    digits = repr(value)
    if "e" not in digits:
        return digits.removesuffix(".0")
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(digits), "f")
    mantissa, _, exponent = digits.partition("e")
    return f"{mantissa}e{int(exponent)}"


def to_number(value: Any) -> float | None:
    """A number, or a text that is one from end to end, as the nearest double; never -0, infinite or NaN."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > MAX_NUMERAL or not _is_numeral(value):
            return None
        number = float(value)
        return number + 0.0 if math.isfinite(number) else None
    if isinstance(value, float):
        return value + 0.0
    return _double_of_integer(value) if isinstance(value, int) else None


def _double_of_integer(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def to_boolean(value: Any) -> float | None:
    """1.0 or 0.0 for true or false, the numbers 1 and 0, and the texts of TRUE_TEXTS and FALSE_TEXTS."""
    return _BOOLEANS.get(text) if (text := to_text(value)) is not None else None


def to_iso_date(value: Any) -> float | None:
    """Unix milliseconds of an ISO 8601 text; UTC where it names no offset, midnight where it names no time."""
    if not isinstance(value, str) or not _is_iso_date(value):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    at_ms = to_unix_ms(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    return float(at_ms) if EARLIEST_MS <= at_ms <= LATEST_MS else None


def to_unix_ms_date(value: Any) -> float | None:
    """A number, or a text that is one, as Unix milliseconds, rounded down, of the years 1900 to 2299."""
    number = to_number(value)
    if number is None or not EARLIEST_MS <= number <= LATEST_MS:
        return None
    return float(math.floor(number))


def to_array(value: Any) -> list[Any] | None:
    """A JSON array."""
    return value if isinstance(value, list) else None


def to_object(value: Any) -> dict[str, Any] | None:
    """A JSON object."""
    return value if isinstance(value, dict) else None


_ESCAPES = str.maketrans(
    {'"': '\\"', "\\": "\\\\", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    | {chr(code): f"\\u00{code:02X}" for code in range(0x20)}
    | {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)
"""As ClickHouse writes JSON strings, letter by letter, so that both engines keep the same text."""


def to_json_array(value: Any) -> str | None:
    """What the store keeps of an array: JSON of its texts, numbers and booleans, in their order."""
    if not isinstance(value, list):
        return None
    return f"[{','.join([text for item in value if (text := _json_of_scalar(item)) is not None])}]"


def _json_of_scalar(value: Any) -> str | None:
    """An integer beyond 64 bits goes into quotes, so that no reader takes digits from it."""
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    text = to_text(value)
    if text is not None and text.lstrip("-").isdigit() and not -(2**63) <= int(text) < 2**64:
        return f'"{text}"'
    return text


CONVERTERS: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: to_text,
    FieldType.NUMBER: to_number,
    FieldType.BOOLEAN: to_boolean,
    FieldType.ISO_DATE: to_iso_date,
    FieldType.UNIX_MS_DATE: to_unix_ms_date,
    FieldType.ARRAY: to_array,
    FieldType.OBJECT: to_object,
}


def to_slot(field_type: FieldType, value: Any) -> float | str | None:
    """What the store keeps of `value`: a double for numbers, booleans and dates, a text for texts and arrays."""
    if field_type is FieldType.ARRAY:
        return to_json_array(value)
    if field_type is FieldType.OBJECT:
        return None
    converted: float | str | None = CONVERTERS[field_type](value)
    return converted


def is_index(step: str) -> bool:
    """Whether a step of a path can also mean a place in an array, counted from 0."""
    return step.isascii() and step.isdigit() and len(step) <= 9 and (step == "0" or step[0] != "0")


def step_into(value: Any, step: str) -> Any:
    """The member or element of `value` that a step of a path names, or None."""
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and is_index(step) and int(step) < len(value):
        return value[int(step)]
    return None
