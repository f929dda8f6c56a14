"""A shop at work over a real store and control plane: purchases arrive, an editor calls the API, the judge judges.

Takes a store's client and a folder. Each call to the API is a millisecond after the one before.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client
from httpx import Response

from milepost.control.directory import IdentitySource
from milepost.control.repos.auto_assign import assign_outcome_to_all
from milepost.domain.account import Role
from milepost.domain.event import RecordedGroup, SmartKey
from milepost.domain.fate import Fate
from milepost.judge.loop import JudgeLoop
from milepost.kit.ids import uuid7_bytes
from milepost.store.signals import insert_signals
from milepost.testing.business import NOW_MS, add_business
from milepost.testing.console import open_console
from milepost.wiring import FreshDetect, make_judge

_BATCHES = count(1)


class Purchase(NamedTuple):
    """What a customer bought, when, for how much."""

    customer: str
    at_ms: int
    dollars: int


class Firm:
    """Five purchases are a milestone that every new company gets. Close it when done."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self.console = open_console(folder, client=client)
        self.database = self.console.deps.database
        with self.database.write() as session:
            self.shop = add_business(session)
            assign_outcome_to_all(session, self.shop.outcome.id, new_companies_too=True, now_ms=NOW_MS)
        self._detect = FreshDetect(self.database, self.console.clock)
        self._judge = make_judge(self.database, client, IdentitySource(self.database), self.console.clock)
        self.editor = self.console.as_person(Role.EDITOR)
        self.bought: list[Purchase] = []

    @property
    def judging(self) -> JudgeLoop:
        """What has set aside what, and how far it is."""
        return self._judge

    def buy(self, *purchases: Purchase, smart_keys: tuple[SmartKey, ...] = ()) -> None:
        """They arrive in one batch; when it returns they are readable and judged."""
        rows, batch = len(purchases), next(_BATCHES)
        group = RecordedGroup(
            connection_id=self.shop.connection.id.bytes,
            event_key="purchase",
            door="events",
            request_ids=[uuid7_bytes(NOW_MS + batch)] * rows,
            items=range(rows),
            received_at_ms=[NOW_MS + batch] * rows,
            event_date_ms=[one.at_ms for one in purchases],
            fates=[Fate.PROCESSED] * rows,
            reasons=[""] * rows,
            duplicates_of=[""] * rows,
            payloads=[b'{"customer":"%s","dollars":%d}' % (one.customer.encode(), one.dollars) for one in purchases],
            smart_keys=smart_keys,
        )
        emissions = self._detect.detect([group]).emissions
        insert_signals(self.client, batch, f"firm-{batch}", emissions)
        self.bought += purchases
        self._judge.touched(emissions)
        self._judge.look()

    def get(self, path: str, **query: Any) -> Any:
        """What the API answers."""
        return self._answer(self.editor.get(f"/api{path}", params=query), 200)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        """The same, once the judge has seen to what came of it."""
        return self._answer(self.editor.post(f"/api{path}", json=body), status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        """The same."""
        return self._answer(self.editor.patch(f"/api{path}", json=body), status)

    def delete(self, path: str, status: int = 200) -> Any:
        """The same."""
        return self._answer(self.editor.delete(f"/api{path}"), status)

    def company(self, name: str) -> str:
        """The id of the company of this name."""
        (found,) = [one["id"] for one in self.get("/companies", search=name)["items"] if one["name"] == name]
        return str(found)

    def close(self) -> None:
        """Leave nothing in the store."""
        self.database.close()
        signal = self.shop.signal.id
        self.client.command("DELETE FROM signals WHERE signal_id = {id:UUID}", parameters={"id": signal})

    def _answer(self, answer: Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        self._judge.look()
        self.console.clock.advance(seconds=0.001)
        return answer.json()
