"""Metrics: one number per company, aggregated from a signal's emissions, or computed from other metrics.

What a person writes down (drafts) and what is in force; the meaning of each number is docs/reference/metrics.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, overload
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, model_validator

from milepost.domain.arithmetic import names_in, parse
from milepost.domain.calendar import Calendar, Period
from milepost.domain.revision import Revision


class Aggregation(StrEnum):
    """How a number is made of what was emitted; see docs/reference/metrics.md."""

    COUNT = "count"
    DISTINCT = "distinct"
    SUM = "sum"
    AVERAGE = "average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    FIRST = "first"
    LATEST = "latest"
    DAYS_SINCE_LAST = "days_since_last"

    @property
    def empty(self) -> float | None:
        """The value without anything to aggregate in the window: 0 for what adds up, else none."""
        return 0.0 if self in (Aggregation.COUNT, Aggregation.DISTINCT, Aggregation.SUM) else None

    @property
    def takes_field(self) -> bool:
        """Whether it aggregates a field's values, rather than the emissions as such."""
        return self not in (Aggregation.COUNT, Aggregation.DAYS_SINCE_LAST)


class AllTime(BaseModel):
    """Everything with an event date up to the instant asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["all_time"] = "all_time"


class RollingDays(BaseModel):
    """The last `days` times 24 hours up to the instant asked for: later than (instant - days), up to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["rolling_days"] = "rolling_days"
    days: int = Field(ge=1, le=3660)


class CalendarPeriod(BaseModel):
    """The day, week, month or quarter of the account's calendar in which the instant asked for lies, up to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["calendar"] = "calendar"
    period: Period


Window = Annotated[AllTime | RollingDays | CalendarPeriod, Field(discriminator="kind")]


class NumberFormat(BaseModel):
    """How a value is shown: a percent is 100 times the value, a date is Unix milliseconds; `decimals` of None: as few
    as are needed, up to six."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    style: Literal["number", "percent", "date"] = "number"
    decimals: int | None = Field(default=None, ge=0, le=6)

    def show(self, value: float, unit: str, calendar: Calendar) -> str:
        """The value as a person reads it, with its unit: `1,234.5 EUR`, `66.7 %`, `2026-03-01`.

        What no calendar has a date for, such as microseconds, is shown as the number that it is.
        """
        if self.style == "date":
            try:
                return calendar.day(int(value)).isoformat()
            except (OverflowError, ValueError):
                return NumberFormat().show(value, unit, calendar)
        number = value * 100 if self.style == "percent" else value
        text = f"{number:z,.{6 if self.decimals is None else self.decimals}f}"
        if self.decimals is None:
            text = text.rstrip("0").rstrip(".")
        return " ".join(part for part in (text, "%" if self.style == "percent" else "", unit) if part)


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _ignores_the_revision_of_a_draft(cls, value: Any) -> Any:
        """Who changes a metric may send it back as it was read; what counts its revisions is the server."""
        if isinstance(value, dict) and "revision" not in cls.model_fields:
            return {name: member for name, member in value.items() if name != "revision"}
        return value

    name: str = Field(min_length=1, max_length=120)
    unit: str = Field(default="", max_length=40)
    format: NumberFormat = NumberFormat()


class MetricDraft(_Shown):
    """An aggregate as a person writes it down; `group_by` is a field by whose values it can be broken down."""

    signal_id: UUID
    aggregation: Aggregation
    field: str | None = None
    window: Window = AllTime()
    group_by: str | None = None

    @model_validator(mode="after")
    def _names_a_field_where_one_is_needed(self) -> MetricDraft:
        if self.aggregation.takes_field and self.field is None:
            raise ValueError(f"{self.aggregation.value} needs a field of the signal to aggregate")
        if not self.aggregation.takes_field and self.field is not None:
            raise ValueError(f"{self.aggregation.value} looks at emissions as such and takes no field")
        return self


class Metric(MetricDraft):
    """An aggregate in force."""

    id: UUID
    revision: Revision = 1


def _arithmetic(formula: str) -> str:
    parse(formula)
    return formula


class FormulaDraft(_Shown):
    """A metric computed from others: `formula` is arithmetic over the names in `terms`, each of them a metric."""

    formula: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_arithmetic)]
    terms: dict[str, UUID] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _speaks_of_its_terms(self) -> FormulaDraft:
        named = names_in(parse(self.formula))
        if unknown := sorted(named - self.terms.keys()):
            raise ValueError(f"the formula speaks of {', '.join(unknown)}, which is not among its terms")
        if unused := sorted(self.terms.keys() - named):
            raise ValueError(f"the formula does not speak of its term {', '.join(unused)}")
        return self


class Formula(FormulaDraft):
    """A formula in force."""

    id: UUID
    revision: Revision = 1


_AGGREGATE, _FORMULA = "an aggregate", "a formula"
"""Which kind it is, in words that are no member's name: a fault's path tells them apart by that (web/errors.py)."""


def _kind(value: Any) -> str:
    is_formula = "formula" in value if isinstance(value, dict) else isinstance(value, FormulaDraft)
    return _FORMULA if is_formula else _AGGREGATE


AnyMetricDraft = Annotated[
    Annotated[MetricDraft, Tag(_AGGREGATE)] | Annotated[FormulaDraft, Tag(_FORMULA)], Discriminator(_kind)
]
"""What a person writes down; one that says `formula` is a formula."""

AnyMetric = Annotated[Annotated[Metric, Tag(_AGGREGATE)] | Annotated[Formula, Tag(_FORMULA)], Discriminator(_kind)]
"""A metric in force."""

DRAFTS: TypeAdapter[AnyMetricDraft] = TypeAdapter(AnyMetricDraft)
"""Reads and checks a draft of either kind."""


@overload
def in_force(draft: MetricDraft, metric_id: UUID, revision: int = 1) -> Metric: ...
@overload
def in_force(draft: FormulaDraft, metric_id: UUID, revision: int = 1) -> Formula: ...
def in_force(draft: MetricDraft | FormulaDraft, metric_id: UUID, revision: int = 1) -> Metric | Formula:
    """The draft with its id and the number of its revision."""
    if isinstance(draft, MetricDraft):
        return Metric(**dict(draft), id=metric_id, revision=revision)
    return Formula(**dict(draft), id=metric_id, revision=revision)
