"""Data Feeds through the API, over the real store: pages, filters, types, revisions, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy import update

from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.signals import create_signal, update_signal
from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import CompanyRow
from milepost.domain.account import Role
from milepost.domain.company import Standing
from milepost.domain.criterion import FieldType
from milepost.domain.event import EventId
from milepost.domain.signal import Signal, SignalField
from milepost.kit.ids import uuid7
from milepost.store.feeds import FeedReader
from milepost.testing.business import NOW_MS, add_connection, purchase_draft
from milepost.testing.console import open_console
from milepost.testing.feeds import Emitted, emit
from milepost.web.feeds import MOST_HIDDEN

MORE_FIELDS = (
    SignalField(name="is gift", path=("gift",), type=FieldType.BOOLEAN),
    SignalField(name="due", path=("due",), type=FieldType.UNIX_MS_DATE),
    SignalField(name="tags", path=("tags",), type=FieldType.ARRAY),
)


class Shop:
    """A console over the real store, with purchases and refunds of the companies C1 and C2."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.client = client
        self.console = open_console(folder, feed_rows=FeedReader(client))
        with self.console.deps.database.write() as session:
            draft = purchase_draft(add_connection(session).id)
            all_fields = draft.model_copy(update={"fields": (*draft.fields, *MORE_FIELDS)})
            self.purchases = create_signal(session, all_fields, now_ms=NOW_MS)
            refunds = draft.model_copy(update={"name": "Refunds", "event_key": "refund"})
            self.refunds = create_signal(session, refunds, now_ms=NOW_MS)
            keys = [("CustomerNumber", "C1"), ("CustomerNumber", "C2")]
            self.companies = {key[1]: made for key, made in create_companies(session, keys, NOW_MS).items()}
        self.viewer = self.console.as_person(Role.VIEWER)
        self._batch = 0

    def happen(self, signal: Signal, company: str, *, at_ms: int, late_ms: int = 0, **values: float | str) -> EventId:
        """One emission, dated `at_ms` and arrived `late_ms` later, in a batch of its own."""
        self._batch += 1
        event_id = EventId(uuid7(at_ms + late_ms), 0)
        row = Emitted(company_id=self.companies[company], event_id=event_id, event_date_ms=at_ms, values=values)
        emit(self.client, self._batch, signal, [row])
        return event_id

    def rows(self, **params: Any) -> list[dict[str, Any]]:
        """What a viewer gets, page by page."""
        answer = self.viewer.get("/api/feeds", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        more = self.rows(**{**params, "cursor": page["next"]}) if page["next"] else []
        return [*page["items"], *more]

    def ids(self, **params: Any) -> list[str]:
        """The event ids of the rows."""
        return [row["event_id"] for row in self.rows(**params)]


@pytest.fixture
def shop(tmp_path: Path, chdb_client: Client) -> Iterator[Shop]:
    opened = Shop(tmp_path, chdb_client)
    yield opened
    opened.console.deps.database.close()
    chdb_client.command("TRUNCATE TABLE signals")


def test_a_row_has_its_signal_its_company_and_the_fields_in_their_types(shop: Shop) -> None:
    values: dict[str, float | str] = {"dollars": 12.5, "is gift": 1.0, "due": float(NOW_MS), "tags": '["a/b",2,true]'}
    event_id = shop.happen(shop.purchases, "C1", at_ms=NOW_MS - 1000, late_ms=1000, customer="C1", **values)
    assert shop.rows() == [
        {
            "event_id": str(event_id),
            "event_date": "2023-11-14T22:13:19Z",
            "received_at": "2023-11-14T22:13:20Z",
            "signal_id": str(shop.purchases.id),
            "signal_name": "Purchases",
            "revision": 1,
            "company_id": str(shop.companies["C1"]),
            "company_name": "C1",
            "fields": {
                "customer": "C1",
                "dollars": 12.5,
                "is gift": True,
                "due": "2023-11-14T22:13:20Z",
                "tags": ["a/b", 2, True],
            },
        }
    ]


def test_what_is_missing_is_null_and_whole_numbers_have_no_fraction(shop: Shop) -> None:
    values: dict[str, float | str] = {"dollars": 12.0, "is gift": 0.0}
    shop.happen(shop.purchases, "C1", at_ms=NOW_MS, late_ms=0, **values)
    (row,) = shop.rows()
    assert row["fields"] == {"customer": None, "dollars": 12, "is gift": False, "due": None, "tags": None}


def test_rows_are_narrowed_by_signal_and_by_company(shop: Shop) -> None:
    bought = shop.happen(shop.purchases, "C1", at_ms=NOW_MS)
    gave_back = shop.happen(shop.refunds, "C1", at_ms=NOW_MS + 1)
    other = shop.happen(shop.purchases, "C2", at_ms=NOW_MS + 2)
    purchases, refunds = str(shop.purchases.id), str(shop.refunds.id)
    of_c1 = str(shop.companies["C1"])
    assert shop.ids(signal_id=purchases) == [str(other), str(bought)]
    assert shop.ids(company_id=of_c1) == [str(gave_back), str(bought)]
    assert shop.ids(company_id=of_c1, signal_id=refunds) == [str(gave_back)]
    assert shop.ids(company_id=of_c1, signal_id=[refunds, purchases]) == [str(gave_back), str(bought)]


def test_time_bounds_and_order_go_by_event_date_or_by_arrival(shop: Shop) -> None:
    first = shop.happen(shop.purchases, "C1", at_ms=NOW_MS)
    late = shop.happen(shop.purchases, "C1", at_ms=NOW_MS - 60_000, late_ms=120_000)
    at = "2023-11-14T22:13:20Z"
    assert shop.ids() == [str(first), str(late)]
    assert shop.ids(order="oldest") == [str(late), str(first)]
    assert shop.ids(by="arrival") == [str(late), str(first)]
    assert shop.ids(by="arrival", order="oldest") == [str(first), str(late)]
    assert shop.ids(since=at) == [str(first)]
    assert shop.ids(until=at) == [str(late)]
    assert shop.ids(by="arrival", since="2023-11-14T22:13:20.001Z") == [str(late)]
    assert shop.ids(by="arrival", until="2023-11-14T22:13:20.001Z") == [str(first)]


@pytest.mark.parametrize("by", ["event_date", "arrival"])
def test_pages_hold_every_row_once_while_others_arrive(shop: Shop, by: str) -> None:
    before = [shop.happen(shop.purchases, "C1", at_ms=NOW_MS + number % 3) for number in range(7)]
    first = shop.viewer.get("/api/feeds", params={"limit": 3, "by": by}).json()
    shop.happen(shop.purchases, "C1", at_ms=NOW_MS + 10)
    rest = shop.ids(limit=3, by=by, cursor=first["next"])
    assert sorted([*(row["event_id"] for row in first["items"]), *rest]) == sorted(map(str, before))


def test_a_cursor_of_another_order_is_refused(shop: Shop) -> None:
    for number in range(2):
        shop.happen(shop.purchases, "C1", at_ms=NOW_MS + number)
    cursor = shop.viewer.get("/api/feeds", params={"limit": 1}).json()["next"]
    answer = shop.viewer.get("/api/feeds", params={"limit": 1, "by": "arrival", "cursor": cursor})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "cursor")


