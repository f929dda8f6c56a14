"""Criteria: "which events", as plain data shared by the API, the database, the stream and the SQL.

The tree is the one noun of `criteria/`; its meaning is written in `criteria/SEMANTICS.md`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class FieldType(StrEnum):
    """How a value of a payload is read (FACTS, Signal wizard)."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ISO_DATE = "iso_date"
    UNIX_MS_DATE = "unix_ms_date"
    ARRAY = "array"
    OBJECT = "object"


class Condition(BaseModel):
    """One typed test of one signal field, by the field's name.

    `operator` must be one that the field's type has; `value` is absent for the presence operators, a pair
    for `between`, a list for `in`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["condition"] = "condition"
    field: str
    operator: str
    value: str | int | float | bool | tuple[str | int | float | bool, ...] | None = None


class Group(BaseModel):
    """all: every member holds (true when empty); any: at least one; none: not one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["group"] = "group"
    match: Literal["all", "any", "none"]
    members: tuple[Criterion, ...]


Criterion = Annotated[Condition | Group, Field(discriminator="kind")]
Group.model_rebuild()

EVERYTHING = Group(match="all", members=())
