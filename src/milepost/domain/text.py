"""What a text may be that a person types: takes it, gives what is wrong with it as a sentence fragment, or None. Pure.

Texts that senders put into events are data, and kept as they are; these rules are for what comes by the console API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL, at which C libraries end a text, and halves of letters, which have no UTF-8."""
_INVISIBLE: Final = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f"
_UNNAMABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, breaks of lines, and those that turn the direction of whatever is shown after them."""
_BLANK: Final = re.compile(rf"[\s\u2800\u3164\ufeff\uffa0{_INVISIBLE}]*")


def text_fault(text: str) -> str | None:
    """Of any text, a key or a filter."""
    found = _NO_TEXT.search(text)
    if found is None:
        return None
    return f"has the character U+{ord(found[0]):04X} at place {found.start() + 1}, which no text can have"


def name_fault(name: str) -> str | None:
    """Of the name of a definition, which is shown in one line among others and must be seen."""
    if _BLANK.fullmatch(name):
        return "must have a letter or a sign that can be seen"
    if found := _UNNAMABLE.search(name):
        place = f"has the character U+{ord(found[0]):04X} at place {found.start() + 1}"
        return f"{place}; a name is one line, without characters that control how it is shown"
    return None


def first_text_fault(value: Any, path: str = "") -> tuple[str, str] | None:
    """Where the first text or member's name in a JSON value has a fault, and which."""
    match value:
        case str():
            fault = text_fault(value)
            return None if fault is None else (path, fault)
        case Mapping():
            for name, member in value.items():
                if fault := text_fault(name):
                    return path, f"has a member whose name {fault}"
                if found := first_text_fault(member, f"{path}.{name}".removeprefix(".")):
                    return found
        case Sequence():
            for place, member in enumerate(value):
                if found := first_text_fault(member, f"{path}[{place}]"):
                    return found
        case _:
            pass
    return None


def valid_name(name: str) -> str:
    """The name; ValueError if it has a fault."""
    if fault := name_fault(name):
        raise ValueError(fault)
    return name
