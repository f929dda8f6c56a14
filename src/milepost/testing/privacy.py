"""What tests of privacy requests have in common: the three actions, events of a shop, and companies of a house."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from milepost.domain.privacy import PrivacyAction
from milepost.testing.house import House

DELETE, ANONYMISE, EXPORT = PrivacyAction.DELETE, PrivacyAction.ANONYMISE, PrivacyAction.EXPORT


def order(account: Any, user: str, **more: Any) -> dict[str, Any]:
    """The payload of a purchase for 5."""
    return {"account": account, "userId": user, "amount": 5, **more}


def company_of(house: House, key: str) -> UUID:
    """The company that events with this key have made."""
    found = house.company(key)
    assert found is not None
    return found
