"""What `/ready` rests on: a health record that is no older than it seems, whatever the clock or the disk does."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from milepost.kit.clock import monotonic_ms
from milepost.observe import health as health_module
from milepost.observe.health import STALE_MS, STUCK_MS, HealthFile, ReactorHealth, Readiness, read_health, readiness
from milepost.observe.logs import configure_logs, logger
from milepost.observe.pulse import EVERY_MS, Pulse

HOUR_NS = 3_600_000_000_000


def _health(at_ms: int, **more: object) -> ReactorHealth:
    return ReactorHealth(**{"at_ms": at_ms, "progressed_at_ms": at_ms, "lag_entries": 0} | more)  # type: ignore[arg-type]


def _ready(health: ReactorHealth | None, now_ms: int, *, free: int = 10) -> Readiness:
    return readiness(health, now_ms=now_ms, is_journal_broken=False, free_bytes=free, reserve_bytes=5)


def test_what_is_written_is_read_with_the_process_and_the_boot_it_is_of(tmp_path: Path) -> None:
    file = HealthFile(tmp_path / "run" / "reactor.json")
    file.write(_health(7, waits_for="x" * 5000))
    file.write(_health(8, stopped_because="it is so"))
    found = read_health(tmp_path / "run" / "reactor.json")
    assert found == _health(8, stopped_because="it is so", pid=os.getpid(), boot_id=health_module.boot_id())
    file.close()


@pytest.mark.parametrize("content", [b"", b"no health", b'0a0b0c0d {"at_ms":1}\n', b"\0" * 4096])
def test_what_is_no_whole_record_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "reactor.json").write_bytes(content)
    assert read_health(tmp_path / "reactor.json") is None


def test_the_word_of_a_process_that_is_gone_or_of_another_boot_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reactor.json"
    write = (
        "import sys; from pathlib import Path; from milepost.observe.health import HealthFile, ReactorHealth;"
        "HealthFile(Path(sys.argv[1])).write(ReactorHealth(at_ms=1, progressed_at_ms=1, lag_entries=0))"
    )
    subprocess.run([sys.executable, "-c", write, str(path)], check=True)
    assert path.read_bytes().count(b'"at_ms":1') == 1
    assert read_health(path) is None
    HealthFile(path).write(_health(2))
    assert read_health(path) is not None
    monkeypatch.setattr(health_module, "boot_id", lambda: "another boot")
    assert read_health(path) is None


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_clock_that_is_set_makes_no_health_older_or_younger(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    health = _health(monotonic_ms())
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + hours * HOUR_NS)
    assert _ready(health, monotonic_ms()).ready
    assert _ready(health, health.at_ms + STALE_MS).ready
    assert _ready(health, health.at_ms + STALE_MS + 1).reasons == ("the reactor gives no sign of life",)
    stuck = _health(health.at_ms + STUCK_MS + 1, progressed_at_ms=health.at_ms, lag_entries=3)
    assert _ready(stuck, stuck.at_ms).reasons == ("the reactor has a backlog and does not move",)


def test_a_full_disk_is_told_from_a_dead_reactor() -> None:
    full = _ready(_health(1000, waits_for="database or disk is full"), 1000, free=1)
    assert full.reasons == (
        "the disk is nearly full: 1 bytes free, 5 are kept in reserve",
        "the reactor waits and tries again: database or disk is full",
    )
    assert _ready(_health(1000), 9000, free=9).reasons == ("the reactor gives no sign of life",)


def test_a_pulse_outlives_whatever_goes_wrong_in_saying_how_it_is() -> None:
    said: list[ReactorHealth] = []
    now = 0

    def report(health: ReactorHealth) -> None:
        said.append(health)
        if len(said) < 3:
            raise OSError(28, "No space left on device")

    def lag() -> int:
        raise OSError(24, "Too many open files")

    pulse = Pulse(lag, report, lambda: now)
    for _ in range(4):
        now += EVERY_MS
        pulse.beat()
    assert [health.at_ms for health in said] == [EVERY_MS * one for one in (1, 2, 3, 4)]


def test_a_pulse_says_what_either_thread_waits_for_until_it_goes_on() -> None:
    said: list[str] = []
    now = 0
    pulse = Pulse(lambda: 0, lambda health: said.append(health.waits_for), lambda: now)
    for who, reason in [("settling", "full"), ("line", ""), ("line", "locked"), ("settling", ""), ("line", "")]:
        pulse.waits(who, reason)
        now += EVERY_MS
        pulse.beat()
    assert said == ["full", "full", "full", "locked", ""]


def test_a_log_that_cannot_be_written_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        configure_logs("tests")
        logger("tests").info("listening", worker=1)
        monkeypatch.undo()
        configure_logs("tests")
        _forget(full.fileno())


def _forget(descriptor: int) -> None:
    """What is still in the buffer would fail again when the file is closed."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
