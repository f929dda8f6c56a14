"""Signals and their revisions."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from milepost.control.repos import signals
from milepost.control.repos.signals import SignalRevision
from milepost.domain.signal import Signal, SignalDraft
from milepost.web.auth import Editor, Viewer
from milepost.web.changes import change
from milepost.web.deps import Deps
from milepost.web.paging import Page, everything

router = APIRouter(prefix="/signals", tags=["signals"])


@router.get("")
def list_signals(_: Viewer, deps: Deps) -> Page[Signal]:
    """All signals in force, disabled ones included, oldest first."""
    with deps.database.read() as session:
        return everything(signals.list_signals(session))


@router.post("", status_code=201)
def add_signal(draft: SignalDraft, caller: Editor, deps: Deps) -> Signal:
    """Put a signal in force: it reads the events from now on."""
    with change(deps, caller) as work:
        signal = signals.create_signal(work.session, draft, now_ms=work.now_ms)
        work.record("create", "signal", signal.id, after=signal)
    return signal


@router.get("/{signal_id}")
def read_signal(signal_id: UUID, _: Viewer, deps: Deps) -> Signal:
    """The revision in force."""
    with deps.database.read() as session:
        return signals.get_signal(session, signal_id)


@router.put("/{signal_id}")
def replace_signal(signal_id: UUID, draft: SignalDraft, caller: Editor, deps: Deps) -> Signal:
    """Put a new revision in force."""
    with change(deps, caller) as work:
        before = signals.get_signal(work.session, signal_id)
        after = signals.update_signal(work.session, signal_id, draft, now_ms=work.now_ms)
        work.record("update", "signal", signal_id, before=before, after=after)
    return after


@router.delete("/{signal_id}", status_code=204)
def remove_signal(signal_id: UUID, caller: Editor, deps: Deps) -> None:
    """Take a signal away; 409 while metrics draw on it."""
    with change(deps, caller) as work:
        work.record("delete", "signal", signal_id, before=signals.delete_signal(work.session, signal_id))


@router.get("/{signal_id}/revisions")
def list_revisions(signal_id: UUID, _: Viewer, deps: Deps) -> Page[SignalRevision]:
    """Every revision, newest first."""
    with deps.database.read() as session:
        return everything(signals.list_signal_revisions(session, signal_id))
