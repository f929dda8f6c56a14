"""A Signal: fields, rules, and the company mapping, over the events of one connection and event key."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from milepost.domain.company import META_KEY
from milepost.domain.criterion import EVERYTHING, FieldType, Group


class SignalField(BaseModel):
    """A typed value taken from the payload.

    `path` names the members from the root, outermost first; names are free text, so `TOTAL KWH` is one
    member and not a syntax. A step into an array is its index in decimal digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    path: tuple[str, ...] = Field(min_length=1, max_length=16)
    type: FieldType


class CompanyMapping(BaseModel):
    """Which field identifies the company, and in which key space its values live."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    key_space: str = META_KEY


class SignalDraft(BaseModel):
    """What a person writes down; the server adds id and revision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    connection_id: UUID
    event_key: str = Field(min_length=1, max_length=256)
    fields: tuple[SignalField, ...] = Field(min_length=1, max_length=32)
    company: CompanyMapping
    rules: Group = EVERYTHING
    is_enabled: bool = True


class Signal(SignalDraft):
    """A signal in force.

    `slots` fixes for each field name the store column that holds it (`n1`..`n16` for numbers, booleans and
    dates; `t1`..`t16` for the rest), so that old and new revisions of one signal agree about columns.
    """

    id: UUID
    revision: int
    generation: int = 0
    slots: dict[str, str]
