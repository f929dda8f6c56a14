"""Live tails of the real service: each event once and in order, through restarts and deaths of the service."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from milepost.cli.follow import Message, read_messages
from milepost.testing.service import Service, hang_up, running_service, wait_for


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("live") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def sender(service: Service) -> "Sender":
    return Sender(service)


class Sender:
    """Sends purchases with rising numbers, and made a signal of them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._connection = service.add_connection()
        self._sent = 0
        draft = {
            "name": "Purchases",
            "connection_id": self._connection["id"],
            "event_key": "purchase",
            "fields": [
                {"name": "customer", "path": ["customer"], "type": "text"},
                {"name": "number", "path": ["number"], "type": "number"},
            ],
            "company": {"field": "customer", "key_space": "CustomerNumber"},
        }
        with service.app() as client:
            client.post("/api/signals", json=draft).raise_for_status()

    def send(self, requests: int) -> list[int]:
        """One event a request, each acknowledged; gives their numbers."""
        numbers = list(range(self._sent, self._sent + requests))
        with self.service.api(self.service.get_token(self._connection)) as client:
            for number in numbers:
                body = {"eventKey": "purchase", "data": [{"customer": "C1", "number": number}]}
                client.post("/events", json=body).raise_for_status()
        self._sent += requests
        return numbers


def _number(row: dict[str, Any]) -> int:
    number: int = (row.get("fields") or row["payload"])["number"]
    return number


class Browser:
    """Follows as an EventSource does: whenever the stream ends it connects again with the last id it got."""

    def __init__(self, service: Service, door: str) -> None:
        self.numbers: list[int] = []
        self.connects = 0
        self._last_id = ""
        self._is_over = threading.Event()
        self._answer: httpx.Response
        self._client = service.app()
        self._door = door
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        wait_for(lambda: self._last_id, seconds=10, what="where the stream begins")

    def _follow(self) -> None:
        while not self._is_over.is_set():
            headers = {"last-event-id": self._last_id} if self._last_id else {}
            try:
                with self._client.stream("GET", self._door, headers=headers, timeout=15) as answer:
                    self.connects += answer.is_success
                    self._answer = answer
                    for message in read_messages(answer.iter_bytes()):
                        self._take(message)
                        if self._is_over.is_set():
                            return
            except httpx.TransportError:
                self._is_over.wait(0.05)

    def _take(self, message: Message) -> None:
        self._last_id = message.id
        if message.data is not None:
            self.numbers.append(_number(json.loads(message.data)))

    def close(self) -> None:
        """Hang up."""
        self._is_over.set()
        hang_up(self._answer)
        self._thread.join(30)
        self._client.close()


@contextmanager
def browser(service: Service, door: str) -> Iterator[Browser]:
    opened = Browser(service, door)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def tail(service: Service, *options: str) -> Iterator[list[int]]:
    """`milepost tail` in a process of its own; gives the numbers it printed so far."""
    command = (sys.executable, "-c", "from milepost.cli import main; main()", "tail", "--json", "--lines", "0")
    process = subprocess.Popen(
        [*command, *options, "--data", str(service.data)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    printed: list[int] = []

    def read() -> None:
        assert process.stdout is not None
        printed.extend(_number(json.loads(line)) for line in process.stdout)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        yield printed
    finally:
        process.terminate()
        process.wait(10)
        reading.join()


def _wait_for_number(seen: list[int], number: int) -> None:
    wait_for(lambda: seen and seen[-1] >= number, seconds=30, what=f"the number {number}")


def test_tails_go_on_through_a_restart_and_a_death_without_gap_or_double(service: Service, sender: Sender) -> None:
    with (
        browser(service, "/api/feeds/live") as feed,
        browser(service, "/api/events/live") as events,
        tail(service) as printed,
        tail(service, "--signal", "Purchases", "--company", "C1") as rows,
    ):
        tails = (feed.numbers, events.numbers, printed, rows)
        first = sender.send(1)
        # a process that has just been started begins with what comes once it is there
        wait_for(lambda: sender.send(1) and all(tails), seconds=30, what="all tails")
        begins = {id(seen): seen[0] for seen in tails}
        sender.send(20)
        assert service.stop() == 0
        service.start()
        _wait_for_number(feed.numbers, sender.send(20)[-1])
        service.kill("app")
        last = sender.send(20)[-1]
        for seen in tails:
            _wait_for_number(seen, last)
            assert seen == list(range(begins[id(seen)], last + 1))
        assert (feed.numbers[0], events.numbers[0]) == (first[0], first[0])
        assert feed.connects >= 3
        sender.send(1)


def test_open_streams_do_not_keep_the_service_from_stopping(service: Service, sender: Sender) -> None:
    with browser(service, "/api/feeds/live"), browser(service, "/api/events/live"):
        assert service.stop() == 0
        assert service.logged("child_killed") == []
        service.start()
        sender.send(1)


def test_a_signals_data_is_exported_by_the_names_of_things(service: Service, sender: Sender, tmp_path: Path) -> None:
    sender.send(1)
    file = tmp_path / "purchases.csv"

    def header() -> str:
        done = service.command("export", "--signal", "Purchases", "--company", "C1", "--output", str(file))
        assert done.returncode == 0, done.stderr
        return file.read_text().partition("\n")[0]

    assert header().strip().endswith("company_name,customer,number")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("export", "--signal", "Sales"), "There is no signal 'Sales'."),
        (("tail", "--company", "C9"), "There is no company 'C9'."),
        (("tail", "--signal", "Purchases", "--fate", "parked"), "which no option about events narrows"),
    ],
)
def test_a_name_that_nothing_has_is_refused(service: Service, options: tuple[str, ...], sentence: str) -> None:
    done = service.command(*options)
    assert (done.returncode, sentence in done.stderr) == (1, True)
