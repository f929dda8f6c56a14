"""Callers who wait for their request: answered as soon as it is in the log, and no later than they wanted."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.account import Role
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7
from milepost.kit.news import News
from milepost.store.client import ClientPool
from milepost.store.event_log import EventLogReader
from milepost.store.events import insert_events
from milepost.testing.business import NOW_MS
from milepost.testing.console import open_console
from milepost.testing.listening import Listening, listening
from milepost.testing.service import wait_for
from milepost.web.auth import SESSION_COOKIE
from milepost.web.live import LiveStreams


class Desk:
    """A console behind a real server, and batches that become readable when the test says so."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.client, self.news, self.pool = client, News(), ClientPool(client.uri)
        self.live = LiveStreams(self.news, most_tails=1)
        console = open_console(folder, event_log=EventLogReader(self.pool), live=self.live)
        self.app = console.app
        self.cookies = dict(console.as_person(Role.VIEWER).cookies)
        self.server: Listening

    def settle(self, batch: int, request_id: UUID, events: int) -> None:
        """The batch that holds the request is finished."""
        group = RecordedGroup(
            connection_id=bytes(16),
            event_key="k",
            door="events",
            request_ids=[request_id.bytes] * events,
            items=range(events),
            received_at_ms=[NOW_MS] * events,
            event_date_ms=[NOW_MS] * events,
            fates=[Fate.PROCESSED] * events,
            reasons=[""] * events,
            duplicates_of=[""] * events,
            payloads=[b"{}"] * events,
            smart_keys=(),
        )
        insert_events(self.client, batch, str(request_id), [group])
        self.news.tell(batch, ())

    def ask(self, request_id: UUID, *, signed_in: bool = True, wait: str = "30") -> httpx.Response:
        cookies = {SESSION_COOKIE: self.cookies[SESSION_COOKIE]} if signed_in else {}
        url = f"http://127.0.0.1:{self.server.port}/api/requests/{request_id}"
        return httpx.get(url, params={"wait": wait}, cookies=cookies, timeout=60)


@pytest.fixture
def desk(tmp_path: Path, chdb_client: Client) -> Iterator[Desk]:
    made = Desk(tmp_path, chdb_client)
    with listening(made.app, made.live) as server:
        made.server = server
        yield made
    made.pool.close()
    chdb_client.command("TRUNCATE TABLE events")


def test_more_callers_wait_than_there_are_threads_and_each_is_answered_by_its_batch(desk: Desk) -> None:
    requests = [uuid7(NOW_MS) for _ in range(60)]
    answers: dict[UUID, httpx.Response] = {}
    threads = [threading.Thread(target=lambda one=one: answers.update({one: desk.ask(one)})) for one in requests]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(desk.live.waits.tasks) == len(requests), seconds=30, what="everybody to wait")
    desk.settle(1, uuid7(NOW_MS), 1)
    assert desk.ask(uuid7(NOW_MS), wait="0").status_code == 404
    for batch, request_id in enumerate(requests, 2):
        desk.settle(batch, request_id, 2)
    for thread in threads:
        thread.join()
    found = {request_id: (answer.status_code, answer.json()["fates"]) for request_id, answer in answers.items()}
    assert found == dict.fromkeys(requests, (200, {"processed": 2}))
    assert not desk.live.waits.tasks


def test_who_waits_in_vain_is_told_so_when_the_time_is_over(desk: Desk) -> None:
    began = time.monotonic()
    answer = desk.ask(uuid7(NOW_MS), wait="0.2")
    assert answer.status_code == 404
    assert "may be on its way" in answer.json()["detail"]
    assert time.monotonic() - began >= 0.2


def test_a_wait_is_bounded_and_for_those_who_may_look(desk: Desk) -> None:
    assert [desk.ask(uuid7(NOW_MS), wait=wait).status_code for wait in ("30.1", "-1", "nan", "x")] == [400] * 4
    assert desk.ask(uuid7(NOW_MS), signed_in=False).status_code == 401


def test_a_service_that_stops_lets_nobody_wait_on(desk: Desk) -> None:
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(desk.ask(uuid7(NOW_MS))))
    thread.start()
    wait_for(lambda: len(desk.live.waits.tasks) == 1, seconds=30, what="somebody to wait")
    desk.server.stop()
    thread.join()
    assert [answer.status_code for answer in answers] == [404]
