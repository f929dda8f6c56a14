"""Every example of docs/reference/metrics.md and milestones.md is what the code does, on the real store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.basis import Basis, basis_of
from milepost.domain.calendar import Calendar, Period
from milepost.domain.criterion import FieldType
from milepost.domain.crossing import BEGINNING_MS, Ask, Threshold
from milepost.domain.event import Emissions
from milepost.domain.metric import Aggregation, AllTime, CalendarPeriod, Formula, Metric, RollingDays, Window
from milepost.domain.milestone import (
    Action,
    AfterDays,
    AnyTime,
    AssignedMilestone,
    AutomaticAction,
    Comparison,
    DaysAfterAssignment,
    Deadline,
    HeldFor,
    ManualAction,
    MilestoneDraft,
    MilestoneState,
    OnAssignment,
    OnDate,
    Start,
)
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.judge.facts import FactFinder
from milepost.judge.outcomes import Part, judge_outcome
from milepost.judge.rules import Case
from milepost.kit.clock import to_datetime, to_unix_ms
from milepost.measure.queries import MetricReader
from milepost.store.signals import insert_signals

REFERENCE = Path(__file__).parents[2] / "docs/reference"
CAFE = UUID(int=0xCAFE)
SIGNAL = Signal(
    id=UUID(int=0xADA),
    revision=1,
    slots={"euros": "n1", "user": "t1"},
    name="Purchase",
    connection_id=UUID(int=2),
    event_key="purchase",
    fields=(
        SignalField(name="euros", path=("euros",), type=FieldType.NUMBER),
        SignalField(name="user", path=("user",), type=FieldType.TEXT),
    ),
    company=CompanyMapping(field="user"),
)


def table(page: str, first_heading: str, last_heading: str) -> list[list[str]]:
    """The rows of the tables that begin and end with these headings."""
    rows: list[list[str]] = []
    headings: list[str] = []
    for line in (REFERENCE / page).read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.split("|")[1:-1]]
        if not cells or not headings:
            headings = cells
        elif (headings[0], headings[-1]) == (first_heading, last_heading) and not cells[0].startswith("---"):
            rows.append(cells)
    assert rows, f"{page} has no table {first_heading} .. {last_heading}"
    return rows


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def metric(name: str, window: str = "all time") -> Metric:
    """`sum of euros`, `days since last`, `count in 7 days`; with `all time`, `rolling 7 days`, `this week`."""
    plain = re.sub(r" in \d+ days| of", "", name).replace("days since last", "days_since_last")
    aggregation, *rest = plain.split()
    return Metric(
        id=UUID(int=hash((name, window)) % 2**64),
        name=name,
        signal_id=SIGNAL.id,
        aggregation=Aggregation(aggregation),
        field=rest[0] if rest else None,
        window=window_of(f"{name} {window}"),
    )


def window_of(text: str) -> Window:
    if days := re.search(r"(\d+) days", text):
        return RollingDays(days=int(days[1]))
    if period := re.search(r"this (\w+)", text):
        return CalendarPeriod(period=Period(period[1]))
    return AllTime()


def basis(asked: Metric | Formula) -> Basis:
    return basis_of(asked, {asked.id: asked}, {SIGNAL.id: SIGNAL}, Calendar())


def value_of(cell: str) -> float | None:
    return None if cell == "none" else float(cell)


@pytest.fixture(scope="module")
def reader(chdb_client: Client) -> Iterator[MetricReader]:
    rows = table("metrics.md", "purchase on", "user")
    emitted = Emissions(
        signal_id=SIGNAL.id,
        generation=SIGNAL.generation,
        revision=SIGNAL.revision,
        company_ids=[CAFE.bytes] * len(rows),
        request_ids=[bytes(16)] * len(rows),
        items=list(range(len(rows))),
        event_date_ms=[to_unix_ms(instant(row[0])) for row in rows],
        numbers={"n1": [float(row[1]) if row[1] else None for row in rows]},
        texts={"t1": [row[2] or None for row in rows]},
    )
    insert_signals(chdb_client, 1, "cafe", [emitted])
    yield MetricReader(chdb_client)
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": SIGNAL.id})


@pytest.mark.parametrize("row", table("metrics.md", "metric", "value"), ids=" ".join)
def test_a_value_or_crossing_is_as_the_page_says(reader: MetricReader, row: list[str]) -> None:
    asked = metric(row[0], row[1])
    if len(row) == 4:
        as_of_ms = to_unix_ms(instant(row[2]))
        assert reader.values(basis(asked), as_of_ms, [CAFE]) == {CAFE: value_of(row[3])}
        return
    operator, target = row[2].split()
    since_ms = BEGINNING_MS if row[3] == "the beginning" else to_unix_ms(instant(row[3]))
    threshold = Threshold(Comparison(operator), float(target))
    (crossing,) = reader.first_crossings(basis(asked), threshold, [Ask(CAFE, since_ms)])
    if row[4] == "never":
        assert crossing is None
    else:
        assert crossing is not None
        assert (to_datetime(crossing.at_ms), crossing.value) == (instant(row[4]), float(row[5]))


@pytest.mark.parametrize("row", table("metrics.md", "metric", "series"), ids=" ".join)
def test_a_series_is_as_the_page_says(reader: MetricReader, row: list[str]) -> None:
    name, window, period, first, last, values = row
    periods = Calendar().periods(date.fromisoformat(first), date.fromisoformat(last), Period(period))
    series = reader.series(basis(metric(name, window)), [end - 1 for _, end in periods], [CAFE])
    assert series == {CAFE: [value_of(value) for value in values.split(", ")]}


@pytest.mark.parametrize("row", table("metrics.md", "formula", "comes to"), ids=" ".join)
def test_a_formula_comes_to_what_the_page_says(reader: MetricReader, row: list[str]) -> None:
    named = {"count": "count", "people": "distinct user", "euros": "sum of euros", "last": "latest of euros"}
    terms = {name: metric(named[name]) for name in re.findall(r"[a-z]+", row[0])}
    formula = Formula(id=UUID(int=1), name="f", formula=row[0], terms={name: term.id for name, term in terms.items()})
    resting_on = basis_of(formula, {one.id: one for one in terms.values()}, {SIGNAL.id: SIGNAL}, Calendar())
    assert reader.values(resting_on, to_unix_ms(instant(row[1])), [CAFE]) == {CAFE: value_of(row[2])}


def start(text: str) -> Start:
    if text.endswith("days after"):
        return DaysAfterAssignment(days=int(text.split(maxsplit=1)[0]))
    if text == "any time":
        return AnyTime()
    return OnAssignment() if text == "on assignment" else on_date(text)


def deadline(text: str) -> Deadline | None:
    if text == "none":
        return None
    if text.endswith(" after"):
        at: Literal["end_of_day", "instant"] = "end_of_day" if text.endswith("days after") else "instant"
        return AfterDays(days=int(text.split(maxsplit=1)[0]), at=at)
    return on_date(text)


def on_date(text: str) -> OnDate:
    return OnDate(at=instant(text) if " " in text else date.fromisoformat(text))


def actions(text: str) -> Iterator[tuple[Action, Metric | None, datetime | None]]:
    for part in text.split(" and "):
        if part.startswith("manual, ticked "):
            yield ManualAction(name=part), None, instant(part.removeprefix("manual, ticked "))
        else:
            comparison, _, held = part.partition(" held for ")
            name, operator, target = comparison.rsplit(" ", 2)
            asked = metric(name)
            action = AutomaticAction(
                name=part,
                metric_id=asked.id,
                operator=Comparison(operator),
                value=float(target),
                held_for=held_for(held) if held else None,
            )
            yield action, asked, None


def held_for(text: str) -> HeldFor:
    periods, period = text.removesuffix("s").split()
    return HeldFor.model_validate({"periods": int(periods), "period": period})


@pytest.mark.parametrize("row", table("milestones.md", "start", "since"), ids=" ".join)
def test_a_milestone_is_in_the_state_that_the_page_says(reader: MetricReader, row: list[str]) -> None:
    some = list(actions(row[3]))
    assigned_at = instant("2026-03-05")
    assigned = AssignedMilestone(
        id=UUID(int=1),
        milestone_id=UUID(int=2),
        company_id=CAFE,
        definition=MilestoneDraft(
            name="example",
            start=start(row[0]),
            deadline=deadline(row[1]),
            latches=row[2] == "latches",
            actions=tuple(action for action, _, _ in some),
        ),
        assigned_at=assigned_at,
        ticks={index: tick for index, (_, _, tick) in enumerate(some) if tick is not None},
        state_at=assigned_at,
    )
    metrics = {asked.id: asked for _, asked, _ in some if asked is not None}
    facts = FactFinder(reader).find([assigned], {id_: basis(one) for id_, one in metrics.items()}, {})
    verdict = Case(assigned, facts[assigned.id]).judge(instant(row[4]))
    assert (verdict.state.value.replace("_", " "), verdict.at) == (row[5], instant(row[6]))


def part(text: str) -> Part:
    """`due D achieved D (1)` and the like: each word group may be there or not."""
    found = re.fullmatch(r"(?:starts (\S+)|(?:due (\S+))? ?(?:achieved (\S+)|missed|open)?) \((\d+)\)", text)
    assert found is not None, text
    starts, due, achieved, weight = found.groups()
    due_at = instant(due) if due else None
    state, at = MilestoneState.IN_PROGRESS, instant("2026-03-01")
    if starts:
        state = MilestoneState.NOT_STARTED
    elif achieved:
        at = instant(achieved)
        state = MilestoneState.ACHIEVED_LATE if due_at is not None and at > due_at else MilestoneState.ACHIEVED
    elif "missed" in text and due_at is not None:
        state, at = MilestoneState.MISSED, due_at
    opens = instant(starts or "2026-03-01")
    return Part(name="example", weight=float(weight), state=state, at=at, opens=opens, deadline=due_at)


@pytest.mark.parametrize("row", table("milestones.md", "milestones", "progress"), ids=" ".join)
def test_an_outcome_is_in_the_state_that_the_page_says(row: list[str]) -> None:
    verdict = judge_outcome(instant("2026-03-01"), [part(text) for text in row[0].split(", ")], instant(row[1]))
    assert (verdict.state.value.replace("_", " "), verdict.at) == (row[2], instant(row[3]))
    assert f"{verdict.progress:.0%}" == row[4].replace(" ", "")
