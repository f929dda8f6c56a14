"""States over time, as put together from recorded changes: counted at once as one would count instant by instant."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.history import Life, Recorded, Stay, count_states, stays

STATES = ("in_progress", "achieved", "missed")

changes = st.builds(Recorded, st.integers(-5, 30), st.sampled_from(STATES), st.booleans(), st.none())
stretches = st.builds(Recorded, st.integers(-5, 30), st.sampled_from(STATES), st.booleans(), st.integers(-5, 30))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    begin = draw(st.integers(0, 20))
    end = draw(st.none() | st.integers(begin, 30))
    return Life(begin, end, stays(begin, "not_started", "in_progress", draw(st.lists(changes | stretches, max_size=6))))


@settings(max_examples=300, deadline=None)
@given(some=st.lists(lives(), max_size=6), instants=st.sets(st.integers(-2, 32), max_size=12).map(sorted))
def test_counting_at_once_is_counting_at_each_instant(some: list[Life], instants: list[int]) -> None:
    naive = [Counter(stay.state for life in some if (stay := life.state_at(at)) is not None) for at in instants]
    assert count_states(some, instants) == naive


@settings(max_examples=300, deadline=None)
@given(begin=st.integers(0, 20), recorded=st.lists(changes, min_size=1, max_size=8))
def test_the_last_recorded_change_stands_and_stays_are_in_order(begin: int, recorded: list[Recorded]) -> None:
    found = stays(begin, "not_started", "in_progress", recorded)
    assert found[-1] == Stay(recorded[-1].at_ms, recorded[-1].state)
    assert [stay.since_ms for stay in found] == sorted({stay.since_ms for stay in found})


@settings(max_examples=300, deadline=None)
@given(begin=st.integers(0, 20), recorded=st.lists(changes, max_size=8), stretch=stretches)
def test_from_the_end_of_a_stretch_on_what_was_recorded_before_it_stands(
    begin: int, recorded: list[Recorded], stretch: Recorded
) -> None:
    before, after = (stays(begin, "not_started", "in_progress", some) for some in (recorded, [*recorded, stretch]))
    assert stretch.until_ms is not None
    ends = max(stretch.until_ms, stretch.at_ms + 1)
    assert [one for one in after if one.since_ms >= ends] == [one for one in before if one.since_ms >= ends]


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ([], [(3, "not_started")]),
        ([Recorded(3, "in_progress"), Recorded(9, "achieved")], [(3, "in_progress"), (9, "achieved")]),
        ([Recorded(1, "achieved")], [(1, "achieved")]),
        (
            [Recorded(3, "in_progress"), Recorded(9, "missed"), Recorded(7, "achieved", is_correction=True)],
            [(3, "in_progress"), (7, "achieved")],
        ),
        (
            [Recorded(3, "in_progress"), Recorded(7, "achieved"), Recorded(9, "achieved", is_correction=True)],
            [(3, "in_progress"), (9, "achieved")],
        ),
        (
            [Recorded(1, "achieved"), Recorded(9, "missed", is_correction=True)],
            [(3, "in_progress"), (9, "missed")],
        ),
        (
            [Recorded(3, "achieved"), Recorded(6, "in_progress"), Recorded(8, "achieved")],
            [(3, "achieved"), (6, "in_progress"), (8, "achieved")],
        ),
    ],
    ids=["nothing", "in order", "before the assignment", "earlier", "later", "all of it", "lost and regained"],
)
def test_later_knowledge_overrules_what_was_recorded(recorded: list[Recorded], expected: list[tuple[int, str]]) -> None:
    assert stays(3, "not_started", "in_progress", recorded) == expected
