"""Metrics through the API, over the real store: values, their order and pages, series, groups, previews, formulas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos import signals
from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.control.repos.settings import write_settings
from milepost.domain.account import AccountSettings, Role
from milepost.domain.criterion import FieldType
from milepost.domain.event import Emissions
from milepost.domain.signal import SignalDraft, SignalField
from milepost.kit.clock import to_unix_ms
from milepost.measure.queries import MetricReader
from milepost.store.signals import insert_signals
from milepost.testing.business import add_business
from milepost.testing.console import open_console

BATCHES = count(1)


def ms(text: str) -> int:
    return to_unix_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


class Office:
    """A console in Berlin over the real store, on 2023-11-14 22:13 UTC, with a signal `Purchases`."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.client = client
        console = open_console(folder, metrics=MetricReader(client))
        self.database = console.deps.database
        with self.database.write() as session:
            shop = add_business(session)
            more = (
                *shop.signal.fields,
                SignalField(name="is new", path=("new",), type=FieldType.BOOLEAN),
                SignalField(name="due", path=("due",), type=FieldType.ISO_DATE),
            )
            draft = SignalDraft(**{name: getattr(shop.signal, name) for name in SignalDraft.model_fields})
            draft = draft.model_copy(update={"fields": more})
            self.signal = signals.update_signal(session, shop.signal.id, draft, now_ms=console.clock())
            write_settings(session, AccountSettings(time_zone="Europe/Berlin"))
            self.companies = {
                name: create_company(session, CompanyDraft(name=name), now_ms=console.clock()).id
                for name in ("Acme", "Bolt", "Cog")
            }
        self.editor = console.as_person(Role.EDITOR)

    def buy(
        self, company: str, at: str, dollars: float | None = None, customer: str = "x", *, new: bool = True
    ) -> None:
        slots = self.signal.slots
        emitted = Emissions(
            signal_id=self.signal.id,
            generation=0,
            revision=2,
            company_ids=[self.companies[company].bytes],
            request_ids=[bytes(16)],
            items=[0],
            event_date_ms=[ms(at)],
            numbers={slots["dollars"]: [dollars], slots["is new"]: [float(new)]},
            texts={slots["customer"]: [customer]},
        )
        batch = next(BATCHES)
        insert_signals(self.client, batch, f"office-{batch}", [emitted])

    def metric(self, aggregation: str, field: str | None = None, **more: Any) -> str:
        body = {"name": "m", "signal_id": str(self.signal.id), "aggregation": aggregation, "field": field, **more}
        return self.post("/api/metrics", body)["id"]  # type: ignore[no-any-return]  # JSON

    def formula(self, text: str, **terms: str) -> str:
        return self.post("/api/metrics", {"name": "f", "formula": text, "terms": terms})["id"]  # type: ignore[no-any-return]  # JSON

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> Any:
        answer = self.editor.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = self.editor.get(f"/api/metrics/{path}".rstrip("/"), params=params or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    def values(self, metric: str, **params: Any) -> dict[str, float | None]:
        return {one["company_name"]: one["value"] for one in self.get(f"{metric}/values", **params)["items"]}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, chdb_client: Client) -> Iterator[Office]:
    """Shared by all tests: each makes metrics of its own, and leaves the rest as it was."""
    made = Office(tmp_path_factory.mktemp("office"), chdb_client)
    made.buy("Acme", "2023-11-01 09:00", 10, "ann")
    made.buy("Acme", "2023-11-13 23:30", 30, "bob", new=False)  # 14 November in Berlin
    made.buy("Bolt", "2023-11-10 09:00", 5, "cyd")
    yield made
    made.database.close()
    chdb_client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": made.signal.id})


