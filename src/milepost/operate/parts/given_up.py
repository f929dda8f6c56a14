"""What repairs gave up, as the audit log tells; takes a session of the control plane."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel
from sqlalchemy.orm import Session

from milepost.control.repos.audit import AuditFilter, page_audit

ACTION: Final = "accept_loss"
SUBJECT: Final = "folder"
_EVENTS: Final = ("requests", "rows", "events")
"""The numbers that say how many are gone."""


class GivenUp(BaseModel):
    """What was found, and what going on without it gave up."""

    found: str
    gave_up: str
    numbers: dict[str, int]


def given_up_events(session: Session) -> int:
    """At most so many events fewer there are than requests were processed."""
    gone, before = 0, None
    while lines := page_audit(session, AuditFilter(action=ACTION, subject=SUBJECT), before=before, limit=1000):
        for line in lines:
            numbers = line.after["numbers"] if line.after else {}
            gone += sum(numbers.get(name, 0) for name in _EVENTS)
        before = lines[-1].id
    return gone
