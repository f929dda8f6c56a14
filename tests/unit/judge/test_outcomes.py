"""The states of an outcome, a word per row. Times are days of August 1997; it is assigned on the 1st."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from milepost.domain.milestone import MilestoneState
from milepost.domain.outcome import OutcomeState
from milepost.judge.outcomes import Part, judge_outcome


def day(number: float) -> datetime:
    return datetime(1997, 8, 1, tzinfo=UTC) + timedelta(days=number - 1)


def part(
    state: MilestoneState, at: float, *, weight: float = 1, opens: float = 1, deadline: float | None = None
) -> Part:
    due = None if deadline is None else day(deadline)
    return Part(name=f"M{at:g}", weight=weight, state=state, at=day(at), opens=day(opens), deadline=due)


NOT_STARTED = part(MilestoneState.NOT_STARTED, 1, opens=20)
OPEN = part(MilestoneState.IN_PROGRESS, 2, opens=2)
DUE_11TH = part(MilestoneState.IN_PROGRESS, 1, deadline=11)
ACHIEVED = part(MilestoneState.ACHIEVED, 5)
HEAVY = part(MilestoneState.ACHIEVED, 6, weight=3)
NARROWLY = part(MilestoneState.ACHIEVED, 10.5, deadline=11)
LATE = part(MilestoneState.ACHIEVED_LATE, 12, deadline=11)
MISSED = part(MilestoneState.MISSED, 11, deadline=11)


@pytest.mark.parametrize(
    ("parts", "now", "state", "at", "progress", "next_at"),
    [
        pytest.param([], 3, OutcomeState.NOT_STARTED, 1, 0, None, id="empty"),
        pytest.param([NOT_STARTED], 3, OutcomeState.NOT_STARTED, 1, 0, None, id="not started"),
        pytest.param([NOT_STARTED, OPEN], 3, OutcomeState.ON_TRACK, 2, 0, None, id="on track since the first opened"),
        pytest.param([OPEN, ACHIEVED], 6, OutcomeState.ON_TRACK, 1, 0.5, None, id="half way"),
        pytest.param([OPEN, HEAVY], 6, OutcomeState.ON_TRACK, 1, 0.75, None, id="by weight"),
        pytest.param([DUE_11TH], 8.9, OutcomeState.ON_TRACK, 1, 0, 9, id="four fifths of its time"),
        pytest.param([DUE_11TH], 9, OutcomeState.AT_RISK, 9, 0, None, id="at risk in the last fifth"),
        pytest.param([OPEN, NARROWLY], 11, OutcomeState.ON_TRACK, 10.5, 0.5, None, id="averted"),
        pytest.param([OPEN, MISSED], 12, OutcomeState.AT_RISK, 9, 0, None, id="one missed, one open"),
        pytest.param([OPEN, LATE], 13, OutcomeState.ON_TRACK, 12, 0.5, None, id="late counts"),
        pytest.param([ACHIEVED, MISSED], 12, OutcomeState.MISSED, 11, 0.5, None, id="nothing left open"),
        pytest.param([ACHIEVED, LATE], 13, OutcomeState.ACHIEVED, 12, 1, None, id="achieved with the last"),
    ],
)
def test_an_outcome_follows_its_milestones(
    *, parts: list[Part], now: float, state: OutcomeState, at: float, progress: float, next_at: float | None
) -> None:
    verdict = judge_outcome(day(1), parts, day(now))
    assert (verdict.state, verdict.at, verdict.progress) == (state, day(at), progress)
    assert verdict.next_at == (None if next_at is None else day(next_at))


@pytest.mark.parametrize(
    ("parts", "now", "reason"),
    [
        pytest.param([NOT_STARTED], 3, "none of its milestones has started", id="not started"),
        pytest.param([OPEN, ACHIEVED], 6, "1 of 2 milestones achieved", id="on track"),
        pytest.param(
            [DUE_11TH],
            10,
            "“M1” is not achieved, and the last fifth of its time has begun: due on 1997-08-11",
            id="near",
        ),
        pytest.param([OPEN, MISSED], 12, "“M11” missed its deadline of 1997-08-11", id="missed one"),
        pytest.param([ACHIEVED, MISSED], 12, "missed “M11”, and no milestone is left open", id="missed"),
        pytest.param([ACHIEVED, LATE], 13, "all 2 milestones achieved, the last one: M12", id="achieved"),
    ],
)
def test_an_outcome_says_why(parts: list[Part], now: float, reason: str) -> None:
    assert judge_outcome(day(1), parts, day(now)).reason == reason
