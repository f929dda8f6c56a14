"""What happens at the demo business, as events of seed 000: an event key, an instant, and a payload that says it all.

Each payload has its eventDate and an idempotencyKey that follows from what happened, so sending it again is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from milepost.demo.companies import Company

Value = str | int


class EventKey(StrEnum):
    """The types of event that the demo business sends."""

    SIGNED_IN = "signed-in"
    FEATURE_USED = "feature-used"
    REPORT_CREATED = "report-created"
    INVOICE_PAID = "invoice-paid"
    TICKET_CHANGED = "ticket-changed"


class Happening(NamedTuple):
    """An event that is to be sent."""

    at_ms: int
    key: EventKey
    account_id: str
    payload: Mapping[str, Value]


def signed_in(company: Company, user_id: str, at_ms: int, device: str) -> Happening:
    """A person opened the product."""
    return _happening(EventKey.SIGNED_IN, company, user_id, at_ms, {"userId": user_id, "device": device})


def feature_used(company: Company, user_id: str, at_ms: int, feature: str, uses: int) -> Happening:
    """A person used a feature so many times since the last such event."""
    told: dict[str, Value] = {"userId": user_id, "feature": feature, "uses": uses}
    return _happening(EventKey.FEATURE_USED, company, f"{user_id}-{feature}", at_ms, told)


def report_created(company: Company, user_id: str, at_ms: int, template: str) -> Happening:
    """A person made a report."""
    report_id = f"R-{company.account_id}-{at_ms // 1000}"
    told: dict[str, Value] = {"userId": user_id, "reportId": report_id, "template": template}
    return _happening(EventKey.REPORT_CREATED, company, report_id, at_ms, told)


def invoice_paid(company: Company, number: int, at_ms: int) -> Happening:
    """The company paid a month."""
    told: dict[str, Value] = {
        "invoiceId": f"INV-{company.account_id}-{number + 1:03}",
        "plan": company.plan.value,
        "seats": company.seats,
        "amount": company.euros_a_month,
        "currency": "EUR",
    }
    return _happening(EventKey.INVOICE_PAID, company, str(number), at_ms, told)


def ticket_changed(
    company: Company, ticket_id: str, at_ms: int, *, is_solved: bool, topic: str, priority: str
) -> Happening:
    """A ticket was opened or solved; `openTickets` is the change in how many are open."""
    status = "solved" if is_solved else "opened"
    told: dict[str, Value] = {
        "ticketId": ticket_id,
        "status": status,
        "priority": priority,
        "topic": topic,
        "openTickets": -1 if is_solved else 1,
    }
    return _happening(EventKey.TICKET_CHANGED, company, f"{ticket_id}-{status}", at_ms, told)


def _happening(key: EventKey, company: Company, what: str, at_ms: int, told: Mapping[str, Value]) -> Happening:
    head: dict[str, Value] = {"eventDate": at_ms, "accountId": company.account_id}
    identity: dict[str, Value] = {"idempotencyKey": f"{company.account_id}/{key}/{what}/{at_ms}"}
    return Happening(at_ms, key, company.account_id, head | dict(told) | identity)
