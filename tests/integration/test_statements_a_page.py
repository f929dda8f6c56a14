"""No page of the API asks more of the databases because it has more to show: every GET route, with few rows and many.

A route that lists its rows one by one is found here, also one that is added later: the routes are those of the OpenAPI
document, and one without a row in `IDS` fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from clickhouse_connect.driver.client import Client
from sqlalchemy import event

from milepost.control.company_import.deciding import ImportLine, LineOutcome
from milepost.control.repos.import_lines import add_lines
from milepost.control.repos.jobs import add_job
from milepost.control.repos.privacy import add_privacy_request
from milepost.domain.account import Role
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.job import JobDraft, JobKind
from milepost.domain.privacy import PrivacyAction
from milepost.kit.ids import uuid7, uuid7_bytes
from milepost.store.events import insert_events
from milepost.testing.business import NOW_MS
from milepost.testing.firm import Firm, Purchase

FEW, MANY = 2, 6
NO_PAGES = {
    "/api/events/live",  # streams
    "/api/feeds/live",
    "/api/feeds/export",  # files
    "/api/privacy/requests/{request_id}/export",
}


class Counting:
    """The store's client, which counts what it is asked."""

    def __init__(self, client: Client) -> None:
        self._client, self.asked = client, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in ("query", "raw_query", "command", "raw_stream"):
            return found

        def asking(*arguments: Any, **options: Any) -> Any:
            self.asked += 1
            return found(*arguments, **options)

        return asking


