"""What was sent, which fields it has, and what a draft would make of it, through the API over the real store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos.company_keys import create_companies
from milepost.domain.account import Role
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.tally import Tally
from milepost.kit.ids import uuid7
from milepost.record.checkpoint import Checkpoints, Span
from milepost.store.event_log import EventLogReader
from milepost.store.writer import StoreWriter
from milepost.testing.business import NOW_MS, Business, add_business
from milepost.testing.console import Console, open_console

DAY_MS = 86_400_000
TODAY = NOW_MS // DAY_MS


class Shop:
    """A console over the real store, with a business that knows the customer C1."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.console: Console = open_console(folder, event_log=EventLogReader(client))
        with self.console.deps.database.write() as session:
            self.business: Business = add_business(session)
            create_companies(session, [("CustomerNumber", "C1")], NOW_MS)
        self.viewer = self.console.as_person(Role.VIEWER)
        self._writer = StoreWriter(client)

    @property
    def connection_id(self) -> UUID:
        return self.business.connection.id

    def receive(self, *payloads: bytes, key: str = "purchase", at_ms: int = NOW_MS, fate: Fate = Fate.PROCESSED) -> str:
        request_id, rows = uuid7(at_ms), len(payloads)
        group = RecordedGroup(
            connection_id=self.connection_id.bytes,
            event_key=key,
            door="events",
            request_ids=[request_id.bytes] * rows,
            items=range(rows),
            received_at_ms=[at_ms] * rows,
            event_date_ms=[at_ms] * rows,
            fates=[fate] * rows,
            reasons=[""] * rows,
            duplicates_of=["" if fate is Fate.PROCESSED else f"{request_id}.0"] * rows,
            payloads=payloads,
            smart_keys=(),
        )
        self._writer.insert(1, f"preview-{request_id}", [group], [])
        return str(request_id)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.viewer.get(f"/api{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def draft(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": "Large purchases",
            "connection_id": str(self.connection_id),
            "event_key": "purchase",
            "fields": [
                {"name": "customer", "path": ["customer"], "type": "text"},
                {"name": "dollars", "path": ["dollars"], "type": "number"},
            ],
            "company": {"field": "customer", "key_space": "CustomerNumber"},
            "rules": {
                "kind": "group",
                "match": "all",
                "members": [{"kind": "condition", "field": "dollars", "operator": ">=", "value": 100}],
            },
        } | changes

    def preview(self, **params: Any) -> Any:
        answer = self.viewer.post("/api/signals/preview", json=self.draft(), params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def shop(tmp_path: Path, chdb_client: Client) -> Iterator[Shop]:
    opened = Shop(tmp_path, chdb_client)
    yield opened
    opened.console.deps.database.close()
    chdb_client.command("TRUNCATE TABLE events")


def test_a_draft_that_could_not_be_put_in_force_is_refused_like_there(shop: Shop) -> None:
    fields = [{"name": f"f{place}", "path": ["x"], "type": "number"} for place in range(17)]
    draft = shop.draft(fields=[{"name": "customer", "path": ["customer"], "type": "text"}, *fields], rules=None)
    del draft["rules"]
    answers = [shop.viewer.post("/api/signals/preview", json=draft)]
    answers.append(shop.console.as_person(Role.EDITOR).post("/api/signals", json=draft))
    for answer in answers:
        assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "fields[17]")
        assert "applied to history" in answer.json()["faults"][0]["reason"]


def test_a_draft_shows_what_matches_and_why_the_rest_does_not(shop: Shop) -> None:
    request = shop.receive(
        b'{"customer":"C1","dollars":"250"}', b'{"customer":"C1","dollars":12.5}', b'{"customer":"C1","dollars":"12 $"}'
    )
    found = shop.preview()
    assert (found["events"], found["matched"], found["not_matched"]) == (3, 1, 2)
    assert found["conversion_failures"] == {"customer": 0, "dollars": 1}
    unreadable, small, large = found["items"]
    assert (large["id"], large["is_match"], large["against"]) == (f"{request}.0", True, [])
    assert large["readings"][1] == {"field": "dollars", "state": "read", "found": "250", "value": 250}
    assert small["against"] == [
        {"path": "rules.members[0]", "field": "dollars", "words": "dollars is 12.5; it must be at least 100"}
    ]
    assert unreadable["readings"][1]["state"] == "not_convertible"
    assert unreadable["against"][0]["words"].startswith('dollars is "12 $", which does not convert to number')


def test_a_draft_shows_which_company_each_key_names_now(shop: Shop) -> None:
    shop.receive(b'{"customer":"C1","dollars":100}', b'{"customer":"C9","dollars":100}', b'{"dollars":100}')
    found = shop.preview()
    assert (found["matched"], found["company_unknown"], found["company_missing"]) == (3, 1, 1)
    missing, unknown, known = [item["company"] for item in found["items"]]
    assert missing is None
    assert unknown == {"key": {"key_space": "CustomerNumber", "value": "C9"}, "id": None, "name": None}
    assert (known["name"], known["key"]["value"]) == ("C1", "C1")