def test_rows_of_an_older_revision_read_as_that_revision_wrote_them(shop: Shop) -> None:
    shop.happen(shop.refunds, "C1", at_ms=NOW_MS, customer="C1", dollars=5.0)
    fields = (
        SignalField(name="customer", path=("customer",), type=FieldType.TEXT),
        SignalField(name="reason", path=("reason",), type=FieldType.TEXT),
        SignalField(name="dollars", path=("dollars",), type=FieldType.TEXT),
    )
    with shop.console.deps.database.write() as session:
        draft = purchase_draft(shop.refunds.connection_id).model_copy(update={"name": "Returns", "fields": fields})
        newer = update_signal(session, shop.refunds.id, draft, now_ms=NOW_MS)
    shop.happen(newer, "C1", at_ms=NOW_MS + 1, customer="C1", reason="broken", dollars="5 $")
    new, old = shop.rows(signal_id=str(newer.id))
    assert (new["revision"], new["fields"]) == (2, {"customer": "C1", "reason": "broken", "dollars": "5 $"})
    assert (old["revision"], old["fields"]) == (1, {"customer": "C1", "dollars": 5})
    assert [new["signal_name"], old["signal_name"]] == ["Returns", "Returns"]


def test_rows_of_a_generation_that_is_not_in_force_are_not_read(shop: Shop) -> None:
    shop.happen(shop.purchases.model_copy(update={"generation": 1}), "C1", at_ms=NOW_MS)
    assert shop.rows() == []


