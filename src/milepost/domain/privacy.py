"""Privacy requests: everything of one company or one user id is deleted, anonymised or exported, with a receipt.

What "everything" is stands in docs/reference/privacy.md. A receipt holds nothing personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from milepost.domain.company import CompanyKey


class PrivacyAction(StrEnum):
    """What is done with everything that is found."""

    DELETE = "delete"
    ANONYMISE = "anonymise"
    EXPORT = "export"


Path = Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
"""Names of members from a payload's root, outermost first; a step into an array is its index."""


class CompanySubject(BaseModel):
    """A company, with those that were combined into it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    company_id: UUID


class UserSubject(BaseModel):
    """A user id as senders write it; `paths` are further places where it stands, beside those of the dialects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str = Field(min_length=1, max_length=4096)
    paths: tuple[Path, ...] = Field(default=(), max_length=20)


class Known(BaseModel):
    """What a request has to know while it works, and what nobody may know afterwards.

    For a company its ids and keys, for a user the id and the further places. `pseudonyms` are what stands for each
    identifying value when it is anonymised.
    """

    model_config = ConfigDict(frozen=True)

    company_ids: tuple[UUID, ...] = ()
    keys: tuple[CompanyKey, ...] = ()
    names: tuple[str, ...] = ()
    shared_values: tuple[str, ...] = Field(
        default=(), description="Values of the keys that are also keys of other companies, in other key spaces."
    )
    user_id: str | None = None
    paths: tuple[Path, ...] = ()
    pseudonyms: dict[str, str] = {}

    @property
    def values(self) -> tuple[str, ...]:
        """The identifying values."""
        given = (self.user_id,) if self.user_id is not None else tuple(key.value for key in self.keys)
        return tuple(dict.fromkeys(given))


class Check(BaseModel):
    """A search that was made when all was done, and how much it found: 0, or the job would have failed."""

    model_config = ConfigDict(frozen=True)

    searched: str
    found: int


class Exported(BaseModel):
    """The file of an export; nobody can fetch it after `expires_at`, and it is deleted then."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str
    expires_at: datetime


class Receipt(BaseModel):
    """What was done. `upto` is the instant up to which events were looked at, `counts` are rows by where they lay."""

    model_config = ConfigDict(frozen=True)

    upto: datetime
    finished_at: datetime
    counts: dict[str, int]
    companies_judged_anew: int = 0
    checks: tuple[Check, ...] = ()
    export: Exported | None = None


class PrivacyRequest(BaseModel):
    """A request as admins see it. `company_id` or `user_digest` says whom it is about.

    The digest is an HMAC-SHA256 of the user id with the data folder's own key: whoever asks with the id finds the
    request again, and nobody can tell the id from it.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(description="Also the id of its job.")
    action: PrivacyAction
    subject: Literal["company", "user"]
    company_id: UUID | None
    user_digest: str | None
    requested_by: str
    requested_at: datetime
    receipt: Receipt | None


class Mention(NamedTuple):
    """Members of the payloads of a connection and event key, or of all where these are None, that identify someone.

    `places` has for each path the values, as text, by which it does.
    """

    connection_id: UUID | None
    event_key: str | None
    places: Mapping[tuple[str, ...], frozenset[str]]
