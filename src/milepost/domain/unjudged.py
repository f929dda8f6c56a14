"""What cannot be judged as it is, and is set aside so that it holds up nobody else: a definition, or one company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """One copy of a milestone whose condition on a metric cannot be evaluated; of a whole company without either.

    It is the metric's definition that cannot be evaluated, for any company, or this company's data, or plan. The
    states it has are kept.
    """

    of: Literal["metric", "company"]
    company_id: UUID
    milestone_id: UUID | None = None
    metric_id: UUID | None = None
    reason: str
    since: datetime


def count_unjudged(aside: Sequence[Unjudged]) -> tuple[int, int]:
    """How many companies, and how many metrics, are set aside."""
    companies = {one.company_id for one in aside if one.of == "company"}
    return len(companies), len({one.metric_id for one in aside if one.of == "metric"})
