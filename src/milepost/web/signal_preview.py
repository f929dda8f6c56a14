"""What a draft would make of real events, as the console shows it: counts, and event by event what stands against it.

Takes a checked draft, events of the log and a session to look companies up; gives plain types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from milepost.control.repos.company_keys import find_companies
from milepost.control.repos.company_names import company_names
from milepost.control.repos.identities import read_identities
from milepost.detect.preview import FieldReading, PreviewedEvent, ReadingState, preview
from milepost.detect.reasons import objections
from milepost.domain.company import CompanyKey
from milepost.domain.signal import SignalDraft
from milepost.kit.clock import to_datetime
from milepost.store.event_log import LoggedEvent
from milepost.web.fields import shown

_MOST_FOUND_CHARACTERS = 300


class ReadingView(BaseModel):
    """What a field read: `found` as it is in the payload (cut where it is long), `value` as the signal has it."""

    field: str
    state: ReadingState
    found: Any
    value: Any


class ObjectionView(BaseModel):
    """A rule against a match. Of several in an `any` group, one turning out otherwise would do."""

    path: str = Field(description="Such as `rules.members[1]`.")
    field: str | None
    words: str = Field(description="What was read, and what the rule asks for.")


class CompanyView(BaseModel):
    """The company that the event's key names now; without an id, none yet."""

    key: CompanyKey
    id: UUID | None
    name: str | None


class PreviewedView(BaseModel):
    """One event, and what the draft makes of it."""

    id: str
    received_at: datetime
    event_date: datetime
    is_match: bool
    company: CompanyView | None
    readings: list[ReadingView]
    against: list[ObjectionView]


class SignalPreview(BaseModel):
    """A draft over the latest events. `company_missing` and `company_unknown` count among the matched ones."""

    events: int
    matched: int
    not_matched: int
    company_missing: int = Field(description="Matches without a company key: they emit nothing.")
    company_unknown: int = Field(description="Matches whose key names no company yet.")
    conversion_failures: dict[str, int] = Field(description="By field: events whose value does not convert.")
    items: list[PreviewedView]


def preview_signal(session: Session, draft: SignalDraft, events: Sequence[LoggedEvent]) -> SignalPreview:
    """Run the draft over the events, in their order."""
    found = list(preview(draft, ((event.payload.encode(), event.received_at_ms) for event in events)))
    companies = _companies(session, draft, {one.company for one in found if one.company is not None})
    matched = [one for one in found if one.is_match]
    failures = Counter(
        reading.field for one in found for reading in one.readings if reading.state is ReadingState.NOT_CONVERTIBLE
    )
    return SignalPreview(
        events=len(found),
        matched=len(matched),
        not_matched=len(found) - len(matched),
        company_missing=sum(one.company is None for one in matched),
        company_unknown=sum(one.company is not None and companies[one.company].id is None for one in matched),
        conversion_failures={field.name: failures[field.name] for field in draft.fields},
        items=[_view(draft, event, one, companies) for event, one in zip(events, found, strict=True)],
    )


def _companies(session: Session, draft: SignalDraft, values: Collection[str]) -> dict[str, CompanyView]:
    space = draft.company.key_space
    identities = read_identities(session)
    found = find_companies(session, [(space, value) for value in values])
    ids = {key: identities.resolve(one) for key, one in found.items() if one not in identities.hidden}
    names = company_names(session, set(ids.values()))
    return {
        value: CompanyView(
            key=CompanyKey(key_space=space, value=value),
            id=(company_id := ids.get((space, value))),
            name=None if company_id is None else names[company_id],
        )
        for value in values
    }


def _view(
    draft: SignalDraft, event: LoggedEvent, one: PreviewedEvent, companies: Mapping[str, CompanyView]
) -> PreviewedView:
    return PreviewedView(
        id=str(event.id),
        received_at=to_datetime(event.received_at_ms),
        event_date=to_datetime(event.event_date_ms),
        is_match=one.is_match,
        company=None if one.company is None else companies[one.company],
        readings=[_reading(draft, place, reading) for place, reading in enumerate(one.readings)],
        against=[ObjectionView(path=each.path, field=each.field, words=each.words) for each in objections(draft, one)],
    )


def _reading(draft: SignalDraft, place: int, reading: FieldReading) -> ReadingView:
    return ReadingView(
        field=reading.field,
        state=reading.state,
        found=cut(reading.found),
        value=cut(shown(draft.fields[place].type, reading.value)),
    )


def cut(value: Any) -> Any:
    """The value, or the beginning of its text or JSON where that is long or holds what JSON readers trip over."""
    if isinstance(value, str):
        return value if len(value) <= _MOST_FOUND_CHARACTERS else f"{value[:_MOST_FOUND_CHARACTERS]}…"
    if isinstance(value, int) and abs(value) >= 2**63:
        return cut(str(value))
    if isinstance(value, dict | list):
        try:
            text = orjson.dumps(value).decode()
        except TypeError:  # a number beyond 64 bits is in it
            return cut(str(value))
        return value if len(text) <= _MOST_FOUND_CHARACTERS else cut(text)
    return value
