"""The portfolio: which share of the companies is in which state of each milestone and outcome, now and over time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.orm import Session

from milepost.control.repos import milestones, outcomes, portfolio
from milepost.control.repos.company_names import all_company_names
from milepost.control.repos.former_names import latest_rename, names_at
from milepost.control.repos.overview import milestone_states, outcome_states
from milepost.control.repos.settings import read_settings
from milepost.domain.calendar import Period
from milepost.domain.company import folded
from milepost.domain.history import Stay, count_states
from milepost.domain.milestone import Milestone, MilestoneState
from milepost.domain.outcome import Outcome, OutcomeState
from milepost.domain.plan import Subject
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.web.auth import Viewer
from milepost.web.deps import Deps
from milepost.web.instants import AskedInstant
from milepost.web.paging import Cursor, Limit, Page, page_of, read_cursor
from milepost.web.periods import First, Last, days_asked, periods_until
from milepost.web.places import read_name_place

router = APIRouter(prefix="/portfolio", tags=["portfolio"])

Nouns = Literal["milestones", "outcomes"]
_Place = tuple[str, UUID, UUID]
"""A folded name, the company, and its copy: a company may have had several of one definition."""
_ACHIEVED = (MilestoneState.ACHIEVED.value, MilestoneState.ACHIEVED_LATE.value)


class Shares(BaseModel):
    """Of the companies that have it: how many are in each state, which share that is (0 to 1), and which achieved."""

    companies: int
    states: dict[str, int]
    shares: dict[str, float]
    achieved_share: float | None


class DefinitionShares(Shares):
    """The shares of one milestone or outcome."""

    id: UUID
    name: str


class Portfolio(BaseModel):
    """All milestones and outcomes, as they stand now."""

    milestones: list[DefinitionShares]
    outcomes: list[DefinitionShares]


class SharesThen(Shares):
    """The shares at the end of a period: from `start` to before `end`, which for the one under way is now."""

    start: datetime
    end: datetime


class PortfolioSeries(BaseModel):
    """The shares over the periods of the account's calendar; a company counts from its assignment on."""

    by: Period
    time_zone: str
    points: list[SharesThen]


class CompanyThere(BaseModel):
    """A company and its state: since when it is in it.

    `starts_at` and `due_at` are of its copy of a milestone, by its definition and the account's time zone now: the
    instant from which history counts, and the last that is in time; null for none, of outcomes, and off the plan.
    """

    company_id: UUID
    company_name: str
    assigned_id: UUID
    state: str
    since: datetime
    starts_at: datetime | None = None
    due_at: datetime | None = None


@router.get("")
def show_portfolio(_: Viewer, deps: Deps) -> Portfolio:
    """Every milestone and outcome with the share of companies in each state now."""
    with deps.database.read() as session:
        of_milestones, of_outcomes = milestone_states(session), outcome_states(session)
        return Portfolio(
            milestones=[_defined(one, of_milestones.get(one.id, {})) for one in milestones.list_milestones(session)],
            outcomes=[_defined(one, of_outcomes.get(one.id, {})) for one in outcomes.list_outcomes(session)],
        )


@router.get("/{nouns}/{definition_id}/series")
def read_portfolio_series(
    *,
    nouns: Nouns,
    definition_id: UUID,
    _: Viewer,
    deps: Deps,
    by: Period = Period.DAY,
    first: First = None,
    last: Last = None,
) -> PortfolioSeries:
    """The shares as of the end of each day, week, month or quarter, by all that is known now of what happened then."""
    now_ms = deps.clock()
    with deps.database.read() as session:
        calendar = read_settings(session).calendar
        lives = portfolio.read_lives(session, _known(session, nouns, definition_id), definition_id)
    periods = periods_until(calendar, by, *days_asked(calendar, by, first, last, now_ms), now_ms)
    counts = count_states(lives.values(), [end - 1 for _, end in periods])
    return PortfolioSeries(
        by=by,
        time_zone=calendar.time_zone,
        points=[
            SharesThen(**dict(_shares(states)), start=to_datetime(start), end=to_datetime(min(end, now_ms)))
            for (start, end), states in zip(periods, counts, strict=True)
        ],
    )


@router.get("/{nouns}/{definition_id}/companies")
def list_companies_there(
    *,
    nouns: Nouns,
    definition_id: UUID,
    _: Viewer,
    deps: Deps,
    state: Annotated[MilestoneState | OutcomeState | None, Query(description="Only companies in this state.")] = None,
    at: Annotated[AskedInstant | None, Query(description="As of this instant; now unless given.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[CompanyThere]:
    """The companies behind a share, by their names as of the first page."""
    wanted = None if state is None else state.value
    with deps.database.read() as session:
        subject = _known(session, nouns, definition_id)
        if at is None:
            there = portfolio.read_stays(session, subject, definition_id, wanted)
        else:
            lives = portfolio.read_lives(session, subject, definition_id)
            then = {copy: life.state_at(to_unix_ms(at)) for copy, life in lives.items()}
            there = {copy: stay for copy, stay in then.items() if stay and wanted in (None, stay.state)}
        mark, after = read_cursor(cursor, _read_place) or (latest_rename(session), None)
        names, former = all_company_names(session), names_at(session, mark)
        places = {_place(copy, names, former): copy for copy in there}
        some = sorted(place for place in places if after is None or place > after)[: limit + 1]
        copies = [places[place] for place in some]
        times = {}
        if subject == "milestone":
            times = portfolio.read_times(session, [copy.assigned_id for copy in copies])
    found = [_there(copy, there[copy], names, times.get(copy.assigned_id)) for copy in copies]

    def key(one: CompanyThere) -> tuple[int, str, UUID, UUID]:
        return mark, *_place(portfolio.Copy(one.assigned_id, one.company_id), names, former)

    return page_of(found, limit, key)


def _place(copy: portfolio.Copy, names: Mapping[UUID, str], former: Mapping[UUID, str]) -> _Place:
    name = former.get(copy.company_id) or folded(names[copy.company_id])
    return name, copy.company_id, copy.assigned_id


def _there(copy: portfolio.Copy, stay: Stay, names: Mapping[UUID, str], times: portfolio.Times | None) -> CompanyThere:
    return CompanyThere(
        company_id=copy.company_id,
        company_name=names[copy.company_id],
        assigned_id=copy.assigned_id,
        state=stay.state,
        since=to_datetime(stay.since_ms),
        starts_at=None if times is None else times.starts_at,
        due_at=None if times is None else times.due_at,
    )


def _read_place(mark: int, name: str, company_id: str, assigned_id: str) -> tuple[int, _Place]:
    of_walk, named = read_name_place(mark, name, company_id)
    return of_walk, (*named, UUID(assigned_id))


def _known(session: Session, nouns: Nouns, definition_id: UUID) -> Subject:
    """What it is; NotFoundError."""
    if nouns == "milestones":
        milestones.get_milestone(session, definition_id)
        return "milestone"
    outcomes.get_outcome(session, definition_id)
    return "outcome"


def _defined(one: Milestone | Outcome, states: Mapping[str, int]) -> DefinitionShares:
    return DefinitionShares(**dict(_shares(states)), id=one.id, name=one.name)


def _shares(states: Mapping[str, int]) -> Shares:
    companies = sum(states.values())
    achieved = sum(states.get(state, 0) for state in _ACHIEVED)
    return Shares(
        companies=companies,
        states=dict(states),
        shares={state: round(count / companies, 6) for state, count in states.items()},
        achieved_share=round(achieved / companies, 6) if companies else None,
    )
