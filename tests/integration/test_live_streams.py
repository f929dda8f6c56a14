"""Live tails and exports behind a real server: arrival, resuming, limits, slow readers, the end of a session."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from milepost.control.repos.company_keys import create_companies
from milepost.control.repos.signals import create_signal
from milepost.domain.account import Role
from milepost.domain.event import EventId, RecordedGroup
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7
from milepost.kit.news import News
from milepost.store.client import ClientPool, connect
from milepost.store.event_log import EventLogReader
from milepost.store.events import insert_events
from milepost.store.feed_export import FeedExporter
from milepost.store.feeds import FeedReader
from milepost.testing.business import NOW_MS, Business, add_business, purchase_draft
from milepost.testing.console import open_console
from milepost.testing.feeds import Emitted, emit
from milepost.testing.listening import Listening, listening
from milepost.testing.service import hang_up, wait_for
from milepost.web.auth import SESSION_COOKIE
from milepost.web.live import MOST_EXPORTS, LiveStreams

MOST = 3
Heard = list[tuple[str, dict[str, Any]]]


class Shop:
    """A console over the real store behind a real server; batches become readable one after the other."""

    def __init__(self, folder: Path, client: Client) -> None:
        self.client = client
        self.pool = ClientPool(client.uri)
        self.news = News()
        self.live = LiveStreams(self.news, most_tails=MOST)
        self.console = open_console(
            folder,
            event_log=EventLogReader(self.pool),
            feed_rows=FeedReader(self.pool),
            feed_files=FeedExporter(self._connect),
            live=self.live,
        )
        self.business: Business
        with self.console.deps.database.write() as session:
            self.business = add_business(session)
            keys = [("CustomerNumber", "C1"), ("CustomerNumber", "C2")]
            self.companies = {key[1]: made for key, made in create_companies(session, keys, NOW_MS).items()}
        self.cookies = dict(self.console.as_person(Role.VIEWER).cookies)
        self.server: Listening
        self.most_result_rows = 0

    def _connect(self) -> Client:
        client = connect(self.client.uri)
        client.set_client_setting("max_result_rows", self.most_result_rows)
        return client

    def happen(self, *dollars: float, company: str = "C1") -> None:
        """A batch of one request whose events are purchases, in the log and in the feed."""
        batch = self.news.upto + 1
        request_id, rows = uuid7(NOW_MS + batch), len(dollars)
        group = RecordedGroup(
            connection_id=self.business.connection.id.bytes,
            event_key="purchase",
            door="events",
            request_ids=[request_id.bytes] * rows,
            items=range(rows),
            received_at_ms=[NOW_MS + batch] * rows,
            event_date_ms=[NOW_MS] * rows,
            fates=[Fate.PROCESSED] * rows,
            reasons=[""] * rows,
            duplicates_of=[""] * rows,
            payloads=[b'{"dollars":\n%g}' % one for one in dollars],
            smart_keys=(),
        )
        insert_events(self.client, batch, f"test-{request_id}", [group])
        emitted = [
            Emitted(
                company_id=self.companies[company],
                event_id=EventId(request_id, item),
                event_date_ms=NOW_MS,
                values={"customer": company, "dollars": one},
            )
            for item, one in enumerate(dollars)
        ]
        emit(self.client, batch, self.business.signal, emitted)
        self.news.tell(batch, {self.business.signal.id})

    @contextmanager
    def following(self, path: str, **headers: str) -> Iterator["Follower"]:
        """A stream that is read as it comes."""
        follower = Follower(self, path, headers)
        try:
            yield follower
        finally:
            follower.close()

    def get(self, path: str) -> httpx.Response:
        """An ordinary request of the same person."""
        return httpx.get(self.url + path, cookies=self.cookies, timeout=10)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.port}"


class Follower:
    """Reads a stream in a thread: `heard` has each event's id and data, `last_id` also those without data."""

    def __init__(self, shop: Shop, path: str, headers: dict[str, str]) -> None:
        self.heard: Heard = []
        self.last_id = ""
        self.has_ended = False
        self._client = httpx.Client(base_url=shop.url, cookies=shop.cookies, timeout=10)
        request = self._client.build_request("GET", path, headers=headers)
        self.answer = self._client.send(request, stream=True)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        if self.answer.is_success:
            wait_for(lambda: self.last_id or self.has_ended, seconds=10, what="where the stream begins")

    def _read(self) -> None:
        data: list[str] = []
        try:
            for line in self.answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "data":
                    data.append(value)
                elif name == "id":
                    self.last_id = value
                elif not line and data:
                    self.heard.append((self.last_id, json.loads("\n".join(data))))
                    data = []
        except httpx.HTTPError:
            pass
        self.has_ended = True

    def dollars(self, rows: int) -> list[float]:
        """What the first so many rows tell, once they have come."""
        wait_for(lambda: len(self.heard) >= rows, seconds=10, what=f"{rows} rows, of {self.heard}")
        return [(data.get("fields") or data["payload"])["dollars"] for _, data in self.heard]

    def close(self) -> None:
        hang_up(self.answer)
        self._thread.join(10)
        self.answer.close()
        self._client.close()


