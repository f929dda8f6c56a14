"""Posting batches: tokens, backoff, faulty events. The other side is a real HTTP server that follows a script."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from milepost.cli import app
from milepost.cli.send.layout import Record
from milepost.cli.send.poster import Poster, Target
from milepost.domain.errors import OperatorError

RECORDS = [Record(number, number, "", b'{"n":%d}' % number) for number in range(1, 5)]


Scripted = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Script:
    """Answers to /events, one after the other; the last one stays. /getToken always gives a new token."""

    answers: list[Scripted]
    seen: list[list[int]] = field(default_factory=list)
    tokens: int = 0
    url: str = ""


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script([])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status: int = 200
            answer: dict[str, Any] = {}
            headers: dict[str, str] = {}
            if self.path == "/getToken":
                script.tokens += 1
                answer = {"accessToken": f"t{script.tokens}"}
            else:
                script.seen.append([int(payload["n"]) for payload in body["data"]])
                status, answer, headers = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            encoded = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(encoded))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


ACCEPTED: Scripted = (202, {"requestId": "r"}, {})


def poster(script: Script, slept: list[float], *, most_tries: int = 5) -> Poster:
    target = Target(api_url=script.url, client_id="c", client_secret="s", event_key="k")
    return Poster(httpx.Client(), target, most_tries=most_tries, waiting=lambda *_: None, sleep=slept.append)


def test_a_batch_is_sent_again_after_1_2_and_4_seconds_and_no_sooner_than_retry_after(script: Script) -> None:
    away: Scripted = (500, {"message": "away"}, {})
    script.answers = [away, away, (503, {"message": "later"}, {"retry-after": "9"}), ACCEPTED]
    slept: list[float] = []
    assert poster(script, slept).post(RECORDS).accepted == 4
    assert slept == [1.0, 2.0, 9.0]


def test_faulty_events_are_taken_out_and_the_others_sent(script: Script) -> None:
    faults = [{"path": "data[1].eventDate", "reason": "must be an integer"}, {"path": "data[3]", "reason": "no object"}]
    script.answers = [(400, {"message": "wrong", "faults": faults}, {}), ACCEPTED]
    receipt = poster(script, []).post(RECORDS)
    assert (receipt.accepted, [(bad.number, bad.reason) for bad in receipt.refused]) == (
        2,
        [(2, "eventDate must be an integer"), (4, "no object")],
    )
    assert script.seen == [[1, 2, 3, 4], [1, 3]]


def test_a_batch_that_is_too_large_goes_in_halves(script: Script) -> None:
    script.answers = [(413, {"message": "too large"}, {}), ACCEPTED]
    receipt = poster(script, []).post(RECORDS)
    assert (receipt.accepted, receipt.request_ids) == (4, ("r", "r"))
    assert script.seen == [[1, 2, 3, 4], [1, 2], [3, 4]]


def test_an_expired_token_is_renewed(script: Script) -> None:
    script.answers = [(401, {"message": "expired"}, {}), ACCEPTED]
    assert poster(script, []).post(RECORDS).accepted == 4
    assert script.tokens == 2


def test_a_fault_of_the_whole_batch_ends_the_sending_with_the_servers_words(script: Script) -> None:
    fault = {"path": "eventKey", "reason": "must not contain a colon"}
    script.answers = [(400, {"message": "eventKey: must not contain a colon", "faults": [fault]}, {})]
    with pytest.raises(OperatorError, match="must not contain a colon"):
        poster(script, []).post(RECORDS)


def test_after_the_last_try_it_says_how_to_go_on(script: Script) -> None:
    script.answers = [(503, {"message": "full"}, {})]
    with pytest.raises(OperatorError, match=r"Given up after 3 tries.*full.*Run the same command"):
        poster(script, [], most_tries=3).post(RECORDS)


def test_a_server_that_is_not_there_is_waited_for(script: Script) -> None:
    slept: list[float] = []
    target = Target(api_url="http://127.0.0.1:9", client_id="c", client_secret="s", event_key="k")
    with pytest.raises(OperatorError, match="Given up"):
        Poster(httpx.Client(), target, most_tries=2, waiting=lambda *_: None, sleep=slept.append).post(RECORDS)
    assert slept == [1.0, 2.0]


def run(script: Script, folder: Path, *options: str) -> Result:
    """`milepost send` of the file in the folder, batches of four."""
    words = ["send", str(folder / "f.csv"), "--url", script.url, "--event-key", "k", "--batch", "4", "--numbers", "n"]
    environment = {"XDG_STATE_HOME": str(folder), "MILEPOST_CLIENT_ID": "c", "MILEPOST_CLIENT_SECRET": "s"}
    refused = ["--refused", str(folder / "refused")]
    return CliRunner().invoke(app, [*words, *refused, "--json", *options], env=environment)


def numbers_refused(folder: Path) -> list[int]:
    return [json.loads(line)["record"] for line in (folder / "refused").read_text().splitlines()]


def test_records_refused_before_an_interruption_are_in_the_file_of_the_run_that_goes_on(
    script: Script, tmp_path: Path
) -> None:
    (tmp_path / "f.csv").write_text("n\n1\nmany\n3\n4\n5\n6\n7\n8\n9\n")
    faults = [{"path": "data[1]", "reason": "no good"}]
    script.answers = [(400, {"faults": faults}, {}), ACCEPTED, (503, {"message": "full"}, {})]
    first = run(script, tmp_path, "--tries", "1")
    assert json.loads(first.stdout) == {"accepted": 2, "repeated": None, "refused": 2, "left": 5, "records": 9}
    assert (first.exit_code, numbers_refused(tmp_path)) == (1, [2, 3])

    (tmp_path / "refused").unlink()
    script.answers, script.seen = [ACCEPTED], []
    second = run(script, tmp_path)
    assert json.loads(second.stdout) == {"accepted": 7, "repeated": None, "refused": 2, "left": 0, "records": 9}
    assert (second.exit_code, numbers_refused(tmp_path), script.seen) == (2, [2, 3], [[5, 6, 7, 8], [9]])
    assert list((tmp_path / "milepost" / "sends").iterdir()) == []


def test_where_refused_records_cannot_be_written_the_next_run_writes_them(script: Script, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("n\nmany\n1\n")
    (tmp_path / "refused.part").mkdir()
    script.answers = [ACCEPTED]
    failed = run(script, tmp_path)
    assert (failed.exit_code, "Nothing is lost" in failed.stderr) == (1, True)
    (tmp_path / "refused.part").rmdir()
    assert run(script, tmp_path).exit_code == 2
    assert (numbers_refused(tmp_path), script.seen) == ([1], [[1]])
