"""What a batch's emissions touch, by signal and company. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from milepost.domain.event import Emissions, EventId
from milepost.domain.identities import Identities
from milepost.judge.causes import Touch, Touches


def touches(emissions: Iterable[Emissions]) -> dict[tuple[UUID, UUID], Touch]:
    """What a batch's emissions touch: (signal id, company id) -> the earliest event."""
    touched: dict[tuple[UUID, UUID], Touch] = {}
    for group in emissions:
        dates = group.event_date_ms
        earliest: dict[bytes, int] = {}
        for place, company_id in enumerate(group.company_ids):
            before = earliest.get(company_id)
            if before is None or dates[place] < dates[before]:
                earliest[company_id] = place
        for company_id, place in earliest.items():
            key = (group.signal_id, UUID(bytes=company_id))
            event = EventId(UUID(bytes=group.request_ids[place]), group.items[place])
            touch = Touch(dates[place], event)
            touched[key] = min(touch, touched.get(key, touch))
    return touched


def of_primaries(touched: Touches, identities: Identities) -> dict[tuple[UUID, UUID], Touch]:
    """What touches members of a company touches the company; hidden ones have no plan to touch."""
    found: dict[tuple[UUID, UUID], Touch] = {}
    for (signal_id, company_id), touch in touched.items():
        if company_id not in identities.hidden:
            key = (signal_id, identities.resolve(company_id))
            found[key] = min(touch, found.get(key, touch))
    return found