@pytest.mark.parametrize(
    ("aggregation", "field", "window", "expected"),
    [
        ("count", None, {"kind": "all_time"}, {"Acme": 2, "Bolt": 1, "Cog": 0}),
        ("sum", "dollars", {"kind": "rolling_days", "days": 7}, {"Acme": 30, "Bolt": 5, "Cog": 0}),
        ("average", "dollars", {"kind": "all_time"}, {"Acme": 20, "Bolt": 5, "Cog": None}),
        ("minimum", "dollars", {"kind": "all_time"}, {"Acme": 10, "Bolt": 5, "Cog": None}),
        ("maximum", "is new", {"kind": "all_time"}, {"Acme": 1, "Bolt": 1, "Cog": None}),
        ("first", "dollars", {"kind": "all_time"}, {"Acme": 10, "Bolt": 5, "Cog": None}),
        ("latest", "dollars", {"kind": "all_time"}, {"Acme": 30, "Bolt": 5, "Cog": None}),
        ("distinct", "customer", {"kind": "calendar", "period": "month"}, {"Acme": 2, "Bolt": 1, "Cog": 0}),
        ("count", None, {"kind": "calendar", "period": "day"}, {"Acme": 1, "Bolt": 0, "Cog": 0}),
        ("days_since_last", None, {"kind": "all_time"}, {"Acme": 0, "Bolt": 4, "Cog": None}),
    ],
)
def test_every_aggregation_gives_each_company_its_value(
    office: Office, aggregation: str, field: str | None, window: dict[str, Any], expected: dict[str, float | None]
) -> None:
    metric = office.metric(aggregation, field, window=window)
    assert office.values(metric) == expected
    assert office.values(metric, sort="value") == expected


def test_companies_come_in_the_order_of_values_page_by_page_without_values_last(office: Office) -> None:
    metric = office.metric("latest", "dollars")
    for order, expected in (("desc", ["Acme", "Bolt", "Cog"]), ("asc", ["Bolt", "Acme", "Cog"])):
        page = office.get(f"{metric}/values", sort="value", order=order, limit=2)
        rest = office.get(f"{metric}/values", sort="value", order=order, limit=2, cursor=page["next"])
        assert [one["company_name"] for one in (*page["items"], *rest["items"])] == expected
        assert rest["next"] is None
        assert rest["at"] == page["at"]
    assert list(office.values(metric, order="desc")) == ["Cog", "Bolt", "Acme"]


def test_a_page_goes_on_as_of_the_instant_at_which_the_list_began(office: Office) -> None:
    metric = office.metric("count")
    page = office.get(f"{metric}/values", sort="value", order="desc", limit=1, at="2023-11-12T00:00:00Z")
    rest = office.get(f"{metric}/values", sort="value", order="desc", cursor=page["next"])
    assert rest["at"] == "2023-11-12T00:00:00Z"
    assert [one["value"] for one in rest["items"]] == [1, 0]


def test_a_cursor_of_another_list_is_refused(office: Office) -> None:
    refused = office.get(f"{office.metric('count')}/values", status=400, cursor="bm9uZQ")
    assert refused["faults"][0]["path"] == "cursor"


@pytest.mark.parametrize(
    ("window", "compare", "compared_at", "previous_and_change"),
    [
        ({"kind": "rolling_days", "days": 7}, "previous", "2023-11-07T22:13:20Z", (10, 20)),
        ({"kind": "calendar", "period": "month"}, "previous", "2023-10-14T21:13:20Z", (0, 40)),
        ({"kind": "all_time"}, "day", "2023-11-13T22:13:20Z", (10, 30)),
        ({"kind": "all_time"}, "year", "2022-11-14T22:13:20Z", (0, 40)),
    ],
)
def test_a_value_is_compared_with_the_period_before(
    office: Office, window: dict[str, Any], compare: str, compared_at: str, previous_and_change: tuple[float, float]
) -> None:
    page = office.get(f"{office.metric('sum', 'dollars', window=window)}/values", compare=compare)
    assert page["compared_at"] == compared_at
    assert (page["items"][0]["previous"], page["items"][0]["change"]) == previous_and_change


@pytest.mark.parametrize(
    ("compare", "compared_at"), [("day", "2023-10-30T09:00:00Z"), ("week", "2023-10-24T08:00:00Z")]
)
def test_a_week_before_is_the_same_time_of_day_where_clocks_changed(
    office: Office, compare: str, compared_at: str
) -> None:
    page = office.get(f"{office.metric('count')}/values", at="2023-10-31T09:00:00Z", compare=compare)
    assert page["compared_at"] == compared_at


