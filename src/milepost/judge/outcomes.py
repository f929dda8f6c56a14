"""The state of a company's outcome, from the verdicts on its milestones and the time. Pure.

Gives the achieved share of the weight, the state and since when, and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import AssignedMilestone, MilestoneState
from milepost.domain.outcome import AssignedOutcome, OutcomeState
from milepost.judge.rules import Verdict, deadline_of, opens_at
from milepost.judge.words import UTC_DATES, day, listed
from milepost.kit.clock import to_datetime, to_unix_ms

RISKY_SHARE = 5
"""A milestone that is not achieved puts its outcome at risk in the last fifth of its time."""

_ACHIEVED = (MilestoneState.ACHIEVED, MilestoneState.ACHIEVED_LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One milestone of an outcome, as judged: `at` is when its state began, `opens` when it is in progress from.

    `lapsed_at`: when it ceased to be achieved.
    """

    name: str
    weight: float
    state: MilestoneState
    at: datetime
    opens: datetime
    deadline: datetime | None
    lapsed_at: datetime | None = None

    @property
    def is_achieved(self) -> bool:
        return self.state in _ACHIEVED

    @property
    def risky_from(self) -> datetime | None:
        """When it begins to put the outcome at risk unless it is achieved; None without a deadline."""
        if self.deadline is None:
            return None
        from_ = self.opens
        if self.deadline > self.opens:
            from_ = to_datetime(to_unix_ms(self.deadline - (self.deadline - self.opens) / RISKY_SHARE))
        return from_ if self.lapsed_at is None else max(from_, self.lapsed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeVerdict:
    """A state, the instant it began, the reason in words, the progress (0 to 1), and when the clock may change it."""

    state: OutcomeState
    at: datetime
    reason: str
    progress: float
    next_at: datetime | None = None

    @property
    def value(self) -> float:
        """The progress as it is kept with a change of state."""
        return round(self.progress, 6)


def part_of(assigned: AssignedMilestone, verdict: Verdict | None, weight: float) -> Part:
    """Without a verdict, where the milestone cannot be measured now, the state it had stays."""
    return Part(
        name=assigned.definition.name,
        weight=weight,
        state=assigned.state if verdict is None else verdict.state,
        at=assigned.state_at if verdict is None else verdict.at,
        opens=opens_at(assigned),
        deadline=deadline_of(assigned),
        lapsed_at=None if verdict is None else verdict.lapsed_at,
    )


def judge_outcomes(
    milestones: Sequence[AssignedMilestone],
    outcomes: Sequence[AssignedOutcome],
    verdicts: Mapping[UUID, Verdict],
    now: datetime,
    calendar: Calendar = UTC_DATES,
) -> dict[UUID, OutcomeVerdict]:
    """A company has one copy of a milestone, whichever of its outcomes count on it."""
    copies = {(one.company_id, one.milestone_id): one for one in milestones}
    return {
        outcome.id: judge_outcome(
            outcome.assigned_at,
            [
                part_of(copy, verdicts.get(copy.id), weighted.weight)
                for weighted in outcome.milestones
                if (copy := copies.get((outcome.company_id, weighted.milestone_id))) is not None
            ],
            now,
            calendar,
        )
        for outcome in outcomes
    }


def judge_outcome(
    assigned_at: datetime, parts: Sequence[Part], now: datetime, calendar: Calendar = UTC_DATES
) -> OutcomeVerdict:
    """The outcome's state at `now`, in the meaning of docs/reference/milestones.md; the reason in the calendar's dates.

    The state itself takes no heed of the calendar. What came to the plan after the outcome counts from then on.
    """
    parts = [replace(part, at=max(part.at, part.opens)) if part.opens > assigned_at else part for part in parts]
    achieved = [part for part in parts if part.is_achieved]
    weight = sum(part.weight for part in parts)
    progress = sum(part.weight for part in achieved) / weight if weight else 0.0
    state, at, reason = _state(assigned_at, parts, now, calendar)
    ahead = [part.risky_from for part in parts if not part.is_achieved and part.risky_from is not None]
    next_at = min((instant for instant in ahead if instant > now), default=None)
    return OutcomeVerdict(state=state, at=at, reason=reason, progress=progress, next_at=next_at)


def _state(
    assigned_at: datetime, parts: Sequence[Part], now: datetime, calendar: Calendar
) -> tuple[OutcomeState, datetime, str]:
    begun = [part for part in parts if part.state is not MilestoneState.NOT_STARTED]
    if not begun:
        return OutcomeState.NOT_STARTED, assigned_at, "none of its milestones has started"
    missed = [part for part in begun if part.state is MilestoneState.MISSED]
    achieved = [part for part in begun if part.is_achieved]
    if len(achieved) == len(parts):
        last = max(achieved, key=lambda part: part.at)
        return OutcomeState.ACHIEVED, last.at, f"all {len(parts)} milestones achieved, the last one: {last.name}"
    if len(achieved) + len(missed) == len(parts):
        at = max(part.at for part in parts)
        return OutcomeState.MISSED, at, f"missed {listed(part.name for part in missed)}, and no milestone is left open"
    risks = [
        (part.risky_from, part)
        for part in begun
        if not part.is_achieved and part.risky_from is not None and part.risky_from <= now
    ]
    if risks:
        at, part = min(risks, key=lambda risk: risk[0])
        return OutcomeState.AT_RISK, at, _risk(part, calendar)
    return OutcomeState.ON_TRACK, _on_track_since(begun), f"{len(achieved)} of {len(parts)} milestones achieved"


def _on_track_since(begun: Sequence[Part]) -> datetime:
    """Since the first milestone opened, or the last risk was averted by achieving what was at risk."""
    averted = [
        part.at for part in begun if part.is_achieved and part.risky_from is not None and part.at > part.risky_from
    ]
    return max([min(part.opens for part in begun), *averted])


def _risk(part: Part, calendar: Calendar) -> str:
    assert part.deadline is not None  # or it would not be risky
    deadline = day(part.deadline, calendar)
    if part.state is MilestoneState.MISSED:
        return f"{listed([part.name])} missed its deadline of {deadline}"
    return f"{listed([part.name])} is not achieved, and the last fifth of its time has begun: due on {deadline}"
