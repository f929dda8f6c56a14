"""The edge of the console: what anyone may cost it, how long a body may take, and who must leave room for others."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from milepost.domain.account import Role
from milepost.domain.errors import UnavailableError
from milepost.kit.asking import ASKER, Asker
from milepost.kit.news import News
from milepost.kit.passwords import HASHES_AT_ONCE, hashing
from milepost.store.client import ClientPool, Ending
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import LoggedEvent, Place
from milepost.store.feed_export import Export, ExportFormat
from milepost.testing.console import PASSWORD, Console, open_console
from milepost.testing.listening import Listening, listening
from milepost.testing.nothing import EmptyEventLog, EmptyFiles
from milepost.testing.service import wait_for
from milepost.web.budgets import Work, work_of
from milepost.web.live import MOST_EXPORTS, LiveStreams

AT_ONCE, WAITING = 4, 16
"""Costly requests that work, and that wait, as web/budgets.py has it."""


class HeldLog(EmptyEventLog):
    """A log whose searches end only when they are let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()

    def page(self, wanted: EventFilter, *, older_than: Place | None, limit: int) -> Sequence[LoggedEvent]:
        self.begun.release()
        assert self.let_go.wait(60)
        return ()


class EndlessFiles(EmptyFiles):
    """An export that has no end."""

    def pieces(self, export: Export, file_format: ExportFormat) -> Generator[bytes]:
        while True:
            yield bytes(256 * 1024)


class Site:
    """A console behind a real server, and someone who is signed in."""

    def __init__(self, folder: Path) -> None:
        self.log = HeldLog()
        self.live = LiveStreams(News(), most_tails=4)
        self.console: Console = open_console(folder, event_log=self.log, feed_files=EndlessFiles(), live=self.live)
        self.cookies = dict(self.console.as_person(Role.ADMIN).cookies)
        self.server: Listening

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, cookies=self.cookies, timeout=60)

    def patience(self, *, body_seconds: float = 30.0, reader_seconds: float = 30.0) -> None:
        deps = replace(self.console.deps, body_seconds=body_seconds, reader_seconds=reader_seconds)
        self.console.app.state.deps = deps

    @contextmanager
    def saying(self, text: str) -> Iterator[socket.socket]:
        """A connection on which that was written, head and all."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall(text.encode())
            yield connection

    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with listening(made.console.app, made.live) as made.server:
        try:
            yield made
        finally:
            made.log.let_go.set()
    made.console.deps.database.close()


def _head(connection: socket.socket) -> str:
    said = b""
    while b"\r\n\r\n" not in said and (some := connection.recv(65_536)):
        said += some
    return said.decode()


def _is_let_wait(site: Site, ask: str) -> bool:
    with site.saying(ask) as connection:
        connection.settimeout(0.5)
        try:
            return not connection.recv(12)
        except TimeoutError:
            return True


def _in_parallel(count: int, act: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(act, range(count)))


def test_a_crowd_of_searches_is_refused_early_and_holds_up_nobody_else(site: Site) -> None:
    with ThreadPoolExecutor(80) as threads:
        searches = [threads.submit(site.get, "/api/events?text=needle") for _ in range(80)]
        for _ in range(AT_ONCE):
            assert site.log.begun.acquire(timeout=30)
        wait_for(lambda: sum(one.done() for one in searches) == 80 - AT_ONCE - WAITING, seconds=30, what="refusals")
        assert site.get("/api/me").json()["role"] == "admin"
        assert site.get("/api/companies").json()["items"] == []
        assert not site.log.begun.acquire(blocking=False)
        site.log.let_go.set()
    answers = [one.result() for one in searches]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 80 - AT_ONCE - WAITING
    assert {(answer.json()["code"], answer.headers["retry-after"]) for answer in refused} == {("unavailable", "2")}
    assert {answer.status_code for answer in answers} == {200, 503}


def test_who_leaves_while_waiting_frees_the_place(site: Site) -> None:
    ask = f"GET /api/events HTTP/1.1\r\nhost: x\r\ncookie: {site.cookie()}\r\n\r\n"
    with ThreadPoolExecutor(AT_ONCE) as threads:
        working = [threads.submit(site.get, "/api/events") for _ in range(AT_ONCE)]
        for _ in range(AT_ONCE):
            assert site.log.begun.acquire(timeout=30)
        waiting = [socket.create_connection(("127.0.0.1", site.server.port)) for _ in range(WAITING)]
        for connection in waiting:
            connection.sendall(ask.encode())
        wait_for(lambda: site.get("/api/events").status_code == 503, seconds=30, what="a full queue")
        for connection in waiting:
            connection.close()
        wait_for(lambda: _is_let_wait(site, ask), seconds=30, what="a free place in the queue")
        assert not site.log.begun.acquire(blocking=False)
        site.log.let_go.set()
        assert {one.result().status_code for one in working} == {200}


class LongLog(EmptyEventLog):
    """A log whose searches take the store far longer than any test waits."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def page(self, wanted: EventFilter, *, older_than: Place | None, limit: int) -> Sequence[LoggedEvent]:
        self._pool.query(
            f"SELECT count() FROM numbers({10**14}) WHERE sipHash64(number) = 0 AND "
            f"'{_MARK}' != '' SETTINGS max_threads = 1"
        )
        return ()


