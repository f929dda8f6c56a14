"""What cannot be judged as it is, and is set aside so that it holds up nobody else: a definition, or one company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from milepost.domain.errors import InvalidInputError, UnanswerableError

OF_THE_DATA: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    UnanswerableError,
)
"""What comes of something kept that cannot be judged, be it our own error that it brings to light; all else is of the
store or the database, and may pass."""


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


def reason_of(error: Exception) -> str:
    """In a sentence, without what an error of ours may quote of the data."""
    if isinstance(error, InvalidInputError | UnanswerableError):
        return error.message
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace is not None else ""
    return f"an error of ours, which is in the log: {type(error).__name__}{where}"
