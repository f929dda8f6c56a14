"""When an event happened, and what makes a date doubtful. Pure: the closed list of flags with their exact bounds.

Takes the date as sent, the sender's clock if it was sent too, and the time of arrival, all in Unix milliseconds.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000

EARLIEST_MS: Final = -2_208_988_800_000
LATEST_MS: Final = 10_413_791_999_999
"""1900-01-01 to the end of 2299-12-31: what the analytic store's DateTime64 holds, so what the doors take."""

SECONDS_FROM_MS: Final = 315_532_800
SECONDS_UPTO_MS: Final = 4_102_444_800
"""1980-01-01 and 2100-01-01 in seconds: what lies between, read as milliseconds, is in January or February 1970."""

EPOCH_FROM_MS: Final = -2_678_400_000
EPOCH_UPTO_MS: Final = 31_535_999_999
"""1969-12-01 to the end of 1970: where zero, seconds, minutes and days of 1900 to 2900 lie as milliseconds."""

MOST_AHEAD_MS: Final = DAY_MS
MOST_CORRECTION_MS: Final = 400 * DAY_MS
"""A clock set to the wrong year is corrected; a device without a clock (1970, 1980, 2099) is not believed at all."""

LEAST_CORRECTION_MS: Final = 10_000
"""A browser's request may take so long to arrive: a smaller difference says nothing about its clock."""


class DateFlag(StrEnum):
    """Why a date is doubtful. The event keeps it, unless its connection refuses doubtful dates.

    `in_seconds`: read as seconds, not as milliseconds, it lies in 1980 to 2099. `near_1970`: it lies in December 1969
    or in 1970 otherwise. `in_future`: more than a day after its arrival. `clock_far_off`: the sender's clock (`sentAt`)
    is more than 400 days away from ours, so that the event's own time was left as it was.
    """

    IN_SECONDS = "in_seconds"
    NEAR_1970 = "near_1970"
    IN_FUTURE = "in_future"
    CLOCK_FAR_OFF = "clock_far_off"


REASONS: Final = {
    DateFlag.IN_SECONDS: "is in seconds, it seems: as milliseconds it lies in the first weeks of 1970",
    DateFlag.NEAR_1970: "lies in December 1969 or in 1970, where zero and other units than milliseconds end up",
    DateFlag.IN_FUTURE: "lies more than a day in the future",
    DateFlag.CLOCK_FAR_OFF: "is more than 400 days away from the time of arrival, so no clock can be corrected by it",
}
"""What is said of each to people, after the name of the member."""


class EventDate(NamedTuple):
    """The date that counts, what was added to the one that was sent, and what is doubtful about it."""

    at_ms: int
    correction_ms: int = 0
    flags: tuple[DateFlag, ...] = ()


def flag_of(at_ms: int, received_at_ms: int) -> DateFlag | None:
    """What is implausible about a date by itself; dates of long ago are not, events are imported late."""
    if SECONDS_FROM_MS <= at_ms < SECONDS_UPTO_MS:
        return DateFlag.IN_SECONDS
    if EPOCH_FROM_MS <= at_ms <= EPOCH_UPTO_MS:
        return DateFlag.NEAR_1970
    if at_ms > received_at_ms + MOST_AHEAD_MS:
        return DateFlag.IN_FUTURE
    return None


def dated(own_ms: int, sent_at_ms: int | None, received_at_ms: int, *, least_ms: int = 0) -> EventDate:
    """The event's date by the clock of the server: received - (sent - own), if `sent` may be a clock that runs wrong.

    A difference of the clocks below `least_ms` is not corrected.
    """
    flags: tuple[DateFlag, ...] = ()
    correction_ms = 0 if sent_at_ms is None else received_at_ms - sent_at_ms
    if abs(correction_ms) > MOST_CORRECTION_MS:
        correction_ms, flags = 0, (DateFlag.CLOCK_FAR_OFF,)
    if abs(correction_ms) < least_ms or not EARLIEST_MS <= own_ms + correction_ms <= LATEST_MS:
        correction_ms = 0
    flag = flag_of(own_ms + correction_ms, received_at_ms)
    return EventDate(own_ms + correction_ms, correction_ms, flags if flag is None else (flag, *flags))


def is_clean(own_ms: list[int], received_at_ms: int) -> bool:
    """Whether none of these dates has a flag, if all arrived then or later: one look for a whole batch."""
    return not own_ms or (min(own_ms) > EPOCH_UPTO_MS and max(own_ms) <= received_at_ms + MOST_AHEAD_MS)


def write_flags(flags: tuple[DateFlag, ...]) -> str:
    """As the store holds them."""
    return ",".join(flags)


def read_flags(text: str) -> tuple[DateFlag, ...]:
    """What `write_flags` wrote."""
    return tuple(map(DateFlag, text.split(","))) if text else ()


def other_unit(number: int) -> str | None:
    """The unit that a number beyond all milliseconds may be in, for a refusal to say so."""
    for unit, per_ms in (("microseconds", 1_000), ("nanoseconds", 1_000_000)):
        if SECONDS_FROM_MS * 1000 <= number // per_ms < SECONDS_UPTO_MS * 1000:
            return unit
    return None
