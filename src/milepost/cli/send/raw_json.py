"""JSON as it stands: takes the text of objects and arrays; gives it in parts, or with members set, digit for digit.

Refuses with InvalidInputError an array whose items cannot be told apart; what an item is worth is for others to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from milepost.domain.errors import Fault, InvalidInputError

# Numbers are looked past: Python would refuse to make one of more than 4,300 digits.
_PASSING: Final = json.JSONDecoder(parse_int=len, parse_float=len, strict=False)
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_MANY_DIGITS: Final = re.compile(r"[0-9][0-9.]{15,}")
_LONGEST_INTEGER: Final = len(str(-(2**63)))


class Item(NamedTuple):
    """An item of an array: the line it begins on, and its text."""

    line: int
    text: str


def array_items(text: str) -> Iterator[Item]:
    """The items of the array that the text is."""
    place, line = _after_blanks(text, 0), 1
    counted = 0
    if text[place : place + 1] != "[":
        raise _no_array("The file holds one JSON value that is not an array of objects.")
    place = _after_blanks(text, place + 1)
    is_first = True
    while text[place : place + 1] != "]" or not is_first:
        line += text.count("\n", counted, place)
        counted = place
        end = _end_of_value(text, place, line)
        yield Item(line, text[place:end])
        is_first = False
        place = _after_blanks(text, end)
        sign = text[place : place + 1]
        if sign == "]":
            break
        if sign != ",":
            raise _no_array(f"The file is not a JSON array: behind the item of line {line} there is no comma.")
        place = _after_blanks(text, place + 1)
    if _after_blanks(text, place + 1) != len(text):
        raise _no_array("The file is not a JSON array: something follows its end.")


def with_members(text: str, payload: Mapping[str, Any], members: Mapping[str, str]) -> str:
    """The object with these members, whose values are JSON; nothing else of its text is touched."""
    for name, value in members.items():
        if name in payload:
            start, end = _place_of(text, name)
            text = text[:start] + value + text[end:]
        else:
            before = text.rstrip()[:-1]
            comma = "," if payload or not before.rstrip().endswith("{") else ""
            text = f"{before}{comma}{orjson.dumps(name).decode()}:{value}}}"
            payload = {**payload, name: value}
    return text


def exact(text: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload, where numbers with more digits than a double keeps are texts that have them all."""
    if _MANY_DIGITS.search(text) is None:
        return payload
    value: dict[str, Any] = json.loads(text, parse_int=exact_number, parse_float=exact_number)
    return value


def exact_number(text: str) -> int | float | str:
    """A number, or its text where a number would not keep its digits."""
    if len(text) > _LONGEST_INTEGER or not text.lstrip("-").isdigit():
        number = float(text)
        return number if _MANY_DIGITS.search(text) is None or repr(number) == text else text
    integer = int(text)
    return integer if -(2**63) <= integer < 2**64 else text


def _place_of(text: str, wanted: str) -> tuple[int, int]:
    """Where the value of a member begins and ends; the object is valid, and has it once."""
    place = _after_blanks(text, 0) + 1
    while True:
        name, place = _PASSING.raw_decode(text, _after_blanks(text, place))
        start = _after_blanks(text, _after_blanks(text, place) + 1)
        end = _PASSING.raw_decode(text, start)[1]
        if name == wanted:
            return start, end
        place = _after_blanks(text, end) + 1


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _end_of_value(text: str, place: int, line: int) -> int:
    try:
        return _PASSING.raw_decode(text, place)[1]
    except RecursionError:
        return _end_by_brackets(text, place, line)
    except json.JSONDecodeError as error:
        raise _no_array(f"The file is not a JSON array: line {error.lineno}: {error.msg}.") from None


def _end_by_brackets(text: str, place: int, line: int) -> int:
    """The end of a value that nests too deep to be read: where its brackets are even."""
    depth = 0
    for token in _TOKEN.finditer(text, place):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    raise _no_array(f"The file is not a JSON array: the item of line {line} has no end.")


def _no_array(told: str) -> InvalidInputError:
    return InvalidInputError(told, faults=(Fault(path="file", reason=told),))