def test_only_the_latest_events_that_were_processed_are_looked_at(shop: Shop) -> None:
    shop.receive(*[b'{"dollars":1}'] * 5, at_ms=NOW_MS - 40 * DAY_MS)
    latest = shop.receive(b'{"dollars":2}')
    shop.receive(b'{"dollars":3}', fate=Fate.DUPLICATE)
    shop.receive(b'{"dollars":4}', key="refund")
    assert shop.preview()["events"] == 6
    assert [item["id"] for item in shop.preview(last=1)["items"]] == [f"{latest}.0"]


def test_more_events_than_one_reading_takes_are_all_looked_at(shop: Shop) -> None:
    for request in range(4):
        shop.receive(*[b'{"dollars":%d}' % request] * 300, at_ms=NOW_MS + request)
    assert shop.preview(last=5000)["events"] == 1200
    assert shop.preview(last=700)["events"] == 700


def test_a_draft_that_does_not_hold_together_is_refused_with_its_faults(shop: Shop) -> None:
    answer = shop.viewer.post("/api/signals/preview", json=shop.draft(company={"field": "nobody"}))
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "company.field")


def test_the_signal_in_force_can_be_looked_at_the_same_way(shop: Shop) -> None:
    shop.receive(b'{"customer":"C1","dollars":1}')
    found = shop.get(f"/signals/{shop.business.signal.id}/preview")
    assert (found["events"], found["matched"]) == (1, 1)


def test_long_values_are_cut_and_huge_numbers_kept(shop: Shop) -> None:
    shop.receive(b'{"customer":"%b","dollars":123456789012345678901234567890}' % (b"x" * 5000))
    customer, dollars = shop.preview()["items"][0]["readings"]
    assert len(customer["found"]) == 301
    assert dollars["found"] == "123456789012345678901234567890"


def test_the_event_keys_that_were_really_seen_are_listed_with_their_counts(shop: Shop) -> None:
    shop.receive(b"{}", b"{}", key="sales/refund {x}", at_ms=NOW_MS - DAY_MS)
    shop.receive(b"{}", fate=Fate.DUPLICATE)
    shop.receive(b"{}")
    purchase, refund = shop.get(f"/connections/{shop.connection_id}/event-keys")["items"]
    assert (purchase["event_key"], purchase["events"], purchase["repeats"]) == ("purchase", 2, 1)
    assert (refund["event_key"], refund["events"], refund["repeats"]) == ("sales/refund {x}", 2, 0)
    assert refund["last_seen_at"] < purchase["first_seen_at"]
    found = shop.get(f"/connections/{shop.connection_id}/event-keys", search="REFUND")["items"]
    assert [one["event_key"] for one in found] == ["sales/refund {x}"]


def test_fields_are_suggested_from_what_was_seen_under_any_key(shop: Shop) -> None:
    shop.receive(b'{"amount":12.5,"user":{"id":"u1"}}', b'{"amount":"3"}', key="sales/refund {x}")
    found = shop.get("/signals/suggestions", connection_id=shop.connection_id, event_key="sales/refund {x}")
    assert found["events"] == 2
    amount, user, user_id = found["fields"]
    assert (amount["path"], amount["type"], amount["convertible"]["number"]) == (["amount"], "text", 2)
    assert amount["examples"] == ["3", 12.5]
    assert (user["path"], user["type"], user_id["path"]) == (["user"], "object", ["user", "id"])


def test_a_connection_that_is_not_there_is_a_404(shop: Shop) -> None:
    assert shop.viewer.get(f"/api/connections/{UUID(int=1)}/event-keys").status_code == 404
    query = {"connection_id": str(UUID(int=1)), "event_key": "x"}
    assert shop.viewer.get("/api/signals/suggestions", params=query).status_code == 404


def test_counts_are_told_in_total_for_today_and_day_by_day(shop: Shop, tmp_path: Path) -> None:
    signal_id = shop.business.signal.id
    checkpoints = Checkpoints(tmp_path / "reactor.sqlite")
    tallies = [
        Tally(signal_id=signal_id, day=TODAY - 40, seen=5, matched=5, failures={}),
        Tally(signal_id=signal_id, day=TODAY - 1, seen=4, matched=2, company_unknown=1, failures={"dollars": 2}),
        Tally(signal_id=signal_id, day=TODAY, seen=3, matched=3, company_missing=1, failures={"dollars": 1}),
    ]
    checkpoints.finish(checkpoints.begin([Span(0, 0, 1)]), tallies)
    found = shop.get(f"/signals/{signal_id}/counts")
    assert found["total"] == {
        "seen": 12,
        "matched": 10,
        "not_matched": 2,
        "company_missing": 1,
        "company_unknown": 1,
        "conversion_failures": {"dollars": 3},
    }
    assert (found["today"]["seen"], found["today"]["company_missing"]) == (3, 1)
    assert [(day["day"], day["seen"]) for day in found["days"]] == [("2023-11-14", 3), ("2023-11-13", 4)]
    checkpoints.close()


def test_a_signal_that_saw_nothing_yet_counts_nothing(shop: Shop) -> None:
    found = shop.get(f"/signals/{shop.business.signal.id}/counts")
    assert (found["total"]["seen"], found["days"]) == (0, [])
