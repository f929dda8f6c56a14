"""Rejections on disk: newest first over all workers' files, filtered, paged, bounded by count and age."""

from pathlib import Path
from uuid import UUID

import pytest

from milepost.domain.errors import Fault
from milepost.domain.rejection import Rejection, RejectionFilter
from milepost.kit.ids import uuid7
from milepost.record.rejections import RejectionReader, RejectionWriter

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000
ONE, OTHER = UUID(int=1), UUID(int=2)


def rejection(
    at_ms: int = NOW_MS, *, connection: UUID = ONE, door: str = "events", code: str = "invalid_input"
) -> Rejection:
    return Rejection(
        id=uuid7(at_ms),
        connection_id=connection,
        received_at_ms=at_ms,
        door=door,
        status=400,
        code=code,
        reason="eventKey: must be a non-empty string",
        faults=(Fault(path="eventKey", reason="must be a non-empty string"), Fault(path="data", reason="é")),
        excerpt='{"eventKey":""}',
    )


def writer(folder: Path, worker: int = 0, *, most: int = 1000) -> RejectionWriter:
    return RejectionWriter(folder, worker, most_per_connection=most, keep_ms=DAY_MS)


def reader(folder: Path, now_ms: int = NOW_MS) -> RejectionReader:
    return RejectionReader(folder, keep_ms=DAY_MS, clock=lambda: now_ms)


def page(
    folder: Path, wanted: RejectionFilter | None = None, *, older_than: UUID | None = None, limit: int = 100
) -> list[Rejection]:
    return reader(folder).page(wanted or RejectionFilter(), older_than=older_than, limit=limit)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    one = rejection()
    writer(tmp_path).write([one], NOW_MS)
    assert page(tmp_path) == [one]
    assert one.path == "eventKey"


def test_before_the_first_worker_there_is_nothing(tmp_path: Path) -> None:
    assert page(tmp_path / "nowhere") == []


def test_the_files_of_all_workers_are_read_together_newest_first(tmp_path: Path) -> None:
    all_of_them = [rejection(NOW_MS + age) for age in range(10)]
    writer(tmp_path, 0).write(all_of_them[::2], NOW_MS)
    writer(tmp_path, 1).write(all_of_them[1::2], NOW_MS)
    assert page(tmp_path) == all_of_them[::-1]


def test_pages_follow_each_other_without_gap_or_overlap(tmp_path: Path) -> None:
    for worker in (0, 1):
        writer(tmp_path, worker).write([rejection(NOW_MS + place // 3) for place in range(20)], NOW_MS)
    whole = page(tmp_path)
    found: list[Rejection] = []
    while more := page(tmp_path, older_than=found[-1].id if found else None, limit=7):
        found += more
    assert found == whole
    assert len({one.id for one in found}) == 40


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RejectionFilter(connection_id=OTHER), [1]),
        (RejectionFilter(door="batch"), [2]),
        (RejectionFilter(code="over_limit"), [3]),
        (RejectionFilter(since_ms=NOW_MS + 2), [3, 2]),
        (RejectionFilter(until_ms=NOW_MS + 2), [1, 0]),
        (RejectionFilter(connection_id=ONE, since_ms=NOW_MS + 1, until_ms=NOW_MS + 3), [2]),
    ],
)
def test_a_filter_narrows(tmp_path: Path, wanted: RejectionFilter, expected: list[int]) -> None:
    kept = [
        rejection(NOW_MS),
        rejection(NOW_MS + 1, connection=OTHER),
        rejection(NOW_MS + 2, door="batch"),
        rejection(NOW_MS + 3, code="over_limit"),
    ]
    writer(tmp_path).write(kept, NOW_MS)
    assert page(tmp_path, wanted) == [kept[place] for place in expected]


def test_the_newest_of_each_connection_are_kept(tmp_path: Path) -> None:
    kept = writer(tmp_path, most=3)
    of_one = [rejection(NOW_MS + place) for place in range(10)]
    of_other = rejection(NOW_MS, connection=OTHER)
    kept.write([*of_one[:5], of_other], NOW_MS)
    kept.write(of_one[5:], NOW_MS)
    assert page(tmp_path) == [*of_one[:-4:-1], of_other]


def test_what_is_too_old_goes_with_the_next_write_and_is_not_shown_before(tmp_path: Path) -> None:
    kept = writer(tmp_path)
    kept.write([rejection(NOW_MS - DAY_MS - 1), young := rejection(NOW_MS - DAY_MS)], NOW_MS - DAY_MS)
    assert page(tmp_path) == [young]
    kept.write([], NOW_MS + 1)
    assert reader(tmp_path, NOW_MS - DAY_MS).page(RejectionFilter(), older_than=None, limit=9) == []


def test_a_second_start_goes_on_with_the_same_file(tmp_path: Path) -> None:
    first = writer(tmp_path)
    first.write([rejection()], NOW_MS)
    first.close()
    writer(tmp_path).write([rejection()], NOW_MS)
    assert len(page(tmp_path)) == 2


def test_a_damaged_file_is_made_anew_and_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "worker-0.sqlite").write_bytes(b"no database" * 1000)
    writer(tmp_path, 1).write([one := rejection()], NOW_MS)
    assert page(tmp_path) == [one]
    writer(tmp_path, 0).write([other := rejection(NOW_MS + 1)], NOW_MS)
    assert page(tmp_path) == [other, one]
