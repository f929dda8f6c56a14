"""Query strings and forms as senders write them: text in, names and values out, in work that is bounded.

Refused with an InvalidInputError: more than MOST_FIELDS, and where that counts what is not percent-encoded UTF-8.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from milepost.domain.errors import Fault, InvalidInputError

MOST_FIELDS = 1000
"""Each costs a hundred times what its bytes cost to receive."""


def fields_of(text: str, *, place: str, is_strict: bool = True) -> list[tuple[str, str]]:
    """The fields in their order, empty ones included; `place` is what a refusal names."""
    if text.count("&") >= MOST_FIELDS:
        reason = f"has more than {MOST_FIELDS} fields"
        raise InvalidInputError(f"The {place} {reason}.", faults=(Fault(path=place, reason=reason),))
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict" if is_strict else "replace")
    except ValueError as error:
        reason = "is not percent-encoded UTF-8"
        raise InvalidInputError(f"The {place} {reason}.", faults=(Fault(path=place, reason=reason),)) from error


def first_in_query(query: str, name: str) -> str:
    """The first non-empty value of that name; "" without one."""
    if name not in query and "%" not in query:
        return ""
    fields = fields_of(query, place="query", is_strict=False)
    return next((value for field, value in fields if field == name and value), "")
