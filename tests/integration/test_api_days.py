"""Days and instants in questions about series and values: near the ends of the calendar, beyond them, and reversed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from milepost.testing.firm import Firm

FIRST, LAST = "1900-01-01", "2299-12-31"
BOUNDS = "must be a day from 1900-01-01 to 2299-12-31"


def ask(firm: Firm, path: str, status: int = 200) -> Any:
    answer = firm.editor.get(f"/api{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def firm(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """On 2023-11-14 in UTC, with one company, Acme."""
    made = Firm(chdb_client, tmp_path_factory.mktemp("firm"))
    made.post("/companies", {"name": "Acme"}, 201)
    yield made
    made.close()


@pytest.fixture
def doors(firm: Firm) -> tuple[str, str]:
    """The series of a metric, and of an outcome in the portfolio."""
    (acme,) = [one["id"] for one in firm.get("/companies")["items"]]
    return (
        f"/metrics/{firm.shop.metric.id}/series?company_id={acme}&",
        f"/portfolio/outcomes/{firm.shop.outcome.id}/series?",
    )


@pytest.mark.parametrize("by", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize(
    ("days", "faults"),
    [
        pytest.param("to=2300-01-01", {"to": BOUNDS}, id="after the last year"),
        pytest.param("to=9999-12-31", {"to": BOUNDS}, id="on the last day there is"),
        pytest.param("from=1899-12-31", {"from": BOUNDS}, id="before the first year"),
        pytest.param("from=0001-01-01&to=9999-12-31", {"from": BOUNDS, "to": BOUNDS}, id="for ever"),
        pytest.param(
            "from=2023-11-02&to=2023-11-01", {"from": "is after `to`, which is 2023-11-01"}, id="the wrong way round"
        ),
        pytest.param("from=2023-11-15", {"from": "is after `to`, which is 2023-11-14"}, id="from tomorrow to today"),
    ],
)
def test_days_that_make_no_series_are_refused_with_where_and_why(
    firm: Firm, doors: tuple[str, str], by: str, days: str, faults: dict[str, str]
) -> None:
    for door in doors:
        refused = ask(firm, f"{door}by={by}&{days}", 400)
        assert {fault["path"]: fault["reason"] for fault in refused["faults"]} == faults


@pytest.mark.parametrize("by", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize(
    ("days", "points"),
    [
        pytest.param(f"from={FIRST}&to={FIRST}", 1, id="the first day"),
        pytest.param(f"from=2023-11-14&to={LAST}", 1, id="from today for ever"),
        pytest.param(f"from={LAST}&to={LAST}", 0, id="the last day"),
    ],
)
def test_a_series_may_touch_either_end_of_the_calendar(
    *, firm: Firm, doors: tuple[str, str], by: str, days: str, points: int
) -> None:
    for door in doors:
        assert len(ask(firm, f"{door}by={by}&{days}")["points"]) == points


def test_a_series_until_a_day_to_come_is_that_until_now(firm: Firm, doors: tuple[str, str]) -> None:
    for door in doors:
        assert ask(firm, f"{door}to={LAST}") == ask(firm, door)
        assert ask(firm, f"{door}to={FIRST}&by=month")["points"][-1]["start"] == "1900-01-01T00:00:00Z"


WINDOWS: list[dict[str, Any]] = [
    {"kind": "all_time"},
    {"kind": "rolling_days", "days": 3660},
    *({"kind": "calendar", "period": period} for period in ("day", "week", "month", "quarter")),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_value_at_either_end_of_the_calendar_is_compared_with_any_before(
    firm: Firm, window: dict[str, Any], at: str
) -> None:
    draft = {"name": "m", "signal_id": str(firm.shop.signal.id), "aggregation": "count", "window": window}
    metric = firm.post("/metrics", draft, 201)["id"]
    earlier = ["day", "week", "month", "quarter", "year", *(["previous"] if window["kind"] != "all_time" else [])]
    for compare in earlier:
        (line,) = ask(firm, f"/metrics/{metric}/values?at={at}&compare={compare}")["items"]
        assert (line["value"], line["previous"], line["change"]) == (0, 0, 0)