def test_a_comparison_that_no_window_tells_is_refused(office: Office) -> None:
    refused = office.get(f"{office.metric('count')}/values", status=400, compare="previous")
    assert refused["faults"][0]["path"] == "compare"


def test_values_are_shown_in_their_unit_and_format(office: Office) -> None:
    euros = office.metric("sum", "dollars", unit="EUR", format={"style": "number", "decimals": 2})
    page = office.get(f"{euros}/values")
    assert [one["shown"] for one in page["items"]] == ["40.00 EUR", "5.00 EUR", "0.00 EUR"]
    assert (page["unit"], page["format"]) == ("EUR", {"style": "number", "decimals": 2})


def test_a_series_follows_the_account_s_days_and_ends_now(office: Office) -> None:
    metric = office.metric("count", window={"kind": "calendar", "period": "day"})
    acme, bolt = office.companies["Acme"], office.companies["Bolt"]
    series = office.get(f"{metric}/series?from=2023-11-13&company_id={acme}&company_id={bolt}")
    assert series["time_zone"] == "Europe/Berlin"
    assert series["points"] == [
        {"start": "2023-11-12T23:00:00Z", "end": "2023-11-13T23:00:00Z"},
        {"start": "2023-11-13T23:00:00Z", "end": "2023-11-14T22:13:20Z"},
    ]
    assert [(one["company_name"], one["values"], one["changes"]) for one in series["series"]] == [
        ("Acme", [0, 1], [0, 1]),
        ("Bolt", [0, 0], [0, 0]),
    ]


@pytest.mark.parametrize(
    ("by", "points", "last"), [("day", 30, 2), ("week", 12, 2), ("month", 12, 2), ("quarter", 8, 2)]
)
def test_a_series_goes_back_a_usual_while_unless_it_is_told(office: Office, by: str, points: int, last: float) -> None:
    series = office.get(f"{office.metric('count')}/series", company_id=str(office.companies["Acme"]), by=by)
    (values,) = (one["values"] for one in series["series"])
    assert (len(values), len(series["points"]), values[-1]) == (points, points, last)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, "company_id"),
        ({"company_id": str(UUID(int=7))}, "company_id"),
        ({"company_id": "acme", "from": "1990-01-01"}, "from"),
        ({"company_id": "acme", "by": "hour"}, "by"),
    ],
    ids=["of no company", "of an unknown one", "too long", "by hours"],
)
def test_a_series_that_cannot_be_is_refused(office: Office, params: dict[str, str], path: str) -> None:
    given = {name: str(office.companies["Acme"]) if value == "acme" else value for name, value in params.items()}
    refused = office.get(f"{office.metric('count')}/series", status=400, **given)
    assert [fault["path"].partition("[")[0] for fault in refused["faults"]] == [path]


def test_a_metric_is_broken_down_by_a_field_of_one_company_or_of_all(office: Office) -> None:
    metric = office.metric("sum", "dollars", group_by="customer")
    groups = office.get(f"{metric}/groups")
    assert (groups["by"], groups["items"]) == (
        "customer",
        [{"group": "bob", "value": 30}, {"group": "ann", "value": 10}, {"group": "cyd", "value": 5}],
    )
    acme = office.get(f"{metric}/groups", company_id=str(office.companies["Acme"]), by="is new", limit=1)
    assert acme["items"] == [{"group": False, "value": 30}]
    due = office.get(f"{metric}/groups", by="due")
    assert due["items"] == [{"group": None, "value": 45}]
    refused = office.get(f"{office.metric('count')}/groups", status=400)
    assert refused["faults"][0]["path"] == "by"


def test_a_formula_divides_one_metric_by_another(office: Office) -> None:
    total, number = office.metric("sum", "dollars"), office.metric("count")
    share = office.formula("total / number", total=total, number=number)
    assert office.values(share, sort="value") == {"Bolt": 5, "Acme": 20, "Cog": None}
    assert office.get(share)["formula"] == "total / number"
    twice = office.formula("2 * share", share=share)
    assert office.values(twice, at="2023-11-02T00:00:00Z") == {"Acme": 20, "Bolt": None, "Cog": None}
    assert office.get(f"{twice}/groups", status=400, by="customer")["faults"][0]["path"] == "by"