@pytest.fixture
def shop(tmp_path: Path, chdb_client: Client) -> Iterator[Shop]:
    opened = Shop(tmp_path, chdb_client)
    with listening(opened.console.app, opened.live) as opened.server:
        yield opened
    opened.pool.close()
    opened.console.deps.database.close()
    for table in ("events", "signals"):
        chdb_client.command(f"TRUNCATE TABLE {table}")


@pytest.fixture(params=["/api/feeds/live", "/api/events/live"])
def door(request: pytest.FixtureRequest) -> str:
    path: str = request.param
    return path


def test_what_becomes_readable_is_told_as_it_comes(shop: Shop, door: str) -> None:
    with shop.following(door) as follower:
        assert follower.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        for number in range(3):
            shop.happen(number)
            assert follower.dollars(number + 1) == list(range(number + 1))


def test_a_row_is_told_as_a_page_shows_it(shop: Shop) -> None:
    with shop.following("/api/feeds/live") as follower:
        shop.happen(12.5)
        follower.dollars(1)
    assert [data for _, data in follower.heard] == shop.get("/api/feeds").json()["items"]


def test_a_stream_begins_now_and_says_where(shop: Shop, door: str) -> None:
    shop.happen(1)
    with shop.following(door) as follower:
        assert (follower.last_id, follower.heard) == ("1", [])
        shop.happen(2)
        assert follower.dollars(1) == [2]


def test_a_stream_may_begin_with_the_latest(shop: Shop, door: str) -> None:
    shop.happen(1, 2)
    shop.happen(3)
    with shop.following(f"{door}?last=2") as follower:
        shop.happen(4)
        assert follower.dollars(3) == [2, 3, 4]


def test_who_comes_back_with_the_last_id_misses_nothing_and_hears_nothing_twice(shop: Shop, door: str) -> None:
    told: list[float] = []
    headers: dict[str, str] = {}
    for start in range(0, 12, 4):
        with shop.following(f"{door}?last=1", **headers) as follower:
            shop.happen(start, start + 1)
            told += follower.dollars(2)
            headers = {"last-event-id": follower.heard[-1][0]}
        shop.happen(start + 2, start + 3)
    with shop.following(f"{door}?after={headers['last-event-id']}") as follower:
        told += follower.dollars(2)
    assert told == list(range(12))


def test_each_id_is_a_place_to_go_on_from(shop: Shop, door: str) -> None:
    shop.happen(0, 1, 2)
    shop.happen(3)
    with shop.following(f"{door}?after=0") as follower:
        assert follower.dollars(4) == [0, 1, 2, 3]
    for place, (last_id, _) in enumerate(follower.heard[:-1]):
        with shop.following(f"{door}?after={last_id}") as again:
            assert again.dollars(3 - place) == [0, 1, 2, 3][place + 1 :]


def test_a_backlog_of_many_pages_is_told_whole(shop: Shop, door: str) -> None:
    shop.happen(*range(450))
    shop.happen(*range(450, 900))
    with shop.following(f"{door}?after=0") as follower:
        assert follower.dollars(900) == list(range(900))


def test_a_tail_has_the_filters_of_the_list(shop: Shop) -> None:
    company, signal = shop.companies["C2"], shop.business.signal.id
    narrowed = f"/api/feeds/live?company_id={company}&signal_id={signal}"
    with shop.following(narrowed) as feed, shop.following("/api/events/live?text=%3A%0A7") as events:
        shop.happen(6, company="C1")
        shop.happen(7, company="C2")
        assert feed.dollars(1) == [7]
        assert events.dollars(1) == [7]


