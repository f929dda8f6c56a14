"""The state of a company's milestone, from its copy of the definition, what happened, and the time.

Gives a verdict: the state, since when by event dates and deadlines, and why. Pure: the state before plays no part, so
late events and changed definitions need nothing but another look.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import AssignedMilestone, AutomaticAction, MilestoneState
from milepost.judge.spans import Joint, Span, Turn, joints
from milepost.judge.words import UTC_DATES, day, length, listed, number

JUST_AFTER = timedelta(milliseconds=1)
"""A deadline is the last instant that is in time; the next millisecond is too late."""

Facts = Sequence[Sequence[Span]]
"""For each action of a definition, in its order, the spans over which it was done, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A state, since when, why in words, the metric's value there, and when the clock alone may change it.

    `lapsed_at` is when what had been achieved was lost, where it must hold and no longer does.
    """

    state: MilestoneState
    at: datetime
    reason: str
    value: float | None = None
    next_at: datetime | None = None
    lapsed_at: datetime | None = None


def start_of(assigned: AssignedMilestone) -> datetime | None:
    """The instant from which history counts; None: all of it."""
    return assigned.starts_at


def opens_at(assigned: AssignedMilestone) -> datetime:
    """The instant from which the milestone is in progress: its start, but not before it was assigned."""
    return max(assigned.assigned_at, assigned.starts_at or assigned.assigned_at)


def deadline_of(assigned: AssignedMilestone) -> datetime | None:
    """The last instant that is in time; None: any time is."""
    return assigned.due_at


class Case:
    """A company's milestone and what happened on it, to be judged as of any instant; all that costs is done once."""

    def __init__(self, assigned: AssignedMilestone, facts: Facts) -> None:
        self.assigned = assigned
        definition = assigned.definition
        self._affecting = [done for done in zip(definition.actions, facts, strict=True) if done[0].affects_achievement]
        self._together = joints(self._affecting, latching=definition.latches)
        self._opens, self._deadline = opens_at(assigned), deadline_of(assigned)

    def judge(self, now: datetime, calendar: Calendar = UTC_DATES) -> Verdict:
        """The milestone's state at `now`, in the meaning of docs/reference/milestones.md.

        The reason tells dates of the calendar; the state takes no heed of it.
        """
        opens, deadline, latches = self._opens, self._deadline, self.assigned.definition.latches
        if now < opens:
            at, reason = self.assigned.assigned_at, f"starts on {day(opens, calendar)}"
            return Verdict(state=MilestoneState.NOT_STARTED, at=at, reason=reason, next_at=opens)
        place = bisect_right(self._together, now, key=lambda joint: joint.begin.at)
        last = self._together[place - 1] if place else None
        if last is not None and last.covers(now):
            return _achieved(last, deadline, len(self._affecting), calendar)
        ahead = self._together[place].begin.at if place < len(self._together) else None
        if last is not None and last.end is not None:
            return self._unachieved(last.end, _lost(last.end, calendar), ahead, now, calendar)
        instant = now if deadline is None else min(now, deadline)
        missing = (action.name for action, spans in self._affecting if not _is_done(spans, instant, latches))
        return self._unachieved(None, f"not yet done: {listed(missing)}", ahead, now, calendar)

    def _unachieved(
        self, lapse: Turn | None, reason: str, ahead: datetime | None, now: datetime, calendar: Calendar
    ) -> Verdict:
        """Missed or in progress: since the deadline or the opening, or since the lapse of what held before."""
        opens, deadline = self._opens, self._deadline
        value, lapsed_at = (lapse.value, lapse.at) if lapse else (None, None)
        if deadline is not None and now > deadline:
            missed_at = deadline if opens == self.assigned.assigned_at else max(deadline, opens)
            return Verdict(
                state=MilestoneState.MISSED,
                at=max(missed_at, lapsed_at or missed_at),
                reason=f"the deadline of {day(deadline, calendar)} passed; {reason}",
                value=value,
                next_at=ahead,
                lapsed_at=lapsed_at,
            )
        too_late = None if deadline is None else deadline + JUST_AFTER
        return Verdict(
            state=MilestoneState.IN_PROGRESS,
            at=max(opens, lapsed_at or opens),
            reason=reason,
            value=value,
            next_at=min((instant for instant in (ahead, too_late) if instant is not None), default=None),
            lapsed_at=lapsed_at,
        )


def _achieved(joint: Joint, deadline: datetime | None, actions: int, calendar: Calendar) -> Verdict:
    at, action, value, held_since = joint.begin
    is_late = deadline is not None and at > deadline
    many = f"all {actions} actions done, the last one: " if actions > 1 else ""
    late = f", after the deadline of {day(deadline, calendar)}" if deadline is not None and is_late else ""
    if isinstance(action, AutomaticAction) and value is not None:
        done = f"{action.name} reached: value {number(value)} on {day(held_since or at, calendar)}"
        if action.held_for is not None and held_since is not None:
            done += f", held for {length(action.held_for)} until {day(at, calendar)}"
    else:
        done = f"{action.name} ticked on {day(at, calendar)}"
    return Verdict(
        state=MilestoneState.ACHIEVED_LATE if is_late else MilestoneState.ACHIEVED,
        at=at,
        reason=f"{many}{done}{late}",
        value=value,
        next_at=None if joint.end is None else joint.end.at,
    )


def _lost(lapse: Turn, calendar: Calendar) -> str:
    value = "" if lapse.value is None else f": value {number(lapse.value)}"
    return f"{lapse.action.name} no longer holds{value} on {day(lapse.at, calendar)}"


def _is_done(spans: Sequence[Span], instant: datetime, latches: bool) -> bool:
    return any(span.since <= instant and (latches or span.until is None or instant < span.until) for span in spans)


def is_correction(assigned: AssignedMilestone, verdict: Verdict) -> bool:
    """Whether this verdict contradicts the state before, so that the past must have been altered.

    What goes on by itself only opens, achieves, misses, achieves late, and, where the definition must hold, loses
    and regains; all else is due to late events, a changed definition or a tick taken back.
    """
    before, after = assigned.state, verdict.state
    if before is MilestoneState.NOT_STARTED:
        return False
    if before is after:  # what was lost and regained is recorded step by step
        return True
    if before is MilestoneState.IN_PROGRESS and after is not MilestoneState.NOT_STARTED:
        return False
    goes_on = verdict.at > assigned.state_at and after is not MilestoneState.NOT_STARTED
    if assigned.definition.latches:
        return not (goes_on and (before, after) == (MilestoneState.MISSED, MilestoneState.ACHIEVED_LATE))
    return not goes_on
