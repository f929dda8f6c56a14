"""From verdicts to the transitions that are kept for ever: only where a state, or its instant, changed. Pure."""

from __future__ import annotations

from datetime import datetime

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import AssignedMilestone, MilestoneState, Transition
from milepost.domain.outcome import AssignedOutcome, OutcomeState
from milepost.judge.causes import Cause, is_late
from milepost.judge.outcomes import OutcomeVerdict
from milepost.judge.rules import Verdict, is_correction
from milepost.judge.words import day

CORRECTED = "the past was corrected by"


def has_moved(assigned: AssignedMilestone | AssignedOutcome, verdict: Verdict | OutcomeVerdict) -> bool:
    """Whether the state, or the instant since when it holds, is another."""
    return (assigned.state, assigned.state_at) != (verdict.state, verdict.at)


def milestone_transition(
    assigned: AssignedMilestone, verdict: Verdict, now: datetime, cause: Cause, calendar: Calendar
) -> Transition:
    """A contradiction of the state before says that the past was corrected, and by what."""
    reason, is_corrected = verdict.reason, is_correction(assigned, verdict)
    if is_corrected:
        was = f"was {assigned.state.value.replace('_', ' ')} since {day(assigned.state_at, calendar)}"
        reason = f"{reason} ({CORRECTED} {cause.words}; {was})"
    return Transition(
        company_id=assigned.company_id,
        subject="milestone",
        subject_id=assigned.id,
        name=assigned.definition.name,
        from_state=assigned.state.value,
        to_state=verdict.state.value,
        at=verdict.at,
        recorded_at=now,
        reason=reason,
        value=verdict.value,
        cause=cause.words,
        is_correction=is_corrected,
        is_late=assigned.state is not MilestoneState.NOT_STARTED and is_late(verdict.at, now, cause),
    )


def outcome_transition(
    assigned: AssignedOutcome, verdict: OutcomeVerdict, now: datetime, cause: Cause, *, is_corrected: bool
) -> Transition:
    """Its reason is that of the milestones behind it; with `is_corrected`, the past of one of them was corrected."""
    was_settled = assigned.state in (OutcomeState.ACHIEVED, OutcomeState.MISSED)
    return Transition(
        company_id=assigned.company_id,
        subject="outcome",
        subject_id=assigned.id,
        name=assigned.name,
        from_state=assigned.state.value,
        to_state=verdict.state.value,
        at=verdict.at,
        recorded_at=now,
        reason=verdict.reason,
        value=round(verdict.progress, 6),
        cause=cause.words,
        is_correction=is_corrected and (was_settled or verdict.at < assigned.state_at),
        is_late=assigned.state is not OutcomeState.NOT_STARTED and is_late(verdict.at, now, cause),
    )