def test_a_metric_that_a_formula_is_made_of_stays(office: Office) -> None:
    number = office.metric("count")
    office.formula("n + 1", n=number)
    assert office.editor.delete(f"/api/metrics/{number}").status_code == 409


def test_a_formula_may_not_come_back_to_itself(office: Office) -> None:
    first = office.formula("n + 1", n=office.metric("count"))
    second = office.formula("x + 1", x=first)
    circle = office.editor.put(f"/api/metrics/{first}", json={"name": "f", "formula": "x", "terms": {"x": second}})
    assert (circle.status_code, circle.json()["faults"][0]["reason"]) == (400, "the formula comes back to itself")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"formula": "a +", "terms": {"a": "count"}}, ""),
        ({"formula": "a", "terms": {"a": str(UUID(int=7))}}, "terms.a"),
        ({"formula": "a", "terms": {}}, "terms"),
        ({"aggregation": "sum", "field": "customer"}, "field"),
        ({"aggregation": "latest", "field": "customer"}, "field"),
        ({"aggregation": "average"}, ""),
        ({"aggregation": "count", "group_by": "size"}, "group_by"),
        ({"aggregation": "count", "window": {"kind": "calendar", "period": "hour"}}, "window"),
        ({"aggregation": "median", "field": "dollars"}, "aggregation"),
    ],
    ids=str,
)
def test_a_metric_that_does_not_fit_is_refused_saved_or_tried(office: Office, body: dict[str, Any], path: str) -> None:
    made = {"count": office.metric("count")}
    draft: dict[str, Any] = {"name": "m", **body}
    if "formula" in draft:
        draft["terms"] = {name: made.get(metric, metric) for name, metric in draft["terms"].items()}
    else:
        draft["signal_id"] = str(office.signal.id)
    for door, sent in (("/api/metrics", draft), ("/api/metrics/preview", {"metric": draft})):
        refused = office.post(door, sent, status=400)
        assert path in refused["faults"][0]["path"]


def test_a_draft_is_tried_without_being_saved(office: Office) -> None:
    before = office.get("")
    draft = {"name": "m", "signal_id": str(office.signal.id), "aggregation": "latest", "field": "dollars", "unit": "$"}
    acme = str(office.companies["Acme"])
    preview = office.post("/api/metrics/preview", {"metric": draft, "company_id": acme, "limit": 1}, status=200)
    assert (preview["companies"], preview["with_value"]) == (3, 2)
    assert [(one["company_name"], one["shown"]) for one in preview["items"]] == [("Acme", "30 $")]
    assert preview["series"]["series"][0]["values"][-3:] == [10, 10, 30]
    formula = {"name": "f", "formula": "n * 2", "terms": {"n": office.metric("count")}}
    assert office.post("/api/metrics/preview", {"metric": formula}, status=200)["items"][0]["value"] == 4
    assert len(office.get("")["items"]) == len(before["items"]) + 1


def test_a_change_of_the_definition_or_the_calendar_shows_at_once_on_all_history(office: Office) -> None:
    metric = office.metric("count", window={"kind": "calendar", "period": "day"})
    assert office.values(metric, at="2023-11-13T23:45:00Z")["Acme"] == 1
    with office.database.write() as session:
        write_settings(session, AccountSettings(time_zone="Asia/Tokyo"))
    assert office.values(metric, at="2023-11-14T20:00:00Z")["Acme"] == 0  # where it is the 15th
    with office.database.write() as session:
        write_settings(session, AccountSettings(time_zone="Europe/Berlin"))
    assert office.values(metric, at="2023-11-14T20:00:00Z")["Acme"] == 1
    changed = {"name": "m", "signal_id": str(office.signal.id), "aggregation": "sum", "field": "dollars"}
    assert office.editor.put(f"/api/metrics/{metric}", json=changed).status_code == 200
    assert office.values(metric, at="2023-11-02T00:00:00Z")["Acme"] == 10
