"""In which state something was when, put together from the changes of its state as they were recorded. Pure.

Takes changes in the order of their recording; the later one is right where they disagree. Instants are Unix ms.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, zip_longest
from typing import Final, Literal, NamedTuple

from milepost.domain.milestone import MilestoneState
from milepost.domain.outcome import OutcomeState

FIRST_STATE: Final = "not_started"
"""Of milestones and outcomes alike."""
_OPEN_STATES: Final = {"milestone": MilestoneState.IN_PROGRESS.value, "outcome": OutcomeState.ON_TRACK.value}
_BEFORE_MISSED: Final = {"milestone": MilestoneState.IN_PROGRESS.value, "outcome": OutcomeState.AT_RISK.value}
"""What misses a deadline is open until then, which puts an outcome at risk."""


class Recorded(NamedTuple):
    """A change of state: since when the new one holds; `is_correction`: the one before was never true.

    With `until_ms` it tells of a stretch of the past alone: from then on, what was recorded before it stands.
    """

    at_ms: int
    state: str
    is_correction: bool = False
    until_ms: int | None = None


class Stay(NamedTuple):
    """A state, and since when."""

    since_ms: int
    state: str


class Life(NamedTuple):
    """What is known of one copy: when it was assigned and taken away, None for never, and its stays in order.

    `in_time`: how it stood in the last millisecond of a deadline that it missed, by that instant (see `in_time`).
    """

    begin_ms: int
    end_ms: int | None
    stays: Sequence[Stay]
    in_time: Mapping[int, Stay] = {}

    def state_at(self, at_ms: int) -> Stay | None:
        """Its state at an instant; None while it was not on the plan."""
        if at_ms < self.begin_ms or (self.end_ms is not None and at_ms >= self.end_ms):
            return None
        if at_ms in self.in_time:
            return self.in_time[at_ms]
        place = bisect_right(self.stays, at_ms, key=lambda stay: stay.since_ms)
        return self.stays[max(0, place - 1)]


def in_time(
    subject: Literal["milestone", "outcome"], found: Sequence[Stay], due_ms: Collection[int]
) -> dict[int, Stay]:
    """How it stood in the last milliseconds that were in time, by these deadlines, where it missed them.

    “Missed” is told since its deadline, whose last millisecond still is in time: then it was as before. Where that
    began in the same millisecond, the stays do not have it.
    """
    state = _BEFORE_MISSED[subject]
    stood: dict[int, Stay] = {}
    for place, stay in enumerate(found):
        if stay.state == MilestoneState.MISSED.value and stay.since_ms in due_ms:
            is_there = place > 0 and found[place - 1].state == state
            stood[stay.since_ms] = found[place - 1] if is_there else Stay(stay.since_ms, state)
    return stood


def is_missed_on_plan(begin_ms: int, found: Sequence[Stay], due_ms: int) -> bool:
    """Whether a copy missed this deadline while it was on the plan.

    One that was assigned after its deadline was missed from the start: an outcome that counts on it was not at risk
    for it in the deadline's last millisecond.
    """
    return due_ms >= begin_ms and Stay(due_ms, MilestoneState.MISSED.value) in found


def stays_on_record(
    subject: Literal["milestone", "outcome"], begin_ms: int, recorded: Iterable[Recorded]
) -> list[Stay]:
    """The stays of a copy that was assigned at `begin_ms`."""
    return stays(begin_ms, FIRST_STATE, _OPEN_STATES[subject], recorded)


def stays(begin_ms: int, first_state: str, open_state: str, recorded: Iterable[Recorded]) -> list[Stay]:
    """The states as they are known now to have been, each until the next.

    A change overrules all that was recorded for its instant and after it. A correction also overrules the state that
    it replaces; where nothing is left of what came before, that was `open_state`. The first is the state at the
    beginning, though it may hold since before.
    """
    found = [Stay(begin_ms, first_state)]
    for change in recorded:
        stands = len(found)
        if change.until_ms is not None:
            stands = bisect_left(found, max(change.until_ms, change.at_ms + 1), key=lambda stay: stay.since_ms)
        found, left = found[:stands], found[stands:]
        if change.is_correction and found:
            found.pop()
        while found and found[-1].since_ms >= change.at_ms:
            found.pop()
        if not found and change.at_ms > begin_ms:
            found.append(Stay(begin_ms, open_state))
        if change.at_ms <= begin_ms:
            found.clear()
        found += [Stay(change.at_ms, change.state), *left]
    return found


def count_states(lives: Iterable[Life], instants: Sequence[int]) -> list[Counter[str]]:
    """For each of these rising instants, how many were in each state: cost follows the stays, not the instants."""
    steps: dict[str, Counter[int]] = defaultdict(Counter)
    for life in lives:
        for since_ms, until_ms, state in _stretches(life):
            first = bisect_left(instants, since_ms)
            after = len(instants) if until_ms is None else bisect_left(instants, until_ms)
            if first < after:
                steps[state][first] += 1
                steps[state][after] -= 1
    counts: list[Counter[str]] = [Counter() for _ in instants]
    for state, changes in steps.items():
        for place, count in enumerate(accumulate(changes[place] for place in range(len(instants)))):
            if count:
                counts[place][state] = count
    return counts


def _stretches(life: Life) -> Iterator[tuple[int, int | None, str]]:
    found = list(_by_the_millisecond(life))
    for stay, following in zip_longest(found, found[1:]):
        since_ms = max(life.begin_ms, stay.since_ms)
        until_ms = life.end_ms
        if following is not None:
            until_ms = following.since_ms if until_ms is None else min(until_ms, following.since_ms)
        yield since_ms, until_ms, stay.state


def _by_the_millisecond(life: Life) -> Iterator[Stay]:
    for stay in life.stays:
        if stay.since_ms in life.in_time:
            yield Stay(stay.since_ms, life.in_time[stay.since_ms].state)
            yield Stay(stay.since_ms + 1, stay.state)
        else:
            yield stay
