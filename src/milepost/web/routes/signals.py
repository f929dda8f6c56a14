"""Signals, their revisions, and what they make of the events that pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from milepost.control.repos import jobs, signals
from milepost.control.repos.signals import SignalRevision
from milepost.domain.errors import ConflictError
from milepost.domain.job import Job, JobDraft, JobKind
from milepost.domain.signal import Signal, SignalDraft
from milepost.domain.tally import Tally
from milepost.kit.clock import to_datetime
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Cursor, Page, ShortLimit, some_of
from milepost.web.versions import Versioned

router = APIRouter(prefix="/signals", tags=["signals"])

_EPOCH = date(1970, 1, 1)


class SignalCounts(BaseModel):
    """What became of new events of the signal's key, repeats not among them, as they arrived."""

    seen: int
    matched: int
    not_matched: int
    company_missing: int = Field(description="Matches without a company key: they emitted nothing.")
    company_unknown: int = Field(description="Matches whose key named no company, and made none.")
    conversion_failures: dict[str, int] = Field(description="By field: events whose value did not convert.")


class DayOfCounts(SignalCounts):
    """The events that arrived on one day (UTC)."""

    day: date


class CountsOfSignal(BaseModel):
    """All events since the signal is in force, today's, and day by day, the latest first; days without are left out."""

    total: SignalCounts
    today: SignalCounts
    days: list[DayOfCounts]


@router.get("")
def list_signals(_: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000) -> Page[Signal]:
    """All signals in force, disabled ones included, oldest first."""
    with deps.database.read() as session:
        return some_of(signals.list_signals(session), cursor, limit, lambda one: (one.id,))


@router.post("", status_code=201)
def add_signal(draft: SignalDraft, caller: Editor, deps: Deps, version: Versioned) -> Signal:
    """Put a signal in force: it reads the events from now on."""
    with change(deps, caller) as work:
        signal = signals.create_signal(work.session, draft, now_ms=work.now_ms)
        work.record("create", "signal", signal.id, after=signal)
    return version.tagged(signal)


@router.get("/{signal_id}")
def read_signal(signal_id: UUID, _: Viewer, deps: Deps, version: Versioned) -> Signal:
    """The revision in force."""
    with deps.database.read() as session:
        return version.tagged(signals.get_signal(session, signal_id))


@router.put("/{signal_id}")
def replace_signal(signal_id: UUID, draft: SignalDraft, caller: Editor, deps: Deps, version: Versioned) -> Signal:
    """Put a new revision in force, for the events from now on; 409 while the signal is applied to history."""
    with change(deps, caller) as work:
        before = signals.get_signal(work.session, signal_id)
        version.require(before, draft)
        after = signals.update_signal(work.session, signal_id, draft, now_ms=work.now_ms)
        work.record("update", "signal", signal_id, before=before, after=after)
    return version.tagged(after)


@router.delete("/{signal_id}", status_code=204)
def remove_signal(signal_id: UUID, caller: Editor, deps: Deps, version: Versioned) -> None:
    """Take a signal away; 409 while metrics draw on it, or it is applied to history."""
    with change(deps, caller) as work:
        version.require(signals.get_signal(work.session, signal_id))
        work.record("delete", "signal", signal_id, before=signals.delete_signal(work.session, signal_id))


@router.get("/{signal_id}/revisions")
def list_revisions(
    signal_id: UUID, _: Viewer, deps: Deps, cursor: Cursor = None, limit: ShortLimit = 1000
) -> Page[SignalRevision]:
    """Every revision, newest first."""
    with deps.database.read() as session:
        found = signals.list_signal_revisions(session, signal_id)
        return some_of(found, cursor, limit, lambda one: (-one.signal.revision,))


@router.post("/{signal_id}/backfill", status_code=202)
def apply_to_history(signal_id: UUID, caller: Editor, deps: Deps) -> Job:
    """Apply the revision in force to every event that has arrived, as if it had always been: a job.

    Until it succeeds, nothing changes; then metrics and milestones read the new history at once. 409 while one runs,
    or the signal is disabled.
    """
    with change(deps, caller) as work:
        signal = signals.get_signal(work.session, signal_id)
        signals.check_is_at_rest(work.session, signal_id)
        if not signal.is_enabled:
            raise ConflictError("The signal is disabled, and would emit nothing. Enable it first.")
        draft = JobDraft(
            kind=JobKind.BACKFILL, subject=signal.name, subject_id=signal_id, params={"signal_id": str(signal_id)}
        )
        job = jobs.add_job(work.session, draft, actor=work.actor, now_ms=work.now_ms)
        work.record("backfill", "signal", signal_id, after=job)
    return job


@router.get("/{signal_id}/counts")
def count_events(
    signal_id: UUID,
    _: Viewer,
    deps: Deps,
    days: Annotated[int, Query(ge=1, le=400, description="How many days back, today included.")] = 30,
) -> CountsOfSignal:
    """What the signal made of the events that passed since it is in force; each event counts once, by any revision."""
    with deps.database.read() as session:
        signals.get_signal(session, signal_id)
    tallies = deps.tallies.days(signal_id)
    today = to_datetime(deps.clock()).date()
    by_day = [(_EPOCH + timedelta(days=tally.day), tally) for tally in reversed(tallies)]
    return CountsOfSignal(
        total=_counts(tallies),
        today=_counts(tally for day, tally in by_day if day == today),
        days=[
            DayOfCounts(day=day, **dict(_counts([tally])))
            for day, tally in by_day
            if day > today - timedelta(days=days)
        ],
    )


def _counts(tallies: Iterable[Tally]) -> SignalCounts:
    some = list(tallies)
    failures: Counter[str] = Counter()
    for tally in some:
        failures.update(tally.failures)
    seen, matched = sum(tally.seen for tally in some), sum(tally.matched for tally in some)
    return SignalCounts(
        seen=seen,
        matched=matched,
        not_matched=seen - matched,
        company_missing=sum(tally.company_missing for tally in some),
        company_unknown=sum(tally.company_unknown for tally in some),
        conversion_failures=dict(failures),
    )
