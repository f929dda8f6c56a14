"""From verdicts to the transitions that are kept for ever: only where a state, or its instant, changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from milepost.domain.calendar import Calendar
from milepost.domain.history import FIRST_STATE
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.outcome import AssignedOutcome, OutcomeState
from milepost.domain.plan import Subject
from milepost.judge.causes import Cause, is_late
from milepost.judge.course import AnyVerdict, Unrecorded
from milepost.judge.outcomes import OutcomeVerdict
from milepost.judge.rules import Verdict
from milepost.judge.words import day
from milepost.kit.clock import to_datetime

CORRECTED = "the past was corrected by"


def has_moved(assigned: AssignedMilestone, verdict: Verdict) -> bool:
    """Whether the state, or the instant since when it holds, is another."""
    return (assigned.state, assigned.state_at) != (verdict.state, verdict.at)


def transitions(
    assigned: AssignedMilestone | AssignedOutcome,
    unrecorded: Unrecorded[AnyVerdict],
    causes: Sequence[Cause],
    now: datetime,
    calendar: Calendar,
) -> Iterator[Transition]:
    """One from each state to the next; a contradiction of the first says that the past was corrected, and by what."""
    subject: Subject
    subject, name = (
        ("milestone", assigned.definition.name)
        if isinstance(assigned, AssignedMilestone)
        else ("outcome", assigned.name)
    )
    state, since, is_correction = assigned.state.value, assigned.state_at, unrecorded.is_correction
    if unrecorded.was is not None:
        state, since = unrecorded.was.state, to_datetime(unrecorded.was.since_ms)
    for verdict, cause in zip(unrecorded.verdicts, causes, strict=True):
        reason = verdict.reason
        if is_correction:
            reason = f"{reason} ({CORRECTED} {cause.words}; was {state.replace('_', ' ')} since {day(since, calendar)})"
        yield Transition(
            company_id=assigned.company_id,
            subject=subject,
            subject_id=assigned.id,
            name=name,
            from_state=state,
            to_state=verdict.state.value,
            at=verdict.at,
            recorded_at=now,
            reason=reason,
            value=verdict.value,
            cause=cause.words,
            is_correction=is_correction,
            is_late=state != FIRST_STATE and is_late(verdict.at, now, cause),
            until=None if unrecorded.until_ms is None else to_datetime(unrecorded.until_ms),
        )
        state, since, is_correction = verdict.state.value, verdict.at, False


def contradicts(assigned: AssignedOutcome, verdict: OutcomeVerdict) -> bool:
    """Whether the verdict, where the past of a milestone was corrected, corrects that of its outcome as well."""
    return assigned.state in (OutcomeState.ACHIEVED, OutcomeState.MISSED) or verdict.at < assigned.state_at
