"""The numbers of metrics: of one company or all, over time, by the values of a field, and of a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from milepost.control.repos import companies, metrics
from milepost.control.repos.bases import basis_of_draft
from milepost.control.repos.company_names import all_company_names, company_names
from milepost.domain.basis import Basis
from milepost.domain.calendar import Period
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.metric import AnyMetricDraft, Formula, FormulaDraft, Metric, MetricDraft, NumberFormat
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.web.auth import Viewer
from milepost.web.deps import Deps, WebDeps
from milepost.web.fields import shown
from milepost.web.instants import AskedInstant
from milepost.web.paging import Cursor, Page, read_cursor, whole, write_cursor
from milepost.web.periods import First, Last, days_asked, periods_until
from milepost.web.ranking import (
    CompanyValue,
    Compared,
    Key,
    Order,
    Place,
    Sort,
    company_values,
    compared_ms,
    difference,
    page_after,
    ranked,
)

router = APIRouter(prefix="/metrics", tags=["metrics"])

At = Annotated[AskedInstant | None, Query(description="As of this instant; now unless given.")]


class MetricValuePage(Page[CompanyValue]):
    """Values at an instant; `compared_at` is the instant of `previous`."""

    metric_id: UUID
    at: datetime
    compared_at: datetime | None
    unit: str
    format: NumberFormat


class SeriesPoint(BaseModel):
    """A period: from `start` to before `end`, which for the one under way is now."""

    start: datetime
    end: datetime


class CompanySeries(BaseModel):
    """A value as of the end of each period, and what was added to that of the period before."""

    company_id: UUID
    company_name: str
    values: list[float | None]
    changes: list[float | None]


class MetricSeries(BaseModel):
    """A metric over the periods of the account's calendar."""

    by: Period
    time_zone: str
    unit: str
    format: NumberFormat
    points: list[SeriesPoint]
    series: list[CompanySeries]


class GroupValue(BaseModel):
    """The value of the emissions that have `group` in the field; null for those without a value in it."""

    group: Any
    value: float | None


class MetricGroups(BaseModel):
    """A metric broken down, largest values first."""

    by: str
    at: datetime
    unit: str
    format: NumberFormat
    items: list[GroupValue]


class PreviewWanted(BaseModel):
    """A draft, and what to try it on: the companies with the largest values, and a series of one of them."""

    model_config = ConfigDict(extra="forbid")

    metric: AnyMetricDraft
    at: AskedInstant | None = None
    company_id: UUID | None = None
    by: Period = Period.DAY
    limit: int = Field(default=20, ge=1, le=100)


class MetricPreview(BaseModel):
    """What a draft would give: how many companies would have a value, the largest ones, and a series if asked for."""

    at: datetime
    companies: int
    with_value: int
    items: list[CompanyValue]
    series: MetricSeries | None


