"""Stretches of time over which actions were done, each alone and all at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from typing import NamedTuple, assert_never

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import Action, HeldFor
from milepost.kit.clock import to_datetime, to_unix_ms


class Span(NamedTuple):
    """A stretch of time over which one action was done: from `since` up to, and without, `until`.

    `until` of None: for good, as far as is known. Values are the metric's at both ends, None for a tick.
    An end may lie ahead of now: the clock alone will bring it, unless new events come in between.
    `held_since` is when its comparison began to hold, if it had to hold for a while; `value` is the metric's then.
    """

    since: datetime
    until: datetime | None = None
    value: float | None = None
    value_after: float | None = None
    held_since: datetime | None = None


class Turn(NamedTuple):
    """An instant at which things turned, the action that turned them, and its metric's value from then on.

    `held_since` as in Span: the value is of then.
    """

    at: datetime
    action: Action
    value: float | None
    held_since: datetime | None = None


class Joint(NamedTuple):
    """A stretch over which several actions were done at once; `end` of None: for good, as far as is known."""

    begin: Turn
    end: Turn | None

    def covers(self, instant: datetime) -> bool:
        """Whether the instant lies within."""
        return self.begin.at <= instant and (self.end is None or instant < self.end.at)


def held(spans: Iterable[Span], held_for: HeldFor, calendar: Calendar) -> list[Span]:
    """What is left of each span once it has held for so long: nothing of those that are too short."""
    left: list[Span] = []
    for span in spans:
        since = _later(span.since, held_for, calendar)
        if span.until is None or since < span.until:
            left.append(span._replace(since=since, held_since=span.since))
    return left


def _later(instant: datetime, held_for: HeldFor, calendar: Calendar) -> datetime:
    match held_for.period:
        case "day":
            return instant + timedelta(days=held_for.periods)
        case "week":
            return instant + timedelta(weeks=held_for.periods)
        case "month":
            return to_datetime(calendar.months_later(to_unix_ms(instant), held_for.periods))
        case _:
            assert_never(held_for.period)


def joints(done: Iterable[tuple[Action, Sequence[Span]]], *, latching: bool) -> list[Joint]:
    """When all actions were done at once, in order; latching: each stays done from the first time on."""
    return reduce(_overlaps, [_alone(action, spans[:1] if latching else spans, latching) for action, spans in done])


def _alone(action: Action, spans: Sequence[Span], latching: bool) -> list[Joint]:
    return [
        Joint(
            Turn(span.since, action, span.value, span.held_since),
            None if latching or span.until is None else Turn(span.until, action, span.value_after),
        )
        for span in spans
    ]


def _overlaps(some: Sequence[Joint], others: Sequence[Joint]) -> list[Joint]:
    return list(_sweep(some, others))


def _sweep(some: Sequence[Joint], others: Sequence[Joint]) -> Iterator[Joint]:
    mine, theirs = iter(some), iter(others)
    one, other = next(mine, None), next(theirs, None)
    while one is not None and other is not None:
        begin = max(one.begin, other.begin, key=lambda turn: turn.at)
        end = min((turn for turn in (one.end, other.end) if turn is not None), key=lambda turn: turn.at, default=None)
        if end is None or begin.at < end.at:
            yield Joint(begin, end)
        if end is None:
            return
        if end is one.end:
            one = next(mine, None)
        else:
            other = next(theirs, None)
