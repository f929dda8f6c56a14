"""A Company, and the keys by which source systems know it (DESIGN section 6)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

META_KEY = "CompanyID"
"""The key space every account has: the MetaKey. AltKeys are the others, one per source system."""


class Standing(StrEnum):
    """Whether a company is shown.

    active: yes. unmatched: it only holds what came for a key that nobody has given to a company. set_aside: a
    person took it away; it can be restored.
    """

    ACTIVE = "active"
    UNMATCHED = "unmatched"
    SET_ASIDE = "set_aside"


class CompanyKey(BaseModel):
    """One name of a company in one key space; (key_space, value) names exactly one company."""

    model_config = ConfigDict(frozen=True)

    key_space: str
    value: str


class Company(BaseModel):
    """A client of the account's owner; `is_auto_created` until a person edits it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    is_auto_created: bool
    keys: tuple[CompanyKey, ...]
    attributes: dict[str, str]
    created_at: datetime
