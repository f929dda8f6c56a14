"""Where a milestone or an outcome stands, in short sentences that a person without code can act on. Pure.

Takes a verdict and what it was made of; gives what is achieved, what is missing, what the deadline is, why at risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import Action, AssignedMilestone, AutomaticAction, Comparison, MilestoneState
from milepost.domain.outcome import OutcomeState
from milepost.judge.outcomes import OutcomeVerdict, Part, part_of
from milepost.judge.rules import Facts, Verdict, deadline_of, opens_at
from milepost.judge.spans import Span
from milepost.judge.words import day, length, listed
from milepost.kit.clock import to_unix_ms

Show = Callable[[AutomaticAction, float], str]
"""A value of the action's metric as a person reads it, with its unit."""

_COMPARED: Final = {
    Comparison.AT_LEAST: "at least",
    Comparison.MORE_THAN: "more than",
    Comparison.AT_MOST: "at most",
    Comparison.LESS_THAN: "less than",
    Comparison.EQUALS: "exactly",
}
_GONE: Final = "its metric or a field of the signal is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How to tell it: as of `now`, in dates of the calendar, with values as the metrics show them."""

    now: datetime
    calendar: Calendar
    show: Show

    def day(self, instant: datetime) -> str:
        """The date there, as 2026-03-10."""
        return day(instant, self.calendar)

    def distance(self, instant: datetime) -> str:
        """How far the date lies from today's, as `today`, `in 3 days` or `1 day ago`."""
        days = (self.calendar.day(to_unix_ms(instant)) - self.calendar.day(to_unix_ms(self.now))).days
        many = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
        return "today" if days == 0 else f"in {many}" if days > 0 else f"{many} ago"


def explain_milestone(
    assigned: AssignedMilestone,
    verdict: Verdict | None,
    facts: Facts | None,
    values: Sequence[float | None],
    telling: Telling,
    *,
    unjudged: str | None = None,
) -> tuple[str, ...]:
    """`values` are of each action's metric now, None for a manual one; None for a verdict: it cannot be judged.

    `unjudged` is why a condition of its could not be evaluated.
    """
    if verdict is None or facts is None:
        return (f"It cannot be judged now, since {_GONE if unjudged is None else unjudged}; it keeps its state.",)
    sentences = [_state(assigned, verdict, facts, telling)]
    if verdict.state is not MilestoneState.NOT_STARTED:
        for action, spans, value in zip(assigned.definition.actions, facts, values, strict=True):
            sentences.append(_action(action, spans, value, assigned.definition.latches, telling))
    sentences += _deadline(assigned, verdict, telling)
    if not assigned.definition.latches:
        sentences.append("It must hold: it is achieved only while all of this is so at once.")
    if unjudged is not None:
        sentences.append(f"A condition that does not affect achievement cannot be evaluated now: {unjudged}.")
    return tuple(sentences)


def explain_outcome(verdict: OutcomeVerdict, parts: Sequence[Part], telling: Telling) -> tuple[str, ...]:
    """What is achieved of the weight, how each open milestone stands, and why the outcome is in its state."""
    achieved = [part for part in parts if part.is_achieved]
    share = f"{verdict.progress:.0%}".replace("%", " %")
    sentences = [f"{len(achieved)} of {len(parts)} milestones achieved, which is {share} of the weight."]
    sentences += _why(verdict, parts, telling)
    if achieved:
        sentences.append(f"Achieved: {listed(part.name for part in achieved)}.")
    sentences += [_part(part, telling) for part in parts if not part.is_achieved]
    return tuple(sentences)


def _state(assigned: AssignedMilestone, verdict: Verdict, facts: Facts, telling: Telling) -> str:
    deadline, on = deadline_of(assigned), telling.day(verdict.at)
    definition = assigned.definition
    counting = [done for done in zip(definition.actions, facts, strict=True) if done[0].affects_achievement]
    done = sum(_since(spans, definition.latches, telling.now) is not None for _, spans in counting)
    of_actions = f"{done} of {len(counting)} action{'' if len(counting) == 1 else 's'} done"
    match verdict.state:
        case MilestoneState.NOT_STARTED:
            opens = opens_at(assigned)
            return f"Starts on {telling.day(opens)}, {telling.distance(opens)}."
        case MilestoneState.IN_PROGRESS:
            return f"In progress since {on}: {of_actions}."
        case MilestoneState.ACHIEVED:
            return f"Achieved on {on}: {verdict.reason}."
        case MilestoneState.ACHIEVED_LATE:
            assert deadline is not None  # or it could not be late
            return f"Achieved late on {on}, after the deadline of {telling.day(deadline)}."
        case MilestoneState.MISSED:
            return f"Missed since {on}: {of_actions}. It can still be achieved late."


