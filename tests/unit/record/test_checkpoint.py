"""Checkpoints and intents."""

from pathlib import Path

from milepost.record.checkpoint import Checkpoints, Span, read_reached


def test_a_batch_that_was_begun_is_found_again_after_a_crash_with_its_number_spans_and_token(tmp_path: Path) -> None:
    begun = Checkpoints(tmp_path / "c").begin([Span(0, 0, 10), Span(1, 5, 6)])
    assert Checkpoints(tmp_path / "c").open_intents() == [begun]


def test_finishing_a_batch_moves_the_checkpoints_and_takes_the_intent_away(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    first = checkpoints.begin([Span(0, 0, 10)])
    second = checkpoints.begin([Span(0, 10, 12), Span(1, 0, 3)])
    checkpoints.finish(first)
    assert checkpoints.open_intents() == [second]
    assert checkpoints.reached() == {0: 10}
    checkpoints.finish(second)
    assert checkpoints.reached() == read_reached(tmp_path / "c") == {0: 12, 1: 3}


def test_batch_numbers_rise_for_ever_and_tokens_are_unique_over_folders(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    first = checkpoints.begin([Span(0, 0, 1)])
    checkpoints.finish(first)
    second = Checkpoints(tmp_path / "c").begin([Span(0, 1, 2)])
    elsewhere = Checkpoints(tmp_path / "d").begin([Span(0, 0, 1)])
    assert second.batch == first.batch + 1
    assert len({first.token, second.token, elsewhere.token}) == 3


def test_another_process_reads_nothing_before_the_reactors_first_start(tmp_path: Path) -> None:
    assert read_reached(tmp_path / "none") == {}
