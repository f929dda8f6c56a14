"""Conditions as sentences: takes a condition and what its field read, gives what the rule asks for, in words.

Pure; the condition must have passed `check`. The sentences are for people, and may change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from milepost.domain.criterion import Condition, Group, Operator

_PHRASES: Mapping[Operator, Callable[[Any], str]] = {
    Operator.EXISTS: lambda _: "be there",
    Operator.IS_MISSING: lambda _: "be missing",
    Operator.EQUALS: lambda value: f"equal {quoted(value)}",
    Operator.NOT_EQUALS: lambda value: f"differ from {quoted(value)}",
    Operator.CONTAINS: lambda value: f"contain {quoted(value)}",
    Operator.STARTS_WITH: lambda value: f"start with {quoted(value)}",
    Operator.ENDS_WITH: lambda value: f"end with {quoted(value)}",
    Operator.IN: lambda value: f"be one of {_listed(value)}",
    Operator.MATCHES: lambda value: f"match the pattern {quoted(value)}",
    Operator.EQUAL: lambda value: f"be {value}",
    Operator.UNEQUAL: lambda value: f"be other than {value}",
    Operator.MORE_THAN: lambda value: f"be more than {value}",
    Operator.AT_LEAST: lambda value: f"be at least {value}",
    Operator.LESS_THAN: lambda value: f"be less than {value}",
    Operator.AT_MOST: lambda value: f"be at most {value}",
    Operator.BETWEEN: lambda value: f"be between {value[0]} and {value[1]}",
    Operator.IS_TRUE: lambda _: "be true",
    Operator.IS_FALSE: lambda _: "be false",
    Operator.BEFORE: lambda value: f"be before {value}",
    Operator.AFTER: lambda value: f"be after {value}",
    Operator.IN_LAST_DAYS: lambda value: f"be within the {value} days before the event arrived",
    Operator.IS_EMPTY: lambda _: "be empty",
    Operator.LENGTH_EQUAL: lambda value: f"have length {value}",
    Operator.LENGTH_UNEQUAL: lambda value: f"have a length other than {value}",
    Operator.LENGTH_MORE_THAN: lambda value: f"be longer than {value}",
    Operator.LENGTH_AT_LEAST: lambda value: f"have at least length {value}",
    Operator.LENGTH_LESS_THAN: lambda value: f"be shorter than {value}",
    Operator.LENGTH_AT_MOST: lambda value: f"have at most length {value}",
}
_MOST_LISTED = 5
_GROUPS = {"all": "asks for nothing and always holds", "any": "asks for one of none and never holds"}


def demand(condition: Condition, *, should_hold: bool) -> str:
    """What the field must, or must not: `must be more than 5`."""
    phrase = _PHRASES[condition.operator](condition.value)
    return f"must {phrase}" if should_hold else f"must not {phrase}"


def empty_group(group: Group) -> str:
    """Why a group without members is against a match."""
    return f"a group without members {_GROUPS.get(group.match, _GROUPS['all'])}"


def quoted(value: Any) -> str:
    """A text in quotation marks; numbers and booleans as JSON has them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _listed(values: Any) -> str:
    shown = ", ".join(quoted(value) for value in values[:_MOST_LISTED])
    more = len(values) - _MOST_LISTED
    return f"{shown} and {more} others" if more > 0 else shown