_MARK = "of who has left"


def test_what_the_store_does_for_who_has_left_is_ended(site: Site, chdb_client: Client) -> None:
    folder = chdb_client.query("SELECT path FROM system.disks WHERE name = 'default'").result_rows[0][0]
    pool, ending = ClientPool(f"chdb://{folder}", most_seconds=60), Ending(f"chdb://{folder}")
    deps = site.console.deps
    site.console.app.state.deps = replace(deps, event_log=LongLog(pool), end_statements=ending.end_for)
    with site.saying(f"GET /api/events HTTP/1.1\r\nhost: x\r\ncookie: {site.cookie()}\r\n\r\n"):
        wait_for(lambda: _under_way(chdb_client), seconds=30, what="a search under way")
    wait_for(lambda: not _under_way(chdb_client), seconds=30, what="its end")
    ending.close()
    pool.close()


def _under_way(client: Client) -> int:
    asked = (
        "SELECT count() FROM system.processes WHERE position(query, {mark:String}) > 0 AND query NOT LIKE '%system%'"
    )
    return int(client.query(asked, parameters={"mark": _MARK}).result_rows[0][0])


def test_a_statement_of_who_has_left_is_not_begun(chdb_client: Client) -> None:
    folder = chdb_client.query("SELECT path FROM system.disks WHERE name = 'default'").result_rows[0][0]
    pool, asker = ClientPool(f"chdb://{folder}"), Asker()
    context = copy_context()
    context.run(ASKER.set, asker)
    assert context.run(pool.query, "SELECT getSetting('log_comment')").result_rows == [(asker.name,)]
    asker.has_left = True
    with pytest.raises(UnavailableError, match="Nobody waits"):
        context.run(pool.query, "SELECT 1")
    assert pool.query("SELECT 1").result_rows == [(1,)]
    pool.close()


def test_a_crowd_of_anonymous_sign_ins_is_refused_early_and_holds_up_nobody_else(site: Site) -> None:
    def sign_in(number: int) -> httpx.Response:
        body = {"email": f"someone{number}@example.com", "password": "a guess"}
        return httpx.post(f"{site.url}/api/session", json=body, timeout=60)

    with ThreadPoolExecutor(50) as threads:
        signing_in = [threads.submit(sign_in, number) for number in range(50)]
        assert site.get("/api/me").status_code == 200
    answers = [one.result() for one in signing_in]
    assert {answer.status_code for answer in answers} == {401, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)


def test_others_write_while_a_password_is_hashed(site: Site) -> None:
    let_go, admin = threading.Event(), httpx.Client(base_url=site.url, cookies=site.cookies, timeout=60)
    held = [hashing().submit(let_go.wait, 60) for _ in range(HASHES_AT_ONCE)]
    made = {"email": "new@example.com", "password": "correct horse battery"}
    with ThreadPoolExecutor(3) as threads:
        hashed = [
            threads.submit(admin.post, "/api/users", json=made),
            threads.submit(admin.patch, f"/api/users/{UUID(int=1)}", json={"password": "x" * 20}),
        ]
        wait_for(lambda: _hashes_that_wait() == 2, seconds=30, what="hashes that wait")
        company = admin.post("/api/companies", json={"name": "Meanwhile"})
        let_go.set()
    assert (company.status_code, company.json()["name"]) == (201, "Meanwhile")
    assert [one.result().status_code for one in hashed] == [201, 404]
    assert all(one.result() for one in held)


def _hashes_that_wait() -> int:
    threads = hashing()
    assert isinstance(threads, ThreadPoolExecutor)
    return threads._work_queue.qsize()  # nothing public says it


def test_the_threads_that_hash_let_every_other_go_first() -> None:
    nice = hashing().submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    assert nice == (19 if sys.platform == "linux" else 0)
    assert os.getpriority(os.PRIO_PROCESS, 0) < 19


def test_many_guesses_at_once_are_no_more_tries_than_one_by_one(site: Site) -> None:
    email = "admin@example.com"

    def guess(number: int) -> httpx.Response:
        return httpx.post(f"{site.url}/api/session", json={"email": email, "password": f"guess {number}"}, timeout=60)

    tried = 0
    for _ in range(4):  # those that found no place come again
        tried += sum(answer.status_code == 401 for answer in _in_parallel(15, guess))
    assert tried == 5
    assert guess(99).status_code == 429
    site.console.clock.advance(seconds=2)
    signed_in = httpx.post(f"{site.url}/api/session", json={"email": email, "password": PASSWORD}, timeout=60)
    assert signed_in.status_code == 200


