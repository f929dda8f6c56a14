"""What milestones and outcomes share: to whom something is assigned, and from whom it is taken."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator


class AssignTo(BaseModel):
    """Either these companies, or all there are; with `auto_assign`, all there will be as well.

    Assigning to all without `auto_assign` ends an earlier one. Who has it already keeps it as it is.
    """

    model_config = ConfigDict(extra="forbid")

    company_ids: tuple[UUID, ...] | None = Field(default=None, min_length=1, max_length=10_000)
    all: bool = False
    auto_assign: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> AssignTo:
        if self.all == (self.company_ids is not None):
            raise ValueError('give either company_ids or "all": true')
        if self.auto_assign and not self.all:
            raise ValueError('auto_assign goes with "all": true')
        return self


class UnassignFrom(BaseModel):
    """The companies it is taken from."""

    model_config = ConfigDict(extra="forbid")

    company_ids: tuple[UUID, ...] = Field(min_length=1, max_length=10_000)


class Assigned(BaseModel):
    """How many companies newly have it."""

    assigned: int


class Unassigned(BaseModel):
    """How many companies had it."""

    unassigned: int
