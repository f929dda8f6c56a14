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


class Operator(StrEnum):
    """What a condition can ask. Which of them a field has follows from its type: `criteria.operators.OPERATORS`."""

    EXISTS = "exists"
    IS_MISSING = "is_missing"
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IN = "in"
    MATCHES = "matches"
    EQUAL = "="
    UNEQUAL = "!="
    MORE_THAN = ">"
    AT_LEAST = ">="
    LESS_THAN = "<"
    AT_MOST = "<="
    BETWEEN = "between"
    IS_TRUE = "is_true"
    IS_FALSE = "is_false"
    BEFORE = "before"
    AFTER = "after"
    IN_LAST_DAYS = "in_last_days"
    IS_EMPTY = "is_empty"
    LENGTH_EQUAL = "length="
    LENGTH_UNEQUAL = "length!="
    LENGTH_MORE_THAN = "length>"
    LENGTH_AT_LEAST = "length>="
    LENGTH_LESS_THAN = "length<"
    LENGTH_AT_MOST = "length<="


Scalar = str | int | float | bool


class Condition(BaseModel):
    """One typed test of one signal field, by the field's name.

    `operator` must be one that the field's type has; `value` is absent for `exists`, `is_true` and their like,
    a pair for `between`, a list for `in`. Dates are written as text, in the form of an ISO date field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["condition"] = "condition"
    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...] | None = None


class Group(BaseModel):
    """all: every member holds (true when empty); any: at least one; none: not one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["group"] = "group"
    match: Literal["all", "any", "none"]
    members: tuple[Criterion, ...]


Criterion = Annotated[Condition | Group, Field(discriminator="kind")]
Group.model_rebuild()

EVERYTHING = Group(match="all", members=())
