"""A Company, and the keys by which source systems know it (DESIGN section 6)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from milepost.domain.errors import Fault

META_KEY = "CompanyID"
"""The key space every account has: the MetaKey. AltKeys are the others, one per source system."""

LONGEST_NAME = 200
LONGEST_KEY_SPACE = 120
LONGEST_KEY = 512
LONGEST_ATTRIBUTE_NAME = 120
LONGEST_ATTRIBUTE = 1000
MOST_ATTRIBUTES = 100
MOST_KEYS_AT_ONCE = 100

CompanyName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=r"\S")]


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


class CombinedCompany(BaseModel):
    """A company, or an unmatched key, that is now part of another; `merged_into` is what it was combined into."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    standing: Standing
    merged_into: UUID


class Company(BaseModel):
    """A client of the account's owner; `is_auto_created` until a person edits it.

    `keys` are its own and those of all that is `combined` into it. `merged_into` is the company that it was itself
    combined into, if it was: then it is shown nowhere else, and comes back as it was when it is separated.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    is_auto_created: bool
    keys: tuple[CompanyKey, ...]
    attributes: dict[str, str]
    created_at: datetime
    standing: Standing = Standing.ACTIVE
    merged_into: UUID | None = None
    combined: tuple[CombinedCompany, ...] = ()


def key_faults(key: CompanyKey, path: str) -> list[Fault]:
    """Why this cannot be a company's key."""
    checks = (("key_space", key.key_space, LONGEST_KEY_SPACE), ("value", key.value, LONGEST_KEY))
    return [
        Fault(path=f"{path}.{name}".lstrip("."), reason=f"must be 1 to {most} characters long, without outer blanks")
        for name, text, most in checks
        if not text or len(text) > most or text != text.strip()
    ]


def name_of_key(value: str) -> str:
    """What a company is called that an event's key made: the key, within the bounds of a name."""
    return value.strip()[:LONGEST_NAME] or f"“{value[: LONGEST_NAME - 2]}”"


def attribute_faults(attributes: Mapping[str, str], path: str = "attributes") -> list[Fault]:
    """Why these cannot be a company's attributes."""
    faults: list[Fault] = []
    if len(attributes) > MOST_ATTRIBUTES:
        reason = f"a company has at most {MOST_ATTRIBUTES} attributes, and these are {len(attributes)}"
        faults.append(Fault(path=path, reason=reason))
    for name, value in attributes.items():
        if not name or len(name) > LONGEST_ATTRIBUTE_NAME or name != name.strip() or set(name) & {'"', "\\"}:
            reason = (
                f"{name[:50]!r} is no attribute's name: 1 to {LONGEST_ATTRIBUTE_NAME} characters, without outer"
                ' blanks, and without " and \\'
            )
            faults.append(Fault(path=path, reason=reason))
        elif len(value) > LONGEST_ATTRIBUTE:
            reason = f"has {len(value)} characters, and an attribute has at most {LONGEST_ATTRIBUTE}"
            faults.append(Fault(path=f"{path}.{name}", reason=reason))
    return faults


def given_attributes(own: Mapping[str, str], members: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The attributes that a company lacks and its members have; of several values, that of the first member."""
    given: dict[str, str] = {}
    for attributes in members:
        given |= {name: value for name, value in attributes.items() if name not in own and name not in given}
    return given


def folded(text: str) -> str:
    """The text with differences of case, width and composition taken away, as searching and sorting compare it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def search_text(name: str, key_values: Iterable[str]) -> str:
    """What a company is searched by: its name and its keys, folded, each on a line of its own."""
    return "\n".join(folded(text) for text in (name, *key_values))


class CompanyChange(BaseModel):
    """What is given changes.

    `attributes` are merged into what is there, null taking one away; with `replaces_attributes` they are all there is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: CompanyName | None = None
    attributes: dict[str, str | None] = {}
    replaces_attributes: bool = False

    def attributes_after(self, before: Mapping[str, str]) -> dict[str, str]:
        """The attributes that a company with these will have."""
        merged: dict[str, str | None] = {**({} if self.replaces_attributes else before), **self.attributes}
        return {name: value for name, value in merged.items() if value is not None}
