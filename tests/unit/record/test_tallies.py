"""Tallies in the checkpoints' file."""

from pathlib import Path
from uuid import UUID

from milepost.domain.tally import Tally
from milepost.record.checkpoint import Checkpoints, Span
from milepost.record.tallies import TallyReader

SIGNAL, OTHER = UUID(int=1), UUID(int=2)


def tally(signal_id: UUID = SIGNAL, day: int = 20_000, **counts: int) -> Tally:
    failures = {name: count for name, count in counts.items() if name == "amount"}
    return Tally(signal_id=signal_id, day=day, failures=failures, **{n: c for n, c in counts.items() if n != "amount"})


def test_what_batches_count_adds_up_by_signal_and_day(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    first = [tally(seen=3, matched=2, amount=1), tally(OTHER, seen=9), tally(day=20_001, seen=1)]
    checkpoints.finish(checkpoints.begin([Span(0, 0, 3)]), first)
    checkpoints.finish(checkpoints.begin([Span(0, 3, 4)]), [tally(seen=4, company_missing=1, amount=2)])
    assert TallyReader(tmp_path / "c").days(SIGNAL) == [
        tally(seen=7, matched=2, company_missing=1, amount=3),
        tally(day=20_001, seen=1),
    ]


def test_two_groups_of_one_batch_add_up_too(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    checkpoints.finish(checkpoints.begin([Span(0, 0, 3)]), [tally(seen=3), tally(seen=4)])
    assert TallyReader(tmp_path / "c").days(SIGNAL) == [tally(seen=7)]


def test_before_the_first_event_there_is_no_tally(tmp_path: Path) -> None:
    assert list(TallyReader(tmp_path / "none").days(SIGNAL)) == []
    Checkpoints(tmp_path / "c")
    assert list(TallyReader(tmp_path / "c").days(SIGNAL)) == []