def test_a_place_ahead_of_the_store_means_now(shop: Shop, door: str) -> None:
    with shop.following(f"{door}?after=99") as follower:
        shop.happen(1)
        assert follower.dollars(1) == [1]


def test_more_streams_than_there_may_be_are_refused_until_one_ends(shop: Shop, door: str) -> None:
    with shop.following(door), shop.following(door):
        with shop.following(door):
            refused = shop.get(door)
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert refused.headers["retry-after"] == "10"
            assert "MILEPOST_LIVE_STREAMS" in refused.json()["detail"]

        def is_let_in() -> bool:
            with shop.following(door) as follower:
                return follower.answer.is_success

        assert wait_for(is_let_in, seconds=10, what="a place")


def test_a_stream_ends_soon_after_its_session(shop: Shop, door: str) -> None:
    with shop.following(door) as follower:
        httpx.delete(f"{shop.url}/api/session", cookies=shop.cookies).raise_for_status()
        wait_for(lambda: follower.has_ended, seconds=10, what="the end of the stream")
    assert shop.get(door).status_code == 401


def test_a_stream_of_a_signal_that_is_deleted_ends(shop: Shop) -> None:
    with shop.console.deps.database.write() as session:
        draft = purchase_draft(shop.business.connection.id)
        signal_id = create_signal(session, draft, now_ms=NOW_MS).id
    with shop.following(f"/api/feeds/live?signal_id={signal_id}") as follower:
        assert shop.console.as_person(Role.EDITOR).delete(f"/api/signals/{signal_id}").status_code == 204
        shop.news.tell(shop.news.upto + 1, {signal_id})
        wait_for(lambda: follower.has_ended, seconds=10, what="the end of the stream")


def _reader_that_never_reads(shop: Shop, path: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", shop.server.port))
    cookie = f"{SESSION_COOKIE}={shop.cookies[SESSION_COOKIE]}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
    return connection


def test_a_reader_that_pauses_is_given_everything_afterwards(shop: Shop, door: str) -> None:
    for number in range(10):
        shop.happen(*range(number * 1000, number * 1000 + 1000))
    told: list[float] = []
    with httpx.stream("GET", f"{shop.url}{door}?after=0", cookies=shop.cookies) as answer:
        lines = answer.iter_lines()
        next(lines)
        shop.happen(*range(10_000, 11_000))
        while len(told) < 11_000:
            name, _, value = next(lines).partition(": ")
            if name == "data" and '"fields":' in value:
                told.append(json.loads(value)["fields"]["dollars"])
            elif name == "data" and value.endswith("}}"):
                told.append(json.loads(value.removesuffix("}}")))
    assert told == list(range(11_000))


def test_stopping_waits_for_no_reader(shop: Shop, door: str) -> None:
    for _ in range(20):
        shop.happen(*range(2000))
    deaf = _reader_that_never_reads(shop, f"{door}?after=0")
    with shop.following(door) as follower:
        shop.server.stop()
        wait_for(lambda: follower.has_ended, seconds=5, what="the end of the stream")
    deaf.close()


def test_an_export_that_the_store_breaks_off_does_not_look_like_a_whole_one(shop: Shop) -> None:
    for _ in range(5):
        shop.happen(*range(20_000))
    shop.most_result_rows = 50_000
    with httpx.stream("GET", f"{shop.url}/api/feeds/export?format=ndjson", cookies=shop.cookies) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()


def test_more_exports_than_there_may_be_are_refused(shop: Shop) -> None:
    for _ in range(5):
        shop.happen(*range(20_000))
    path = "/api/feeds/export?format=ndjson"
    deaf = [_reader_that_never_reads(shop, path) for _ in range(MOST_EXPORTS)]
    wait_for(lambda: len(shop.live.exports.tasks) == MOST_EXPORTS, seconds=10, what="exports under way")
    refused = shop.get(path)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    for connection in deaf:
        connection.close()
    wait_for(lambda: shop.get(path).status_code == 200, seconds=10, what="a place")


def test_an_export_that_is_under_way_when_the_service_stops_does_not_look_like_a_whole_one(shop: Shop) -> None:
    for _ in range(10):
        shop.happen(*range(20_000))
    with httpx.stream("GET", f"{shop.url}/api/feeds/export?format=ndjson", cookies=shop.cookies) as answer:
        pieces = answer.iter_raw(100_000)
        next(pieces)
        shop.news.close()
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
