"""What the processes tell each other about their health, through small files in `<data>/run`.

The reactor writes how it is; ingest workers read it to answer `/ready` for the whole service.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

STALE_MS = 5_000
STUCK_MS = 60_000


class ReactorHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The reactor at `at_ms`; `stopped_because` is set when the line stands still and a person must look.

    `unjudged_companies` are those whose states cannot be kept, `plans_waiting` those whose states wait to be judged,
    the first of them since `plans_wait_since_ms`; the judge works beside the reactor, and got on at
    `plans_progressed_at_ms`.
    """

    at_ms: int
    progressed_at_ms: int
    lag_entries: int
    stopped_because: str = ""
    unjudged_companies: int = 0
    plans_waiting: int = 0
    plans_wait_since_ms: int | None = None
    plans_progressed_at_ms: int = 0


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether events can be accepted and are being processed, and each reason why not.

    Companies that cannot be judged are told, and no reason: turning events away would mend none of them. Nor are plans
    that are behind, as long as the judge gets on.
    """

    ready: bool
    reasons: tuple[str, ...]
    lag_entries: int | None
    unjudged_companies: int = 0
    plans_waiting: int = 0
    plans_behind_seconds: float = 0.0


def write_health(path: Path, health: ReactorHealth) -> None:
    """Replace the file whole, so that a reader never sees half of it."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(health))
    draft.replace(path)


def read_health(path: Path) -> ReactorHealth | None:
    """What was written last, or None."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ReactorHealth)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def readiness(
    reactor: ReactorHealth | None, *, now_ms: int, is_journal_broken: bool, free_bytes: int, reserve_bytes: int
) -> Readiness:
    """Judge the parts. A long backlog alone is no reason, as long as it moves."""
    reasons: list[str] = []
    if is_journal_broken:
        reasons.append("the journal cannot be written")
    if free_bytes < reserve_bytes:
        reasons.append(f"the disk is nearly full: {free_bytes} bytes free, {reserve_bytes} are kept in reserve")
    if reactor is None:
        reasons.append("the reactor is starting")
    elif reactor.stopped_because:
        reasons.append(f"the reactor stopped: {reactor.stopped_because}")
    elif now_ms - reactor.at_ms > STALE_MS:
        reasons.append("the reactor gives no sign of life")
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
        plans_waiting=reactor.plans_waiting if reactor else 0,
        plans_behind_seconds=0.0 if since_ms is None else max(0, now_ms - since_ms) / 1000,
    )


def free_bytes(folder: Path) -> int:
    """Space that this process may still use on the folder's disk."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize
