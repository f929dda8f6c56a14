"""A disk that is full and a journal that cannot be written: a clear refusal, and nothing acknowledged is lost."""

import resource
from pathlib import Path

import httpx
import pytest

from milepost.observe import paths
from milepost.testing.service import Service, running_service, wait_for

_EVENT = {"eventKey": "logins", "data": [{"userId": "u1"}]}


def test_below_the_disk_reserve_events_are_503_and_ready_says_why(tmp_path: Path) -> None:
    service = Service(data=tmp_path / "data", environment={"MILEPOST_DISK_RESERVE_BYTES": str(1 << 60)})
    keys = service.add_connection()
    try:
        service.start(is_awaited=False)
        wait_for(lambda: service.ready()[0] == 503, seconds=30, what="/ready")
        assert any("the disk is nearly full" in reason for reason in service.ready()[1]["reasons"])
        with service.api(service.get_token(keys)) as client:
            answer = client.post("/events", json=_EVENT)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
    finally:
        assert service.stop() == 0


def _fail_writes(pid: int) -> None:
    """From now on the process's writes to files fail, as they do on a broken disk."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def test_a_journal_that_fails_under_load_refuses_heals_and_has_lost_nothing(tmp_path: Path) -> None:
    with (
        running_service(tmp_path / "data") as service,
        service.api(service.get_token(service.add_connection())) as client,
    ):
        statuses: list[int] = []

        def send() -> int:
            try:
                answer = client.post("/events", json=_EVENT)
            except httpx.TransportError:
                return 0
            statuses.append(answer.status_code)
            assert answer.status_code == 202 or "retry-after" in answer.headers
            return answer.status_code

        for _ in range(20):
            assert send() == 202
        _fail_writes(service.pid("ingest-0"))
        wait_for(lambda: send() == 503, seconds=10, what="a refusal")
        wait_for(lambda: send() == 202, seconds=30, what="a worker that can write again")
        assert set(statuses) == {202, 503}
        assert service.wait_until_logged(statuses.count(202))["processed"] == statuses.count(202)
        (death,) = service.logged("child_died")
        assert death["child"] == "ingest-0"


@pytest.mark.parametrize("damage", ["garbage", "a folder"])
def test_a_journal_file_that_is_none_ends_the_start_with_its_name(tmp_path: Path, damage: str) -> None:
    journal = paths.journal(tmp_path / "data") / "partition-0.sqlite"
    journal.parent.mkdir(parents=True)
    if damage == "garbage":
        journal.write_bytes(b"this is no database " * 1000)
    else:
        journal.mkdir()
    service = Service(data=tmp_path / "data")
    service.start(is_awaited=False)
    try:
        assert service.process is not None
        assert service.process.wait(30) == 1
    finally:
        service.stop()
    said = service.log_file.read_text()
    assert "Traceback" not in said
    assert "Milepost cannot run:" in said
    assert str(journal) in said
