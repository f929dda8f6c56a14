"""What the processes tell each other about their health, through small files in `<data>/run`.

The reactor writes how it is; ingest workers read it to answer `/ready` for the whole service.
"""

from __future__ import annotations

import os
import zlib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

STALE_MS = 5_000
STUCK_MS = 60_000
_FILE_BYTES: Final = 4096
_LONGEST_SENTENCE: Final = 1000
_LOOKS: Final = 3
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class ReactorHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The reactor at `at_ms`; `stopped_because` is set when the line stands still and a person must look.

    All times are of the monotonic clock of this boot (`kit.clock.monotonic_ms`), which nobody can set back: beside
    them stands whose they are. `waits_for` is what the line is waiting for to work again.
    `unjudged_companies` are those whose states cannot be kept, `unjudged_metrics` those that cannot be evaluated for
    anyone, `plans_waiting` the companies whose states wait to be judged, the first of them since
    `plans_wait_since_ms`; the judge works beside the reactor, and made progress last at `plans_progressed_at_ms`.
    """

    at_ms: int
    progressed_at_ms: int
    lag_entries: int
    stopped_because: str = ""
    waits_for: str = ""
    unjudged_companies: int = 0
    unjudged_metrics: int = 0
    plans_waiting: int = 0
    plans_wait_since_ms: int | None = None
    plans_progressed_at_ms: int = 0
    pid: int = 0
    boot_id: str = ""


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether events can be accepted and are being processed, and each reason why not.

    Companies and metrics that cannot be judged are told, and no reason: turning events away would mend none of them.
    Nor are plans that are behind, as long as the judge gets on.
    """

    ready: bool
    reasons: tuple[str, ...]
    lag_entries: int | None
    unjudged_companies: int = 0
    unjudged_metrics: int = 0
    plans_waiting: int = 0
    plans_behind_seconds: float = 0.0


@cache
def boot_id() -> str:
    """What tells this boot of the machine from others; empty where the system does not say."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class HealthFile:
    """The writer's end: overwrites one block in place, which takes neither new space nor a new descriptor.

    So a reactor whose disk is full, or whose descriptors are used up, still says how it is.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file, 0, _FILE_BYTES)

    def write(self, health: ReactorHealth) -> None:
        """Replace what was said before."""
        said = msgspec.structs.replace(
            health,
            pid=os.getpid(),
            boot_id=boot_id(),
            stopped_because=health.stopped_because[:_LONGEST_SENTENCE],
            waits_for=health.waits_for[:_LONGEST_SENTENCE],
        )
        body = msgspec.json.encode(said)
        os.pwrite(self._file, b"%08x %s\n" % (zlib.crc32(body), body), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def read_health(path: Path) -> ReactorHealth | None:
    """What was written last by a process of this boot that still lives, or None. OSError if it cannot be read."""
    for _ in range(_LOOKS):
        try:
            line, _, _ = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        checksum, _, body = line.partition(b" ")
        if checksum == b"%08x" % zlib.crc32(body):
            break
    else:  # it is being written for the first time, or is no such file
        return None
    try:
        health = msgspec.json.decode(body, type=ReactorHealth)
    except msgspec.DecodeError:
        return None
    return health if health.boot_id == boot_id() and _lives(health.pid) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def readiness(
    reactor: ReactorHealth | None,
    *,
    now_ms: int,
    is_journal_broken: bool,
    free_bytes: int,
    reserve_bytes: int,
    crash_loop: str = "",
) -> Readiness:
    """Judge the parts; `now_ms` is of the monotonic clock. A long backlog alone is no reason, as long as it moves."""
    reasons: list[str] = []
    if is_journal_broken:
        reasons.append("the journal cannot be written")
    if free_bytes < reserve_bytes:
        reasons.append(f"the disk is nearly full: {free_bytes} bytes free, {reserve_bytes} are kept in reserve")
    if crash_loop:
        reasons.append(crash_loop)
    if reactor is None:
        reasons.append("the reactor is starting")
    elif reactor.stopped_because:
        reasons.append(f"the reactor stopped: {reactor.stopped_because}")
    elif now_ms - reactor.at_ms > STALE_MS:
        reasons.append("the reactor gives no sign of life")
    elif reactor.waits_for:
        reasons.append(f"the reactor waits and tries again: {reactor.waits_for}")
    elif reactor.lag_entries and now_ms - reactor.progressed_at_ms > STUCK_MS:
        reasons.append("the reactor has a backlog and does not move")
    elif reactor.plans_waiting and now_ms - reactor.plans_progressed_at_ms > STUCK_MS:
        reasons.append(f"the judge has recorded nothing for {STUCK_MS // 1000} s, while plans wait for it")
    since_ms = reactor.plans_wait_since_ms if reactor else None
    return Readiness(
        ready=not reasons,
        reasons=tuple(reasons),
        lag_entries=reactor.lag_entries if reactor else None,
        unjudged_companies=reactor.unjudged_companies if reactor else 0,
        unjudged_metrics=reactor.unjudged_metrics if reactor else 0,
        plans_waiting=reactor.plans_waiting if reactor else 0,
        plans_behind_seconds=0.0 if since_ms is None else max(0, now_ms - since_ms) / 1000,
    )


def free_bytes(folder: Path) -> int:
    """Space that this process may still use on the folder's disk."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def read_crash_loop(file: Path) -> str:
    """What the supervisor says of a process that crashes again and again; empty if none does."""
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""
