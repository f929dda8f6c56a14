"""A change of many companies at once, done a part at a time: what is to be done, and to what."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class BulkAct(StrEnum):
    """What is done; each has a function for a part of the companies (control/bulk_acts.py)."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    PUSH = "push"
    ASSIGN_UNMATCHED = "assign_unmatched"
    MAKE_COMPANIES = "make_companies"
    COMBINE = "combine"
    SEPARATE = "separate"


Of = Literal["milestone", "outcome", "plan_template", "company"]


class BulkChange(BaseModel):
    """`of_id` is the definition, or the company that others become part of or leave; none to make companies.

    `matched` is how many were asked about, those to which nothing needs to be done included; `kept_edited` how many
    edited copies a push leaves as they are.
    """

    model_config = ConfigDict(frozen=True)

    act: BulkAct
    of: Of
    of_id: UUID | None = None
    matched: int = 0
    edited_too: bool = False
    kept_edited: int = 0

    def result(self, count: int) -> dict[str, int]:
        """What a job says once it is over: the counts of the answer that a smaller change has at once."""
        if self.act is BulkAct.ASSIGN:
            return {"matched": self.matched, "assigned": count, "already": self.matched - count}
        if self.act is BulkAct.UNASSIGN:
            return {"matched": self.matched, "unassigned": count}
        if self.act is BulkAct.PUSH:
            return {"updated": count, "kept_edited": self.kept_edited}
        return {"count": count}
