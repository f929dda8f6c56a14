"""The states of a milestone, a word per row. Times are days of August 1997."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from milepost.domain.calendar import Calendar
from milepost.domain.milestone import (
    Action,
    AfterDays,
    AnyTime,
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    DaysAfterAssignment,
    Deadline,
    HeldFor,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    OnAssignment,
    OnDate,
    Start,
)
from milepost.judge.rules import Case, Facts, Verdict, is_correction
from milepost.judge.spans import Span, held

STATE = MilestoneState


def day(number: float) -> datetime:
    return datetime(1997, 8, 1, tzinfo=UTC) + timedelta(days=number - 1)


def span(since: float, until: float | None = None, value: float = 5, value_after: float = 3) -> Span:
    return Span(day(since), None if until is None else day(until), value, None if until is None else value_after)


PURCHASES = AutomaticAction(name="5 purchases", metric_id=UUID(int=1), operator=Comparison.AT_LEAST, value=5)
USERS = AutomaticAction(name="10 users", metric_id=UUID(int=2), operator=Comparison.AT_LEAST, value=10)
KICK_OFF = ManualAction(name="Kick-off")
SURVEY = ManualAction(name="Survey", affects_achievement=False)


def assigned(
    *actions: Action,
    start: Start = AnyTime(),  # noqa: B008  # a frozen value
    deadline: Deadline | None = None,
    latches: bool = True,
    state: MilestoneState = STATE.NOT_STARTED,
    state_at: float = 10,
) -> AssignedMilestone:
    """Assigned on the 10th."""
    draft = MilestoneDraft(name="Adopted", start=start, deadline=deadline, actions=actions, latches=latches)
    return AssignedMilestone(
        id=UUID(int=3),
        milestone_id=UUID(int=4),
        company_id=UUID(int=5),
        definition=draft,
        assigned_at=day(10),
        state=state,
        state_at=day(state_at),
    )


EXACTLY_4_DAYS = AfterDays(days=4, at="instant")
ONE = assigned(PURCHASES)
BY_20TH = assigned(PURCHASES, deadline=OnDate(at=day(20)))
TWO = assigned(PURCHASES, KICK_OFF, SURVEY, deadline=OnDate(at=day(20)))
MUST_HOLD = assigned(PURCHASES, USERS, deadline=OnDate(at=day(20)), latches=False)
FROM_15TH = assigned(PURCHASES, start=DaysAfterAssignment(days=5), deadline=AfterDays(days=3, at="instant"))


@pytest.mark.parametrize(
    ("milestone", "facts", "now", "state", "at", "next_at"),
    [
        pytest.param(ONE, [[]], 11, STATE.IN_PROGRESS, 10, None, id="open"),
        pytest.param(ONE, [[span(2)]], 11, STATE.ACHIEVED, 2, None, id="achieved before it was assigned"),
        pytest.param(ONE, [[span(12)]], 11, STATE.IN_PROGRESS, 10, 12, id="the clock will achieve it"),
        pytest.param(ONE, [[span(2, 5)]], 11, STATE.ACHIEVED, 2, None, id="latched"),
        pytest.param(BY_20TH, [[]], 20, STATE.IN_PROGRESS, 10, "deadline", id="at the deadline there is still time"),
        pytest.param(BY_20TH, [[]], 21, STATE.MISSED, 20, None, id="missed"),
        pytest.param(BY_20TH, [[span(20)]], 21, STATE.ACHIEVED, 20, None, id="achieved at the deadline is in time"),
        pytest.param(BY_20TH, [[span(21)]], 21, STATE.ACHIEVED_LATE, 21, None, id="achieved late"),
        pytest.param(BY_20TH, [[span(25)]], 21, STATE.MISSED, 20, 25, id="missed, and the clock will achieve it late"),
        pytest.param(FROM_15TH, [[]], 14, STATE.NOT_STARTED, 10, 15, id="not started"),
        pytest.param(FROM_15TH, [[]], 15, STATE.IN_PROGRESS, 15, "deadline", id="started"),
        pytest.param(FROM_15TH, [[]], 19, STATE.MISSED, 18, None, id="the deadline counts from the start"),
        pytest.param(TWO, [[span(2)], [], []], 11, STATE.IN_PROGRESS, 10, "deadline", id="one of two is not enough"),
        pytest.param(TWO, [[span(2)], [Span(day(11))], []], 12, STATE.ACHIEVED, 11, None, id="the last one decides"),
        pytest.param(TWO, [[span(12)], [Span(day(11))], []], 12, STATE.ACHIEVED, 12, None, id="whichever it is"),
        pytest.param(TWO, [[span(12)], [], [Span(day(11))]], 12, STATE.IN_PROGRESS, 10, "deadline", id="a side show"),
        pytest.param(MUST_HOLD, [[span(1)], [span(3, 6)]], 5, STATE.NOT_STARTED, 10, 10, id="not before assignment"),
        pytest.param(MUST_HOLD, [[span(1)], [span(12, 16)]], 13, STATE.ACHIEVED, 12, 16, id="holds for now"),
        pytest.param(MUST_HOLD, [[span(1)], [span(12, 16)]], 16, STATE.IN_PROGRESS, 16, "deadline", id="lost"),
        pytest.param(MUST_HOLD, [[span(1, 14)], [span(12, 16)]], 17, STATE.IN_PROGRESS, 14, "deadline", id="lost at"),
        pytest.param(MUST_HOLD, [[span(1)], [span(12, 16)]], 21, STATE.MISSED, 20, None, id="lost, then missed"),
        pytest.param(MUST_HOLD, [[span(1)], [span(12, 22)]], 23, STATE.MISSED, 22, None, id="lost after the deadline"),
        pytest.param(
            MUST_HOLD, [[span(1)], [span(12, 16), span(21)]], 23, STATE.ACHIEVED_LATE, 21, None, id="regained too late"
        ),
        pytest.param(MUST_HOLD, [[span(1, 4)], [span(5)]], 12, STATE.IN_PROGRESS, 10, "deadline", id="never together"),
    ],
)
def test_the_state_follows_from_what_happened_and_the_time(
    *,
    milestone: AssignedMilestone,
    facts: Facts,
    now: float,
    state: MilestoneState,
    at: float,
    next_at: float | str | None,
) -> None:
    just_after = day(20 if milestone is not FROM_15TH else 18) + timedelta(milliseconds=1)
    expected_next = just_after if isinstance(next_at, str) else None if next_at is None else day(next_at)
    verdict = Case(milestone, facts).judge(day(now))
    assert (verdict.state, verdict.at, verdict.next_at) == (state, day(at), expected_next)


@pytest.mark.parametrize(
    ("milestone", "facts", "now", "reason", "value"),
    [
        pytest.param(ONE, [[span(2)]], 11, "5 purchases reached: value 5 on 1997-08-02", 5, id="reached"),
        pytest.param(ONE, [[]], 11, "not yet done: “5 purchases”", None, id="open"),
        pytest.param(
            BY_20TH,
            [[span(21, value=29.33)]],
            22,
            "5 purchases reached: value 29.33 on 1997-08-21, after the deadline of 1997-08-20",
            29.33,
            id="late",
        ),
        pytest.param(
            TWO,
            [[span(2)], [Span(day(11))], []],
            12,
            "all 2 actions done, the last one: Kick-off ticked on 1997-08-11",
            None,
            id="ticked",
        ),
        pytest.param(
            TWO,
            [[], [], []],
            22,
            "the deadline of 1997-08-20 passed; not yet done: “5 purchases”, “Kick-off”",
            None,
            id="missed",
        ),
        pytest.param(
            MUST_HOLD, [[span(1)], [span(12, 16)]], 17, "10 users no longer holds: value 3 on 1997-08-16", 3, id="lost"
        ),
        pytest.param(FROM_15TH, [[]], 12, "starts on 1997-08-15", None, id="not started"),
    ],
)
def test_a_verdict_says_why(
    milestone: AssignedMilestone, facts: Facts, now: float, reason: str, value: float | None
) -> None:
    verdict = Case(milestone, facts).judge(day(now))
    assert (verdict.reason, verdict.value) == (reason, value)


def test_a_verdict_says_for_how_long_it_was_held() -> None:
    weekly = PURCHASES.model_copy(update={"held_for": HeldFor(periods=2, period="week")})
    spans = held([span(1, 10), span(12)], HeldFor(periods=2, period="week"), Calendar())
    verdict = Case(assigned(weekly), [spans]).judge(day(27))
    assert (verdict.state, verdict.at, verdict.value) == (STATE.ACHIEVED, day(26), 5)
    assert verdict.reason == "5 purchases reached: value 5 on 1997-08-12, held for 2 weeks until 1997-08-26"


@pytest.mark.parametrize(
    ("held_for", "since"),
    [
        pytest.param(HeldFor(periods=3, period="day"), 4, id="days"),
        pytest.param(HeldFor(periods=1, period="week"), 8, id="a week"),
        pytest.param(HeldFor(periods=1, period="month"), 32, id="a month"),
        pytest.param(HeldFor(periods=40, period="day"), None, id="longer than it held"),
        pytest.param(HeldFor(periods=39, period="day"), None, id="as long as it held"),
    ],
)
def test_what_must_be_held_is_done_once_it_was(held_for: HeldFor, since: float | None) -> None:
    left = held([span(1, 40)], held_for, Calendar("Europe/Berlin"))
    assert [one.since for one in left] == ([] if since is None else [day(since)])


@pytest.mark.parametrize(
    ("start", "deadline", "at"),
    [
        pytest.param(OnAssignment(), EXACTLY_4_DAYS, 14, id="days after assignment"),
        pytest.param(AnyTime(), EXACTLY_4_DAYS, 14, id="without a start, also days after assignment"),
        pytest.param(OnDate(at=day(2)), EXACTLY_4_DAYS, 6, id="days after a date, even before assignment"),
        pytest.param(DaysAfterAssignment(days=2), OnDate(at=day(13)), 13, id="a date"),
    ],
)
def test_a_deadline_is_where_the_definition_puts_it(start: Start, deadline: Deadline, at: float) -> None:
    verdict = Case(assigned(PURCHASES, start=start, deadline=deadline), [[]]).judge(day(30))
    assert (verdict.state, verdict.at) == (STATE.MISSED, day(at))


@pytest.mark.parametrize(
    ("before", "before_at", "latches", "after", "after_at", "corrects"),
    [
        pytest.param(STATE.NOT_STARTED, 10, True, STATE.ACHIEVED, 2, False, id="first look"),
        pytest.param(STATE.IN_PROGRESS, 10, True, STATE.ACHIEVED, 2, False, id="achieved by a back-dated event"),
        pytest.param(STATE.IN_PROGRESS, 10, True, STATE.NOT_STARTED, 10, True, id="the start was moved ahead"),
        pytest.param(STATE.ACHIEVED, 12, True, STATE.ACHIEVED, 11, True, id="achieved earlier than thought"),
        pytest.param(STATE.ACHIEVED, 12, True, STATE.IN_PROGRESS, 10, True, id="the target was raised"),
        pytest.param(STATE.MISSED, 20, True, STATE.ACHIEVED, 19, True, id="a late event saved it"),
        pytest.param(STATE.MISSED, 20, True, STATE.ACHIEVED_LATE, 21, False, id="achieved late"),
        pytest.param(STATE.ACHIEVED, 12, False, STATE.IN_PROGRESS, 14, False, id="lost"),
        pytest.param(STATE.ACHIEVED, 12, False, STATE.IN_PROGRESS, 10, True, id="never held"),
        pytest.param(STATE.ACHIEVED, 12, False, STATE.ACHIEVED, 15, True, id="achieved later than thought"),
    ],
)
def test_a_verdict_that_contradicts_the_state_before_is_a_correction(
    *, before: MilestoneState, before_at: float, latches: bool, after: MilestoneState, after_at: float, corrects: bool
) -> None:
    milestone = assigned(PURCHASES, state=before, state_at=before_at, latches=latches)
    assert is_correction(milestone, Verdict(state=after, at=day(after_at), reason="")) is corrects
