"""Plans as time goes by: the judge on a real store and control plane, a console, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.client import Client

from milepost.control.directory import DefinitionSource, JudgedPlans
from milepost.domain.account import Role
from milepost.domain.event import Emissions
from milepost.judge.step import Judge
from milepost.judge.touches import touches
from milepost.measure.queries import MetricReader
from milepost.measure.windows import DAY_MS
from milepost.store.signals import insert_signals
from milepost.testing.business import NOW_MS, add_business
from milepost.testing.console import Console, open_console

_BATCHES = count(1)


class Year:
    """Acme and Bolt buy at the shop; the test moves the days, and the judge looks after each."""

    def __init__(self, console: Console, client: Client) -> None:
        self.console, self.client = console, client
        with console.deps.database.write() as session:
            self.shop = add_business(session)
        self.admin = console.as_person(Role.ADMIN)
        self.signed_in_ms = console.clock()
        self.acme, self.bolt = (self.call("POST", "/companies", {"name": name})["id"] for name in ("Acme", "Bolt"))
        self.definitions = DefinitionSource(console.deps.database)
        control = JudgedPlans(console.deps.database, self.definitions)
        self.judge = Judge(MetricReader(client), control, console.clock)
        self.definitions.refresh()
        self.judge.judge()

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        if self.console.clock() - self.signed_in_ms > 6 * DAY_MS:
            self.admin, self.signed_in_ms = self.console.as_person(Role.ADMIN), self.console.clock()
        wanted = {name: value for name, value in query.items() if value is not None}
        answer = self.admin.request(method, f"/api{path}", json=body, params=wanted)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def look(self) -> None:
        """What the judge's loop does after a change; what comes next is a millisecond later."""
        self.definitions.refresh()
        self.judge.judge()
        self.console.clock.advance(seconds=0.001)

    def wait(self, days: float) -> None:
        self.console.clock.advance(seconds=days * 86_400)
        self.judge.due()

    def buy(self, company: str, *days: float, dollars: Sequence[float] | None = None) -> str:
        """Purchases on these days from the first, all in one request; gives the first event's id."""
        batch = next(_BATCHES)
        emitted = Emissions(
            signal_id=self.shop.signal.id,
            generation=0,
            revision=1,
            company_ids=[UUID(company).bytes] * len(days),
            request_ids=[UUID(int=batch).bytes] * len(days),
            items=list(range(len(days))),
            event_date_ms=[NOW_MS + int(day * DAY_MS) for day in days],
            numbers={} if dollars is None else {self.shop.signal.slots["dollars"]: dollars},
            texts={},
        )
        insert_signals(self.client, batch, f"year-{batch}-{self.shop.signal.id}", [emitted])
        self.console.clock.advance(seconds=0.001)
        self.judge.emitted(touches([emitted]))
        self.console.clock.advance(seconds=0.001)
        return f"{UUID(int=batch)}.0"

    def milestone(self, **changes: Any) -> str:
        """A milestone of at least two purchases, with changes, that is not assigned yet."""
        five = {
            "kind": "automatic",
            "name": "Buys",
            "metric_id": str(self.shop.metric.id),
            "operator": ">=",
            "value": 2,
        }
        return str(self.call("POST", "/milestones", {"name": "Twice", "actions": [five], **changes})["id"])

    def assign(self, milestone: str, *companies: str) -> dict[str, Any]:
        """The first company's copy."""
        self.call("POST", f"/milestones/{milestone}/assign", {"company_ids": companies or (self.acme,)})
        self.look()
        return self.copy(milestone, *companies[:1])

    def copy(self, milestone: str, company: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.call(
            "GET", "/assigned-milestones", milestone_id=milestone, company_id=company or self.acme
        )["items"][0]
        return found

    def corrections(self) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.call("GET", "/audit", action="correct_state")["items"]
        return found

    def last_transition(self, copy: dict[str, Any]) -> dict[str, Any]:
        """The one that was recorded last."""
        found = self.call("GET", f"/assigned-milestones/{copy['id']}/transitions")["items"]
        latest: dict[str, Any] = max(found, key=lambda one: one["id"])
        return latest


@contextmanager
def open_year(folder: Path, client: Client) -> Iterator[Year]:
    """On a control plane in the folder; what was bought is deleted in the end."""
    console = open_console(folder, metrics=MetricReader(client))
    made = Year(console, client)
    yield made
    console.deps.database.close()
    client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": made.shop.signal.id})
