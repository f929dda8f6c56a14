"""Why a state changed: the person, the event or the clock behind it, in words. Pure.

Takes what people did and what was emitted since the judge last looked; gives one cause for each change of a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from milepost.domain.account import AuditEntry
from milepost.domain.basis import Basis
from milepost.domain.event import EventId
from milepost.domain.milestone import AssignedMilestone, AutomaticAction, MilestoneState
from milepost.domain.plan import ChangeKind, News
from milepost.judge.rules import Verdict, is_correction
from milepost.judge.words import minute
from milepost.kit.clock import to_datetime, to_unix_ms


class Touch(NamedTuple):
    """The earliest of the events that touched something: its date in Unix ms, and its id."""

    at_ms: int
    event: EventId | None = None


Touches = Mapping[tuple[UUID, UUID], Touch]
"""(signal id, company id) -> the earliest event among what was newly emitted."""


class Cause(NamedTuple):
    """What brought a change about; `is_time` if nothing did but that time went on."""

    words: str
    is_time: bool = False


LATE: Final = timedelta(days=1)
"""An event that comes later than this alters what people may have looked at already."""

CLOCK: Final = Cause("the clock", is_time=True)
_ASSIGNMENT: Final = Cause("its assignment")
_UNSEEN: Final = Cause("a change of what had been recorded")
_REWRITTEN: Final = Cause("events that were deleted, or moved between companies")

_DONE_TO_A_PLAN: Final = {
    ChangeKind.ASSIGNED: "its assignment",
    ChangeKind.EDITED: "an edit of the company's copy",
    ChangeKind.RESET: "the company's copy going back to the definition",
    ChangeKind.UPDATED: "the changed definition, brought to the company's copy",
    ChangeKind.TICKED: "a tick",
    ChangeKind.UNTICKED: "a tick that was taken back",
}
_DONE: Final = {"update": "a change", "create": "the creation", "delete": "the deletion"}
_NO_CAUSE: Final = {"company": {"create", "update", "add_key", "remove_key", "import"}}
"""What changes no number: done to a company, it is not why a state changed."""
_SHOWN: Final = {"name", "description", "unit", "format", "revision"}
"""Members of definitions that say how they are shown, and change no number either."""


class Causes:
    """Finds the cause of each change in one judging; `touched` is of companies as they are now.

    `before` is what metrics rested on at the last complete judging; `from_scratch`: emissions were taken away or moved.
    """

    def __init__(
        self, news: News, touched: Touches, now: datetime, before: Mapping[UUID, Basis], *, from_scratch: bool
    ) -> None:
        self._touched = touched
        self._before = before
        self._from_scratch = from_scratch
        self._now = now
        self._of_copy = {change.subject_id: change for change in news.plans}
        self._of_other = {entry.subject_id: entry for entry in news.others if _may_matter(entry)}
        self._of_account = next((one for one in reversed(news.others) if _moves_the_calendar(one)), None)

    def of_milestone(self, assigned: AssignedMilestone, verdict: Verdict, by_metric: Mapping[UUID, Basis]) -> Cause:
        """Why the milestone takes this verdict now."""
        told = self.done_to(assigned.id) or self._changed(assigned, by_metric) or self._rewritten(assigned, by_metric)
        if told is not None:
            return told
        is_correct = not is_correction(assigned, verdict)
        has_only_passed = verdict.state is MilestoneState.MISSED and verdict.value is None
        touch = self._touch(assigned, by_metric)
        if touch is not None and touch.at_ms <= to_unix_ms(verdict.at) and not (is_correct and has_only_passed):
            return _event(touch, self._now)
        if assigned.state is MilestoneState.NOT_STARTED and verdict.at <= assigned.assigned_at:
            return _ASSIGNMENT
        if self._from_scratch:
            return _REWRITTEN
        return CLOCK if is_correct else _UNSEEN

    def done_to(self, copy_id: UUID) -> Cause | None:
        """What a person did to this copy of a milestone or an outcome."""
        change = self._of_copy.get(copy_id)
        if change is None or change.kind not in _DONE_TO_A_PLAN:
            return None
        return Cause(f"{_DONE_TO_A_PLAN[change.kind]} by {change.actor}")

    def _changed(self, assigned: AssignedMilestone, by_metric: Mapping[UUID, Basis]) -> Cause | None:
        """What a person did to what the numbers rest on, the latest of it."""
        ids = (*_rests_on(assigned, by_metric), str(assigned.company_id))
        changed = [self._of_other[one] for one in ids if one in self._of_other]
        if self._of_account is not None:
            changed.append(self._of_account)
        return _told(max(changed, key=lambda entry: entry.at)) if changed else None

    def _rewritten(self, assigned: AssignedMilestone, by_metric: Mapping[UUID, Basis]) -> Cause | None:
        """What became of the numbers themselves without a line in the audit log: a signal was applied to history."""
        for action in assigned.definition.actions:
            if not isinstance(action, AutomaticAction) or action.metric_id not in self._before:
                continue
            generations = {leaf.signal.id: leaf.signal.generation for leaf in self._before[action.metric_id].leaves}
            for leaf in by_metric[action.metric_id].leaves if action.metric_id in by_metric else ():
                if generations.get(leaf.signal.id, leaf.signal.generation) != leaf.signal.generation:
                    return Cause(f"the signal “{leaf.signal.name}”, which was applied to history")
        return None

    def _touch(self, assigned: AssignedMilestone, by_metric: Mapping[UUID, Basis]) -> Touch | None:
        signals = {
            signal_id
            for action in assigned.definition.actions
            if isinstance(action, AutomaticAction) and action.metric_id in by_metric
            for signal_id in by_metric[action.metric_id].signal_ids
        }
        found = (self._touched.get((signal_id, assigned.company_id)) for signal_id in signals)
        return min((touch for touch in found if touch is not None), key=lambda touch: touch.at_ms, default=None)


def is_late(at: datetime, now: datetime, cause: Cause) -> bool:
    """Whether something other than time brought about a state that holds since more than a day before now."""
    return not cause.is_time and at < now - LATE


def _rests_on(assigned: AssignedMilestone, by_metric: Mapping[UUID, Basis]) -> Iterable[str]:
    for action in assigned.definition.actions:
        if isinstance(action, AutomaticAction):
            yield str(action.metric_id)
            basis = by_metric.get(action.metric_id)
            for leaf in basis.leaves if basis else ():
                yield str(leaf.signal.id)
                yield str(getattr(leaf.metric, "id", ""))


def _may_matter(entry: AuditEntry) -> bool:
    if entry.action in _NO_CAUSE.get(entry.subject, ()):
        return False
    if entry.action != "update" or not entry.before or not entry.after:
        return True
    members = {*entry.before, *entry.after} - _SHOWN
    return any(entry.before.get(member) != entry.after.get(member) for member in members)


def _moves_the_calendar(entry: AuditEntry) -> bool:
    if entry.subject != "settings" or not entry.before or not entry.after:
        return False
    return any(entry.before.get(name) != entry.after.get(name) for name in ("time_zone", "week_start"))


def _told(entry: AuditEntry) -> Cause:
    done = _DONE.get(entry.action, f"“{entry.action.replace('_', ' ')}”")
    name = (entry.after or entry.before or {}).get("name")
    of = f"the {entry.subject.replace('_', ' ')}" + (f" “{name}”" if name else "")
    return Cause(f"{done} of {of} by {entry.actor}")


def _event(touch: Touch, now: datetime) -> Cause:
    late = "late " if to_datetime(touch.at_ms) < now - LATE else ""
    which = f" {touch.event}" if touch.event else ""
    return Cause(f"the {late}event{which} of {minute(to_datetime(touch.at_ms))}")