class Grown:
    """A firm with so many of everything that there can be many of."""

    def __init__(self, client: Client, folder: Path, size: int) -> None:
        self.store = Counting(client)
        self.firm = Firm(self.store, folder)  # type: ignore[arg-type]  # all that is used of a client
        self.admin = self.firm.console.as_person(Role.ADMIN)
        self.size, self.asked = size, 0
        self.ids: dict[str, str] = {"nouns": "milestones"}
        self.bodies: dict[str, Any] = {}
        self._define()
        self._log()
        self._note()
        self.firm.get("/me")  # which has the judge look
        event.listen(self.firm.database.engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.asked += 1

    def made(self, path: str, body: Any) -> str:
        answer = self.admin.post(f"/api{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json().get("id", ""))

    def _define(self) -> None:
        firm, many = self.firm, range(self.size)
        firm.buy(*(Purchase(f"c{n}", NOW_MS - 1000 * m, 10) for n in many for m in range(6)))
        signal = str(firm.shop.signal.id)
        metrics, milestones = [str(firm.shop.metric.id)], []
        for n in many:
            self.made("/users", {"email": f"p{n}@example.com", "password": "correct horse battery", "role": "viewer"})
            self.ids["script_id"] = self.made("/connections", {"name": f"C{n}", "kind": "tracking-script"})
            fields = {"fields": [{"name": "customer", "path": ["customer"], "type": "text"}]}
            of = {"connection_id": str(firm.shop.connection.id), "event_key": f"e{n}", "company": {"field": "customer"}}
            self.made("/signals", {"name": f"S{n}", **fields, **of})
            drafted = {"name": f"M{n}", "signal_id": signal, "aggregation": "sum", "field": "dollars"}
            metrics.append(self.made("/metrics", drafted | {"window": {"kind": "rolling_days", "days": n + 1}}))
            self.made("/metrics", {"name": f"F{n}", "formula": "a + b", "terms": {"a": metrics[0], "b": metrics[-1]}})
            acts = [
                {"kind": "automatic", "name": "x", "metric_id": one, "operator": ">", "value": 5} for one in metrics
            ]
            milestones.append(self.made("/milestones", {"name": f"MS{n}", "actions": acts[-3:]}))
            weighted = [{"milestone_id": one, "weight": 1} for one in milestones]
            outcome = self.made("/outcomes", {"name": f"O{n}", "milestones": weighted})
            template = {"name": f"T{n}", "outcome_ids": [outcome], "milestone_ids": milestones}
            self.ids["template_id"] = self.made("/outcomes/templates", template)
            self.made("/altkeys", {"name": f"K{n}"})
            self.made("/companies", {"name": f"Known {n}", "keys": [{"key_space": f"K{n}", "value": "1"}]})
        self.made(f"/outcomes/{outcome}/assign", {"all": True})
        self.ids |= {"connection_id": str(firm.shop.connection.id), "signal_id": signal, "outcome_id": outcome}
        self.ids |= {"metric_id": metrics[0], "milestone_id": milestones[0], "definition_id": milestones[0]}
        self.ids["company_id"] = firm.company("c0")

    def _log(self) -> None:
        rows = self.size
        request = uuid7_bytes(NOW_MS)
        insert_events(
            self.store._client,
            900 + rows,
            f"pages-{rows}",
            [
                RecordedGroup(
                    connection_id=self.firm.shop.connection.id.bytes,
                    event_key=f"purchase{kind}",
                    door="events",
                    request_ids=[request] * rows,
                    items=range(kind * rows, (kind + 1) * rows),
                    received_at_ms=[NOW_MS] * rows,
                    event_date_ms=[NOW_MS - 2000] * rows,
                    fates=[Fate.PROCESSED] * rows,
                    reasons=[""] * rows,
                    duplicates_of=[""] * rows,
                    payloads=[b'{"customer":"c%d","dollars":%d}' % (n, n) for n in range(rows)],
                    smart_keys=(),
                )
                for kind in range(rows)
            ],
        )
        self.ids["request_id"] = str(UUID(bytes=request))
        self.ids["event_id"] = self.firm.get("/events")["items"][0]["id"]

    def _note(self) -> None:
        with self.firm.database.write() as session:
            for number in range(self.size):
                draft = JobDraft(kind=JobKind.COMPANY_IMPORT, subject="companies")
                job = add_job(session, draft, actor="ada", now_ms=NOW_MS)
                request_id = uuid7(NOW_MS + number)
                add_privacy_request(
                    session,
                    request_id,
                    PrivacyAction.DELETE,
                    about_company=uuid4(),
                    user_digest=None,
                    actor="ada",
                    now_ms=NOW_MS,
                )
            lines = [
                ImportLine(line=n, outcome=LineOutcome.CREATED, company_id=UUID(self.ids["company_id"]))
                for n in range(self.size)
            ]
            add_lines(session, job.id, lines)
        self.ids |= {"job_id": str(job.id), "privacy_id": str(request_id)}
        copies = self.firm.get("/assigned-milestones", company_id=self.ids["company_id"])["items"]
        self.ids["assigned_id"] = copies[0]["id"]
        self.ids["assigned_outcome_id"] = self.firm.get("/assigned-outcomes")["items"][0]["id"]

    def count(self, path: str, **query: Any) -> int:
        """How many statements one answer takes, of both databases."""
        self.asked = self.store.asked = 0
        answer = self.admin.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return self.asked + self.store.asked


@pytest.fixture(scope="module")
def grown(chdb_client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Grown, Grown]]:
    made = [Grown(chdb_client, tmp_path_factory.mktemp(f"of-{size}"), size) for size in (FEW, MANY)]
    yield made[0], made[1]
    for one in made:
        one.firm.close()
        chdb_client.command(
            "DELETE FROM events WHERE connection_id = {id:UUID}", parameters={"id": one.firm.shop.connection.id}
        )


def pages(grown: Grown) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each route of the document, its address with ids of this firm, and what it must be asked with."""
    for path, methods in grown.firm.console.app.openapi()["paths"].items():
        if "get" not in methods or path in NO_PAGES:
            continue
        ids = dict(grown.ids)
        if "/privacy/" in path:
            ids["request_id"] = ids["privacy_id"]
        if path.endswith("/script"):
            ids["connection_id"] = ids["script_id"]
        if "/assigned-outcomes/" in path:
            ids["assigned_id"] = ids["assigned_outcome_id"]
        needed = {one["name"] for one in methods["get"].get("parameters", ()) if one.get("required")}
        known = {**ids, "event_key": "purchase1"}
        asked = {name: known[name] for name in needed if f"{{{name}}}" not in path}
        if path.endswith("/groups"):
            asked["by"] = "dollars"
        taken = {one["name"] for one in methods["get"].get("parameters", ())}
        yield path, path.format(**ids), asked
        for name, value in (("explain", "true"), ("sort", "value"), ("search", "c"), ("at", "2023-11-14T22:00:00Z")):
            if name in taken and not (path == "/api/companies" and name == "sort"):
                yield f"{path} with {name}", path.format(**ids), {**asked, name: value}


def test_no_page_takes_more_statements_for_more_rows(grown: tuple[Grown, Grown]) -> None:
    few, many = ({name: one.count(path, **query) for name, path, query in pages(one)} for one in grown)
    assert few.keys() == many.keys()
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name]} == {}


@pytest.mark.parametrize("path", ["/milestones/{milestone_id}/assign", "/outcomes/{outcome_id}/assign"])
def test_an_audience_is_found_by_as_many_statements_for_few_companies_as_for_many(
    grown: tuple[Grown, Grown], path: str
) -> None:
    counts = []
    for one in grown:
        condition = {"metric_id": one.ids["metric_id"], "operator": ">=", "value": 1}
        wanted = {"filter": {"metrics": [condition]}, "dry_run": True}
        one.asked = one.store.asked = 0
        answer = one.admin.post("/api" + path.format(**one.ids), json=wanted)
        assert answer.status_code == 200, answer.text
        counts.append(one.asked + one.store.asked)
    assert counts[1] <= counts[0]


def test_combining_and_separating_take_as_many_reads_for_few_companies_as_for_many(grown: tuple[Grown, Grown]) -> None:
    counts: dict[str, list[int]] = {"look": [], "combine": [], "separate": []}
    for one in grown:
        others = [one.firm.company(f"c{n}") for n in range(1, one.size)]
        for name, path, more in (
            ("look", "combine", {"dry_run": True}),
            ("combine", "combine", {}),
            ("separate", "separate", {}),
        ):
            one.asked = one.store.asked = 0
            answer = one.admin.post(
                f"/api/companies/{one.ids['company_id']}/{path}", json={"company_ids": others, **more}
            )
            assert answer.status_code == 200, answer.text
            counts[name].append(one.asked + one.store.asked)
    assert {name: (few, many) for name, (few, many) in counts.items() if many > few} == {}
