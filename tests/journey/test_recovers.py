"""What happens when a disk is full, descriptors run out, a process hangs or cannot start: it recovers by itself."""

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from milepost.observe import paths
from milepost.testing.service import Service, running_service, wait_for

_EVENT = {"eventKey": "logins", "data": [{"userId": "u1"}]}
_DISK_BYTES = 400 * 1024 * 1024
_QUICK = {"MILEPOST_STALL_SECONDS": "3", "MILEPOST_DISK_RESERVE_BYTES": str(8 * 1024 * 1024)}


@contextmanager
def _own_disk(folder: Path) -> Iterator[bool]:
    """A small file system at the folder, and whether there could be one: it needs the right to mount."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)]
    try:
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def _full(service: Service, folder: Path, *, is_own_disk: bool) -> Iterator[None]:
    """For the block no file of the service grows any more: the disk has no room, or its processes are told so."""
    if is_own_disk:
        _fill(folder / "filler")
        yield
        (folder / "filler").unlink()
        return
    for child in ("app", "ingest-0"):
        _limit(service, child, resource.RLIMIT_FSIZE, 0)
    yield
    for child in ("app", "ingest-0"):
        _limit(service, child, resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)


def _fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def _limit(service: Service, child: str, kind: int, soft: int) -> None:
    pid = service.pid(child)
    _, hard = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (hard if soft == resource.RLIM_INFINITY else soft, hard))


def _send(service: Service, token: str) -> int:
    with service.api(token) as client:
        answer = client.post("/events", json=_EVENT)
    assert answer.status_code in (202, 503), answer.text
    return answer.status_code


def _sent(service: Service, token: str) -> bool:
    with suppress(httpx.TransportError):
        return _send(service, token) == 202
    return False


def test_a_disk_that_is_full_for_a_while_ends_nothing_and_is_told_from_a_dead_reactor(tmp_path: Path) -> None:
    with (
        _own_disk(tmp_path / "disk") as is_own_disk,
        running_service(tmp_path / "disk" / "data", environment=_QUICK) as service,
    ):
        token = service.get_token(service.add_connection())
        assert _send(service, token) == 202
        app = service.pid("app")
        with _full(service, tmp_path / "disk", is_own_disk=is_own_disk):
            wait_for(lambda: service.ready()[0] == 503, seconds=20, what="a red /ready")
            if is_own_disk:
                for _ in range(100):  # some seconds, in which the reactor says how it is many times
                    assert [reason.partition(":")[0] for reason in service.ready()[1]["reasons"]] == [
                        "the disk is nearly full"
                    ]
                    assert _send(service, token) == 503
        service.wait_until_ready(30)
        assert _send(service, token) == 202
        assert service.wait_until_logged(2)["processed"] == 2
        assert service.pid("app") == app
        assert service.logged("line_stopped") == service.logged("thread_broke") == []


def test_a_reactor_without_room_for_its_files_waits_says_so_and_goes_on(tmp_path: Path) -> None:
    with running_service(tmp_path / "data", environment=_QUICK) as service:
        token = service.get_token(service.add_connection())
        app = service.pid("app")
        _limit(service, "app", resource.RLIMIT_FSIZE, 0)
        assert _send(service, token) == 202
        wait_for(lambda: service.ready()[0] == 503, seconds=20, what="a red /ready")
        _limit(service, "app", resource.RLIMIT_FSIZE, resource.RLIM_INFINITY)
        service.wait_until_ready(30)
        assert service.wait_until_logged(1) == {"processed": 1, "duplicate": 0, "parked": 0}
        assert service.pid("app") == app


@pytest.mark.parametrize("child", ["app", "ingest-0"])
def test_a_process_without_descriptors_ends_no_line(tmp_path: Path, child: str) -> None:
    with running_service(tmp_path / "data", environment=_QUICK) as service:
        token = service.get_token(service.add_connection())
        _limit(service, child, resource.RLIMIT_NOFILE, 3)  # those below are open: there is none to be had
        wait_for(lambda: service.ready()[0] != 200, seconds=30, what="a red /ready")
        _limit(service, child, resource.RLIMIT_NOFILE, resource.RLIM_INFINITY)
        service.wait_until_ready(30)
        wait_for(lambda: _sent(service, token), seconds=20, what="an accepted event")
        assert service.wait_until_logged(1)["parked"] == 0


def test_a_worker_that_cannot_start_while_the_control_database_is_away_comes_back_with_it(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        token = service.get_token(service.add_connection())
        file = paths.control(service.data)
        away = file.with_name("away.sqlite")
        file.rename(away)
        service.kill("ingest-0")
        wait_for(lambda: len(service.logged("child_died", child="ingest-0")) > 2, seconds=60, what="starts in vain")
        assert service.logged("cannot_run", process="ingest-0")[0]["reason"].startswith("The control database")
        assert not file.exists()
        away.rename(file)
        wait_for(lambda: _sent(service, token), seconds=30, what="an accepted event")
        service.wait_until_ready(30)


@pytest.mark.parametrize("child", ["app", "ingest-0"])
def test_a_process_that_hangs_is_noticed_and_replaced(tmp_path: Path, child: str) -> None:
    with running_service(tmp_path / "data", environment=_QUICK) as service:
        token = service.get_token(service.add_connection())
        assert _send(service, token) == 202
        stopped = service.pid(child)
        os.kill(stopped, signal.SIGSTOP)
        wait_for(lambda: service.logged("child_hangs", child=child), seconds=30, what="a sign that it hangs")
        wait_for(lambda: service.pid(child) != stopped, seconds=30, what="another in its place")
        wait_for(lambda: _sent(service, token), seconds=30, what="an accepted event")
        service.wait_until_ready(30)
        assert service.wait_until_logged(2) == {"processed": 2, "duplicate": 0, "parked": 0}


def test_a_process_that_crashes_again_and_again_is_told_with_what_it_was_at_and_the_doors_stay_open(
    tmp_path: Path,
) -> None:
    with running_service(tmp_path / "data") as service:
        token = service.get_token(service.add_connection())
        crashed = set[int]()

        def crash() -> bool:
            if (pid := service.pid("app")) not in crashed:
                crashed.add(pid)
                os.kill(pid, signal.SIGSEGV)
            return bool(service.logged("child_crashes", child="app"))

        wait_for(crash, seconds=60, what="a crash loop")
        assert len(crashed) <= 4
        (sentence,) = {line["told"] for line in service.logged("child_crashes")}
        assert "by SIGSEGV, each time while starting" in sentence
        wait_for(lambda: sentence in service.ready()[1].get("reasons", ()), seconds=20, what="the sentence in /ready")
        assert _send(service, token) == 202
        assert service.logged("child_died", child="app")[-1]["next_start_seconds"] == 30