@router.get("/{metric_id}/values")
def read_values(
    *,
    metric_id: UUID,
    _: Viewer,
    deps: Deps,
    company_id: Annotated[UUID | None, Query(description="Only this company's value.")] = None,
    at: At = None,
    sort: Sort = Sort.NAME,
    order: Order = Order.ASCENDING,
    compare: Annotated[Compared | None, Query(description="Also the value before, and the change.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> MetricValuePage:
    """The metric's value for every company, those without emissions included, or for one."""
    place = read_cursor(cursor, _place)
    as_of_ms = place.at_ms if place else to_unix_ms(at) if at else deps.clock()
    with deps.database.read() as session:
        metric, basis = _in_force(session, metric_id)
        names = all_company_names(session) if company_id is None else _name_of(session, company_id)
    values: Mapping[UUID, float | None] = {}
    if sort is Sort.VALUE:
        values = _values(deps, basis, as_of_ms, names)
    page, last = page_after(ranked(names, values, sort, order), place, limit, sort, order)
    compared_at = None if compare is None else compared_ms(basis, as_of_ms, compare)
    return MetricValuePage(
        metric_id=metric_id,
        at=to_datetime(as_of_ms),
        compared_at=None if compared_at is None else to_datetime(compared_at),
        unit=metric.unit,
        format=metric.format,
        items=company_values(
            basis,
            (metric.format, metric.unit),
            {company: names[company] for company in page},
            values or deps.metrics.values(basis, as_of_ms, page),
            {} if compared_at is None else deps.metrics.values(basis, compared_at, page),
        ),
        next=None if last is None else write_cursor((as_of_ms, *last)),
    )


@router.get("/{metric_id}/series")
def read_series(
    *,
    metric_id: UUID,
    _: Viewer,
    deps: Deps,
    company_id: Annotated[list[UUID], Query(min_length=1, max_length=20, description="One company, or several.")],
    by: Period = Period.DAY,
    first: First = None,
    last: Last = None,
) -> MetricSeries:
    """The metric as of the end of each day, week, month or quarter of the account's calendar."""
    with deps.database.read() as session:
        metric, basis = _in_force(session, metric_id)
        names = company_names(session, company_id)
    return _series(deps, metric, basis, names, by=by, first=first, last=last)


@router.get("/{metric_id}/groups")
def read_groups(
    *,
    metric_id: UUID,
    _: Viewer,
    deps: Deps,
    company_id: Annotated[UUID | None, Query(description="Of this company; of all together unless given.")] = None,
    by: Annotated[str | None, Query(description="A field of the signal; the metric's own unless given.")] = None,
    at: At = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> MetricGroups:
    """The metric broken down by the values of a field."""
    as_of_ms = to_unix_ms(at) if at else deps.clock()
    with deps.database.read() as session:
        metric, basis = _in_force(session, metric_id)
        if company_id is not None:
            (company_id,) = _name_of(session, company_id)
    field = by or (metric.group_by if isinstance(metric, Metric) else None)
    if basis.aggregate is None or field is None:
        reason = "a formula has none" if basis.aggregate is None else "say by which field of the signal"
        raise InvalidInputError("There are no groups.", faults=(Fault(path="by", reason=reason),))
    types = {one.name: one.type for one in basis.aggregate.signal.fields}
    found = deps.metrics.groups(basis, field, as_of_ms, company_id, limit)
    return MetricGroups(
        by=field,
        at=to_datetime(as_of_ms),
        unit=metric.unit,
        format=metric.format,
        items=[
            GroupValue(group=shown(types[field], group) if field in types else group, value=value)
            for group, value in found
        ],
    )


@router.post("/preview")
def preview_metric(wanted: PreviewWanted, _: Viewer, deps: Deps) -> MetricPreview:
    """The numbers that a draft would give; nothing is saved."""
    as_of_ms = to_unix_ms(wanted.at) if wanted.at else deps.clock()
    with deps.database.read() as session:
        metrics.check_draft(session, wanted.metric)
        basis = basis_of_draft(session, wanted.metric)
        names = all_company_names(session)
        one = {} if wanted.company_id is None else company_names(session, [wanted.company_id])
    values = _values(deps, basis, as_of_ms, names)
    top = [key.company_id for key in ranked(names, values, Sort.VALUE, Order.DESCENDING)[: wanted.limit]]
    return MetricPreview(
        at=to_datetime(as_of_ms),
        companies=len(names),
        with_value=sum(value is not None for value in values.values()),
        items=company_values(
            basis, (wanted.metric.format, wanted.metric.unit), {company: names[company] for company in top}, values, {}
        ),
        series=_series(deps, wanted.metric, basis, one, by=wanted.by) if one else None,
    )


def _in_force(session: Session, metric_id: UUID) -> tuple[Metric | Formula, Basis]:
    metric = metrics.get_metric(session, metric_id)
    return metric, basis_of_draft(session, metric)


def _place(at_ms: int, value: object, name: object, company_id: str) -> Place:
    if not isinstance(name, str) or not isinstance(value, int | float | None):
        raise TypeError("a name is text, and a value is none")
    return Place(whole(at_ms), Key(None if value is None else float(value), name, UUID(company_id)))


def _name_of(session: Session, company_id: UUID) -> dict[UUID, str]:
    """By its id; by its primary's, if it is combined into another. NotFoundError."""
    companies.get_company(session, company_id)
    return company_names(session, [company_id])


def _values(deps: WebDeps, basis: Basis, as_of_ms: int, names: Mapping[UUID, str]) -> dict[UUID, float | None]:
    """Of all these companies: one quick look at everything, and the empty value for those that it does not find."""
    found = deps.metrics.values(basis, as_of_ms)
    return {company_id: found.get(company_id, basis.empty) for company_id in names}


def _series(
    deps: WebDeps,
    metric: MetricDraft | FormulaDraft,
    basis: Basis,
    names: Mapping[UUID, str],
    *,
    by: Period,
    first: date | None = None,
    last: date | None = None,
) -> MetricSeries:
    now_ms, calendar = deps.clock(), basis.calendar
    begins, ends = days_asked(calendar, by, first, last, now_ms)
    periods = periods_until(calendar, by, begins - timedelta(days=1), ends, now_ms)
    values: Mapping[UUID, Sequence[float | None]] = dict.fromkeys(names, ())
    if len(periods) > 1:
        values = deps.metrics.series(basis, [end - 1 for _, end in periods], list(names))
    return MetricSeries(
        by=by,
        time_zone=calendar.time_zone,
        unit=metric.unit,
        format=metric.format,
        points=[SeriesPoint(start=to_datetime(start), end=to_datetime(min(end, now_ms))) for start, end in periods[1:]],
        series=[
            CompanySeries(
                company_id=company_id,
                company_name=name,
                values=list(values[company_id][1:]),
                changes=[difference(earlier, later) for earlier, later in pairwise(values[company_id])],
            )
            for company_id, name in names.items()
        ],
    )
