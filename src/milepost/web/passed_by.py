"""Which signals of an event's key did not come of it, and what stood against each, by what they ask for now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.orm import Session

from milepost.control.repos.signals import list_signals
from milepost.domain.fate import Fate
from milepost.store.event_log import LoggedEvent
from milepost.web.signal_preview import CompanyView, ObjectionView, ReadingView, preview_signal

_MOST: Final = 50


class PassedByView(BaseModel):
    """A signal that the event did not emit. `would_match` is true where it would by now: apply it to history then."""

    signal_id: UUID
    signal_name: str
    would_match: bool
    against: list[ObjectionView]
    readings: list[ReadingView]
    company: CompanyView | None


def passed_by(session: Session, event: LoggedEvent, emitted: Collection[UUID]) -> list[PassedByView]:
    """Up to 50 signals; none for an event that was not processed, which no signal looks at."""
    if event.fate is not Fate.PROCESSED:
        return []
    of_key = [
        signal
        for signal in list_signals(session)
        if (signal.connection_id, signal.event_key) == (event.connection_id, event.event_key)
        and signal.id not in emitted
    ]
    views = []
    for signal in of_key[:_MOST]:
        [previewed] = preview_signal(session, signal, [event]).items
        views.append(
            PassedByView(
                signal_id=signal.id,
                signal_name=signal.name,
                would_match=previewed.is_match and previewed.company is not None,
                against=previewed.against,
                readings=previewed.readings,
                company=previewed.company,
            )
        )
    return views