def test_a_body_that_does_not_arrive_in_time_is_refused(site: Site) -> None:
    site.patience(body_seconds=0.2)
    head = "POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"
    with site.saying(head) as connection:
        said = _head(connection)
    assert said.startswith("HTTP/1.1 408 ")
    assert "did not arrive within 0.2 seconds" in said
    assert "connection: close" in said.lower()


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param("", id="none"),
        pytest.param("cookie: milepost_session=made-up\r\n", id="a cookie that is none"),
        pytest.param("authorization: Bearer made.up\r\n", id="a token that is none"),
    ],
)
@pytest.mark.parametrize("path", ["/api/companies", "/api/companies/import", "/api/signals/preview"])
def test_nobody_unknown_is_waited_for_or_read(site: Site, path: str, credential: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{credential}content-length: 500000\r\n\r\n"
    with site.saying(head) as connection:
        assert _head(connection).startswith("HTTP/1.1 401 ")


def test_an_export_whose_reader_stops_gives_back_its_place(site: Site) -> None:
    site.patience(reader_seconds=0.3)
    ask = f"GET /api/feeds/export?format=ndjson HTTP/1.1\r\nhost: x\r\ncookie: {site.cookie()}\r\n\r\n"
    stalled = [socket.create_connection(("127.0.0.1", site.server.port)) for _ in range(MOST_EXPORTS)]
    for connection in stalled:
        connection.sendall(ask.encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
    wait_for(lambda: not site.live.exports.tasks, seconds=30, what="their places")
    with site.saying(ask) as connection:
        assert connection.recv(12) == b"HTTP/1.1 200"
    for connection in stalled:
        connection.close()


def test_an_export_whose_reader_leaves_gives_back_its_place(site: Site) -> None:
    ask = f"GET /api/feeds/export?format=csv HTTP/1.1\r\nhost: x\r\ncookie: {site.cookie()}\r\n\r\n"
    for _ in range(MOST_EXPORTS + 1):
        with site.saying(ask) as connection:
            assert connection.recv(12) == b"HTTP/1.1 200"
        wait_for(lambda: not site.live.exports.tasks, seconds=30, what="its place")


@pytest.mark.parametrize("path", ["/api/companies/", "/api/me/", "/api/docs/", "/api/feeds/?a=b"])
def test_no_address_leads_to_the_host_that_the_request_names(console: Console, path: str) -> None:
    answer = console.as_person(Role.VIEWER).get(path, headers={"host": "evil.test"}, follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "location" not in answer.headers


def test_the_root_leads_to_no_other_host(console: Console) -> None:
    answer = console.as_anyone().get("/", headers={"host": "evil.test"}, follow_redirects=False)
    assert "location" not in answer.headers
    assert "evil.test" not in answer.text


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        pytest.param("/api/events?text=ab%00cd", "text", id="a text to search"),
        pytest.param("/api/companies?search=%00", "search", id="a name to search"),
        pytest.param("/api/audit?subject=a%00b&limit=5", "subject", id="a subject"),
        pytest.param("/api/companies?cursor=%00", "cursor", id="a cursor"),
        pytest.param("/api/me?un%00known=1", "unknown", id="a name"),
        pytest.param("/api/events/%00", "path", id="the path itself"),
    ],
)
def test_a_nul_in_an_address_is_refused_with_its_place_to_who_is_known(console: Console, path: str, fault: str) -> None:
    unknown = console.as_anyone().get(path)
    assert (unknown.status_code, unknown.json()["code"]) == (401, "unauthenticated")
    answer = console.as_person(Role.VIEWER).get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["faults"] == [{"path": fault, "reason": "must not hold a NUL"}]


def test_every_operation_has_a_budget_by_what_it_costs() -> None:
    kinds = {
        Work.HASHING: ["POST /api/session", "PUT /api/me/password", "POST /api/users", "PATCH /api/users/1"],
        Work.STREAMING: ["GET /api/events/live", "GET /api/feeds/live", "GET /api/feeds/export"],
        Work.COSTLY: [
            *("GET /api/events", "GET /api/overview", "GET /api/metrics/1/series", "POST /api/metrics/preview"),
            *("GET /api/companies/1/plan", "GET /api/portfolio", "POST /api/milestones/1/assign", "GET /api/feeds"),
            *("POST /api/signals/preview", "GET /api/signals/1/preview", "POST /api/requests/fates"),
        ],
        Work.WRITING: ["POST /api/companies", "DELETE /api/signals/1", "PUT /api/settings", "DELETE /api/session"],
        Work.READING: ["GET /api/me", "GET /api/companies", "GET /api/session", "GET /api/jobs", "GET /api/signals/1"],
    }
    for kind, requests in kinds.items():
        assert {work_of(method, path) for method, path in (one.split(" ") for one in requests)} == {kind}, kind
    assert work_of("GET", "/api/requests/1", b"wait=5") is Work.STREAMING
    assert work_of("GET", "/api/requests/1", b"") is Work.COSTLY
