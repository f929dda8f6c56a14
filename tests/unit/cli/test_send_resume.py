"""Where a sending was: nothing that was counted is lost, whatever moment it ends at."""

import json
from pathlib import Path

import pytest

from milepost.cli.send.layout import BadRecord
from milepost.cli.send.resume import Place, Resume


def bad(number: int) -> BadRecord:
    return BadRecord(number, number + 1, "is wrong", "ü\udc80" if number % 2 else "x\n")


def refused_numbers(resume: Resume, place: Place, folder: Path) -> list[int]:
    target = folder / "refused.ndjson"
    resume.write_refused(place, target)
    return [json.loads(line)["record"] for line in target.read_text().splitlines()] if target.exists() else []


def test_a_new_process_finds_the_place_and_the_refused_records_of_the_old_one(tmp_path: Path) -> None:
    place = Resume(tmp_path, "a").remember(Place(), accepted=8, refused=[bad(3), bad(4)])
    assert place == Place(done=10, accepted=8, refused=2, refused_bytes=place.refused_bytes)
    again = Resume(tmp_path, "a")
    assert again.place() == place
    later = again.remember(again.place(), accepted=1, refused=[bad(12)])
    assert refused_numbers(again, later, tmp_path) == [3, 4, 12]
    assert Resume(tmp_path, "b").place() == Place()


def test_what_was_written_of_a_batch_that_was_never_counted_is_written_once(tmp_path: Path) -> None:
    resume = Resume(tmp_path, "a")
    place = resume.remember(Place(), accepted=1, refused=[bad(1)])
    with (tmp_path / "a.refused.ndjson").open("ab") as file:
        file.write(b'{"record": 2, "half of a li')
    assert refused_numbers(resume, resume.place(), tmp_path) == [1]
    place = resume.remember(resume.place(), accepted=0, refused=[bad(2)])
    assert refused_numbers(resume, place, tmp_path) == [1, 2]


@pytest.mark.parametrize("content", ["", "120", '{"done": 5, "accepted": 2, "refused": 1}', "{"])
def test_a_place_that_cannot_be_right_is_the_beginning(tmp_path: Path, content: str) -> None:
    (tmp_path / "a").write_text(content)
    assert Resume(tmp_path, "a").place() == Place()


def test_a_list_of_refused_records_that_is_gone_is_made_again_from_the_beginning(tmp_path: Path) -> None:
    resume = Resume(tmp_path, "a")
    resume.remember(Place(), accepted=1, refused=[bad(1)])
    (tmp_path / "a.refused.ndjson").unlink()
    assert resume.place() == Place()


def test_a_complete_sending_leaves_nothing(tmp_path: Path) -> None:
    resume = Resume(tmp_path, "a")
    resume.remember(Place(), accepted=1, refused=[bad(1)])
    resume.forget()
    assert list(tmp_path.iterdir()) == []
