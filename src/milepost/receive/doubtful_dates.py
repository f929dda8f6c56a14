"""Dates that are implausible (domain/event_date.py), for connections that refuse them: pure, for every door.

Takes what a door has read of dates and clocks; refuses with paths and reasons, and nothing where doubts are flagged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from milepost.domain.connection import DoubtfulDates, KnownConnection
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.event_date import LEAST_CORRECTION_MS, REASONS, DateFlag, EventDate, dated

_MOST_FAULTS: Final = 20
_LARGEST: Final = 2**53
"""Beyond it a number of JavaScript is not exact; and the journal takes no numbers of more than 64 bits."""


def date_faults(date: EventDate, path: str, clock_path: str = "sentAt") -> Iterator[Fault]:
    """Why a connection that refuses doubtful dates refuses this one; `path` is where it stands."""
    for flag in date.flags:
        yield Fault(path=clock_path if flag is DateFlag.CLOCK_FAR_OFF else path, reason=REASONS[flag])


def require_certain(
    connection: KnownConnection, dates: Iterable[tuple[str, int | None]], received_at_ms: int, message: str
) -> None:
    """InvalidInputError for doubtful ones among (path, date), if the connection refuses those."""
    if connection.doubtful_dates is not DoubtfulDates.REFUSE:
        return
    faults = [
        fault
        for path, own_ms in dates
        if own_ms is not None
        for fault in date_faults(dated(own_ms, None, received_at_ms), path)
    ]
    if faults:
        raise InvalidInputError(message, faults=tuple(faults[:_MOST_FAULTS]))


def require_certain_dates(
    connection: KnownConnection, data: list[dict[str, Any]], received_at_ms: int, sent_at_ms: int | None = None
) -> None:
    """InvalidInputError for the doubtful dates of a body of seed 000, if the connection refuses those."""
    if connection.doubtful_dates is not DoubtfulDates.REFUSE:
        return
    faults = dict.fromkeys(islice(_faults(data, received_at_ms, sent_at_ms), _MOST_FAULTS))
    if faults:
        first = next(iter(faults))
        raise InvalidInputError(f"{first.path} {first.reason}", faults=tuple(faults))


def _faults(data: list[dict[str, Any]], received_at_ms: int, sent_at_ms: int | None) -> Iterator[Fault]:
    for index, payload in enumerate(data):
        own_ms = payload.get("eventDate")
        if own_ms is not None:
            date = dated(own_ms, sent_at_ms, received_at_ms, least_ms=LEAST_CORRECTION_MS)
            yield from date_faults(date, f"data[{index}].eventDate")


def sent_at_of(document: dict[str, Any]) -> int | None:
    """The sender's clock at sending, from a body of seed 000; InvalidInputError if it is no number."""
    sent_at = document.get("sentAt")
    if sent_at is None:
        return None
    if isinstance(sent_at, bool) or not isinstance(sent_at, int | float):
        fault = Fault(path="sentAt", reason="must be a number, the sender's clock in Unix milliseconds")
        raise InvalidInputError(f"{fault.path}: {fault.reason}", faults=(fault,))
    return int(max(-_LARGEST, min(_LARGEST, sent_at)))
