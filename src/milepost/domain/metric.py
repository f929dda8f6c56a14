"""A Metric: an aggregate over one signal's emissions, per company, over a window of event dates."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Aggregation(StrEnum):
    """count: emissions; sum: of a number field; distinct: different values of a field."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"

    @property
    def empty(self) -> float:
        """The value without emissions in the window."""
        return 0.0


class AllTime(BaseModel):
    """Everything with an event date up to the instant asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["all_time"] = "all_time"


class RollingDays(BaseModel):
    """The last `days` times 24 hours up to the instant asked for: later than (instant - days), up to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["rolling_days"] = "rolling_days"
    days: int = Field(ge=1, le=3660)


Window = Annotated[AllTime | RollingDays, Field(discriminator="kind")]


class MetricDraft(BaseModel):
    """What a person writes down; the server adds the id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    signal_id: UUID
    aggregation: Aggregation
    field: str | None = None
    window: Window = AllTime()
    unit: str = Field(default="", max_length=40)

    @model_validator(mode="after")
    def _names_a_field_where_one_is_needed(self) -> MetricDraft:
        if self.aggregation is not Aggregation.COUNT and self.field is None:
            raise ValueError(f"{self.aggregation.value} needs a field of the signal to aggregate")
        if self.aggregation is Aggregation.COUNT and self.field is not None:
            raise ValueError("count counts emissions and takes no field")
        return self


class Metric(MetricDraft):
    """A metric in force."""

    id: UUID