def _change_company(shop: Shop, key: str, **changes: Any) -> None:
    with shop.console.deps.database.write() as session:
        row = session.get(CompanyRow, shop.companies[key])
        for name, value in changes.items():
            setattr(row, name, value)
        raise_revision(session, Scope.IDENTITIES)


def test_rows_of_combined_companies_are_those_of_the_primary(shop: Shop) -> None:
    for place, key in enumerate(("C1", "C2")):
        shop.happen(shop.purchases, key, at_ms=NOW_MS + place)
    _change_company(shop, "C2", merged_into=shop.companies["C1"], primary_id=shop.companies["C1"])
    for asked in ("C1", "C2"):
        rows = shop.rows(company_id=str(shop.companies[asked]))
        assert [(row["company_id"], row["company_name"]) for row in rows] == [(str(shop.companies["C1"]), "C1")] * 2


@pytest.mark.parametrize("others", [0, MOST_HIDDEN], ids=["a few", "very many"])
def test_rows_of_companies_that_are_not_shown_are_left_out(shop: Shop, others: int) -> None:
    with shop.console.deps.database.write() as session:
        made = create_companies(session, [("CustomerNumber", f"X{one}") for one in range(others)], NOW_MS)
        session.execute(
            update(CompanyRow).where(CompanyRow.id.in_(made.values())).values(standing=Standing.UNMATCHED.value)
        )
    kept = shop.happen(shop.purchases, "C1", at_ms=NOW_MS)
    shop.happen(shop.purchases, "C2", at_ms=NOW_MS)
    _change_company(shop, "C2", standing=Standing.UNMATCHED.value)
    assert shop.ids() == [str(kept)]


def test_rows_of_a_company_that_is_gone_have_no_name(shop: Shop) -> None:
    shop.companies["gone"] = UUID(int=7)
    shop.happen(shop.purchases, "gone", at_ms=NOW_MS)
    assert [(row["company_id"], row["company_name"]) for row in shop.rows()] == [(str(UUID(int=7)), None)]


@pytest.mark.parametrize("door", ["/api/feeds?", "/api/feeds/live?", "/api/feeds/export?format=csv&"])
@pytest.mark.parametrize("param", ["signal_id", "company_id"])
def test_a_signal_or_company_that_does_not_exist_is_not_found(shop: Shop, door: str, param: str) -> None:
    answer = shop.viewer.get(f"{door}{param}={UUID(int=7)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("door", "params", "path"),
    [
        ("/api/feeds", {"cursor": "x"}, "cursor"),
        ("/api/feeds", {"order": "sideways"}, "order"),
        ("/api/feeds", {"by": "colour"}, "by"),
        ("/api/feeds", {"since": "yesterday"}, "since"),
        ("/api/feeds", {"limit": "1001"}, "limit"),
        ("/api/feeds/live", {"after": "x"}, "after"),
        ("/api/feeds/live", {"after": "1.2.3"}, "after"),
        ("/api/feeds/live", {"after": f"1.{UUID(int=7)}.70000.{UUID(int=7)}"}, "after"),
        ("/api/events/live", {"after": "-1"}, "after"),
        ("/api/events/live", {"last": "501"}, "last"),
        ("/api/feeds/export", {}, "format"),
        ("/api/feeds/export", {"format": "xlsx"}, "format"),
    ],
)
def test_a_query_that_is_not_right_is_refused_with_the_place(
    shop: Shop, door: str, params: dict[str, str], path: str
) -> None:
    answer = shop.viewer.get(door, params=params)
    assert (answer.status_code, [fault["path"] for fault in answer.json()["faults"]]) == (400, [path])
