"""From verdicts to the transitions that are kept for ever: only where a state, or its instant, changed. Pure."""

from __future__ import annotations

from datetime import datetime

from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.outcome import AssignedOutcome
from milepost.judge.outcomes import OutcomeVerdict
from milepost.judge.rules import Verdict, is_correction
from milepost.judge.words import day

CORRECTED = "the past was corrected by late events, a changed definition, or companies combined or separated"


def milestone_transition(assigned: AssignedMilestone, verdict: Verdict, now: datetime) -> Transition | None:
    """None where nothing changed. A contradiction of the state before says that the past was corrected."""
    if (assigned.state, assigned.state_at) == (verdict.state, verdict.at):
        return None
    reason = verdict.reason
    if is_correction(assigned, verdict):
        was = f"was {assigned.state.value.replace('_', ' ')} since {day(assigned.state_at)}"
        reason = f"{reason} ({CORRECTED}; {was})"
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
    )


def outcome_transition(assigned: AssignedOutcome, verdict: OutcomeVerdict, now: datetime) -> Transition | None:
    """None where nothing changed; its reason is that of the milestones behind it."""
    if (assigned.state, assigned.state_at) == (verdict.state, verdict.at):
        return None
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
    )
