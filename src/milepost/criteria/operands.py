"""What may stand behind an operator: takes a condition's value, gives the constants that both engines compare with.

Refuses, as a sentence fragment, a value of the wrong type or beyond its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

from milepost.criteria.convert import DAY_MS, to_boolean, to_iso_date, to_number, to_text
from milepost.domain.criterion import FieldType

MAX_TEXT = 4_096
MAX_PATTERN = 512
MAX_CHOICES = 1_000
MAX_DAYS = 36_600
_NOTHING = r"[^\x00-\x{10FFFF}]"
"""A pattern that matches no letter there is."""
_PATTERN_MEMORY = 1 << 20
"""Bytes for a compiled pattern: an eighth of what ClickHouse gives one, so that what compiles here compiles there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One constant as each engine has it: a Python object, and a ClickHouse parameter with its type."""

    python: Any
    sql: Any
    sql_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A kind of value: `fault` says what is wrong with one; `constants` takes only what has no fault."""

    fault: Callable[[Any], str | None]
    constants: Callable[[Any], tuple[Constant, ...]]


def element_type(value: Any) -> FieldType:
    """The type that the elements of an array are read as, to be compared with `value`."""
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    return FieldType.TEXT if isinstance(value, str) else FieldType.NUMBER


def _nothing_fault(value: Any) -> str | None:
    return None if value is None else "takes no value"


def _text_fault(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a text"
    if len(value) > MAX_TEXT:
        return f"must have at most {MAX_TEXT} characters"
    return None if _is_unicode(value) else "must be valid Unicode"


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _part_fault(value: Any) -> str | None:
    return _text_fault(value) or (None if value else "must not be empty, since every text would hold it")


def _pattern_fault(value: Any) -> str | None:
    if fault := _part_fault(value):
        return fault
    if len(value) > MAX_PATTERN:
        return f"must have at most {MAX_PATTERN} characters"
    try:
        compile_pattern(value)
    except re2.error as error:
        reason = error.args[0] if error.args else "unreadable"
        return f"is not a pattern: {reason.decode(errors='replace') if isinstance(reason, bytes) else reason}"
    return None


def compile_pattern(pattern: str) -> Any:
    """The pattern as ClickHouse's match() has it: RE2, so linear in the text; `.` also stands for a line break."""
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    return re2.compile(pattern, options)  # type: ignore[no-untyped-call]


def _number_fault(value: Any) -> str | None:
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        return "must be a number"
    number = to_number(value)
    return None if number is not None and math.isfinite(number) else "must be a number within the range of a double"


def _date_fault(value: Any) -> str | None:
    if to_iso_date(value) is not None:
        return None
    return "must be a date like 2024-05-31 or 2024-05-31T17:30:00+02:00, of the years 1900 to 2299"


def _days_fault(value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_DAYS:
        return f"must be a whole number of days from 1 to {MAX_DAYS}"
    return None


def _length_fault(value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        return "must be a whole number of elements, 0 or more"
    return None


def _element_fault(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _text_fault(value)
    return "must be a text, a number or a boolean" if _number_fault(value) else None


def _choices(of: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    def fault(value: Any) -> str | None:
        if not isinstance(value, tuple | list) or not 1 <= len(value) <= MAX_CHOICES:
            return f"must be a list of 1 to {MAX_CHOICES} values"
        return next((f"[{index}] {reason}" for index, item in enumerate(value) if (reason := of(item))), None)

    return fault


def _pair(of: Callable[[Any], str | None], read: Callable[[Any], float | None]) -> Callable[[Any], str | None]:
    def fault(value: Any) -> str | None:
        if not isinstance(value, tuple | list) or len(value) != 2:
            return "must be a list of two values, the lower one first"
        if reason := next((f"[{index}] {reason}" for index, item in enumerate(value) if (reason := of(item))), None):
            return reason
        low, high = read(value[0]), read(value[1])
        return None if low is not None and high is not None and low <= high else "must have the lower value first"

    return fault


def _text(value: str) -> tuple[Constant, ...]:
    return (Constant(python=value, sql=value, sql_type="String"),)


def _texts(value: tuple[str, ...]) -> tuple[Constant, ...]:
    return (Constant(python=frozenset(value), sql=list(value), sql_type="Array(String)"),)


def _double(value: Any) -> Constant:
    number = to_number(value)
    return Constant(python=number, sql=number, sql_type="Float64")


def _numbers(value: tuple[Any, ...]) -> tuple[Constant, ...]:
    numbers = [to_number(item) for item in value]
    return (Constant(python=frozenset(numbers), sql=numbers, sql_type="Array(Float64)"),)


def _date(value: str) -> tuple[Constant, ...]:
    """The first and the last millisecond of what is named: of the whole day in UTC where only a date is."""
    first = to_iso_date(value) or 0.0
    return _double(first), _double(first + DAY_MS - 1 if len(value) == 10 else first)


def _pattern(value: str) -> tuple[Constant, ...]:
    return (Constant(python=compile_pattern(value).search, sql=_for_the_store(value), sql_type="String"),)


def _for_the_store(pattern: str) -> str:
    """The pattern so that ClickHouse asks RE2 about every text.

    Before that it looks for a text that every match has, for which it reads the pattern byte by byte: of `café?` it
    takes away half a letter, and then misses `caf`. It does not where there is an alternative; this one never matches.
    """
    return pattern if pattern.isascii() else f"{_NOTHING}|{pattern}"


def _element(value: Any) -> tuple[Constant, ...]:
    if isinstance(value, str):
        return (Constant(python=_holds(to_text, value), sql=value, sql_type="String"),)
    convert = to_boolean if isinstance(value, bool) else to_number
    wanted = convert(value)
    return (Constant(python=_holds(convert, wanted), sql=wanted, sql_type="Float64"),)


def _holds(convert: Callable[[Any], Any], wanted: Any) -> Callable[[list[Any]], bool]:
    def holds(elements: list[Any]) -> bool:
        return any(convert(element) == wanted for element in elements)

    return holds


NOTHING = Operand(fault=_nothing_fault, constants=lambda _: ())
TEXT = Operand(fault=_text_fault, constants=_text)
PART = Operand(fault=_part_fault, constants=_text)
TEXTS = Operand(fault=_choices(_text_fault), constants=_texts)
PATTERN = Operand(fault=_pattern_fault, constants=_pattern)
NUMBER = Operand(fault=_number_fault, constants=lambda value: (_double(value),))
NUMBERS = Operand(fault=_choices(_number_fault), constants=_numbers)
NUMBER_PAIR = Operand(
    fault=_pair(_number_fault, to_number), constants=lambda value: (_double(value[0]), _double(value[1]))
)
DATE = Operand(fault=_date_fault, constants=_date)
DATE_PAIR = Operand(fault=_pair(_date_fault, to_iso_date), constants=lambda value: (*_date(value[0]), *_date(value[1])))
DAYS = Operand(fault=_days_fault, constants=lambda value: (_double(value * DAY_MS),))
LENGTH = Operand(fault=_length_fault, constants=lambda value: (Constant(python=value, sql=value, sql_type="UInt64"),))
ELEMENT = Operand(fault=_element_fault, constants=_element)