def _action(action: Action, spans: Sequence[Span], value: float | None, latches: bool, telling: Telling) -> str:
    since = _since(spans, latches, telling.now)
    mark = "Done" if since is not None else "Missing"
    beside = "" if action.affects_achievement else " (does not affect achievement)"
    if not isinstance(action, AutomaticAction):
        ticked = "is not ticked" if since is None else f"ticked on {telling.day(since)}"
        return f"{mark}{beside}: “{action.name}” {ticked}."
    shown = "has no value yet" if value is None else f"is {telling.show(action, value)} now"
    wanted = f"{_COMPARED[action.operator]} {telling.show(action, action.value)}"
    held = "" if action.held_for is None else f", held for {length(action.held_for)}"
    if since is not None:
        return f"{mark}{beside}: “{action.name}” since {telling.day(since)} ({wanted}{held}); it {shown}."
    return f"{mark}{beside}: “{action.name}” {shown} and must be {wanted}{held}.{_ahead(spans, telling)}"


def _ahead(spans: Sequence[Span], telling: Telling) -> str:
    """What the clock alone will do, unless new events come in between; or what was lost."""
    coming = next((span for span in spans if span.since > telling.now), None)
    if coming is not None:
        held = "" if coming.held_since is None else f" It holds since {telling.day(coming.held_since)}."
        return f"{held} Unless that changes, it is done on {telling.day(coming.since)}."
    lost = [span.until for span in spans if span.until is not None and span.until <= telling.now]
    return f" It was so until {telling.day(lost[-1])}." if lost else ""


def _deadline(assigned: AssignedMilestone, verdict: Verdict, telling: Telling) -> Iterator[str]:
    deadline = deadline_of(assigned)
    if verdict.state not in (MilestoneState.NOT_STARTED, MilestoneState.IN_PROGRESS):
        return
    if deadline is None:
        yield "It has no deadline."
        return
    yield f"Due on {telling.day(deadline)}, {telling.distance(deadline)}."
    part = part_of(assigned, verdict, weight=1)
    if part.risky_from is not None and part.risky_from <= telling.now:
        yield f"At risk: the last fifth of its time began on {telling.day(part.risky_from)}."


def _since(spans: Sequence[Span], latches: bool, now: datetime) -> datetime | None:
    """Since when the action is done, None if it is not."""
    for span in spans:
        if span.since <= now and (latches or span.until is None or now < span.until):
            return span.since
    return None


def _why(verdict: OutcomeVerdict, parts: Sequence[Part], telling: Telling) -> Iterator[str]:
    risky = [part for part in parts if not part.is_achieved and _is_risky(part, telling.now)]
    match verdict.state:
        case OutcomeState.NOT_STARTED:
            yield "Not started: none of its milestones has started."
        case OutcomeState.ACHIEVED:
            yield f"Achieved on {telling.day(verdict.at)}, with the last of its milestones."
        case OutcomeState.MISSED:
            yield f"Missed on {telling.day(verdict.at)}: no milestone is open, and not all were achieved."
        case OutcomeState.ON_TRACK:
            yield "On track: no milestone was missed, and none that is open is in the last fifth of its time."
        case OutcomeState.AT_RISK:
            for part in risky:
                assert part.deadline is not None  # or it would not be risky
                assert part.risky_from is not None
                if part.state is MilestoneState.MISSED:
                    yield f"At risk: “{part.name}” missed its deadline of {telling.day(part.deadline)}."
                else:
                    began = telling.day(part.risky_from)
                    yield f"At risk: “{part.name}” is not achieved, and the last fifth of its time began on {began}."


def _is_risky(part: Part, now: datetime) -> bool:
    return part.state is not MilestoneState.NOT_STARTED and part.risky_from is not None and part.risky_from <= now


def _part(part: Part, telling: Telling) -> str:
    due = "without a deadline"
    if part.deadline is not None:
        due = f"due on {telling.day(part.deadline)}, {telling.distance(part.deadline)}"
    match part.state:
        case MilestoneState.NOT_STARTED:
            return f"Not started: “{part.name}” starts on {telling.day(part.opens)}, {due}."
        case MilestoneState.MISSED:
            return f"Missed: “{part.name}”, {due}; it can still be achieved late."
        case _:
            return f"Open: “{part.name}”, {due}."
