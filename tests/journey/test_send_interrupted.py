"""`milepost send` that is interrupted, killed, asked or left alone by its server: nothing is lost, and it goes on."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.testing.service import Service, running_service, wait_for

RECORDS, BAD = 4000, (5, 1000, 3999)
MILEPOST = str(Path(sys.executable).with_name("milepost"))
HEARS_CTRL_C = ("env", "--default-signal=INT")
"""What runs in the background of a shell ignores it, and so would its children."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("send") / "data") as service:
        service.add_connection(name="Shop")
        yield service


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Records of which three cannot be sent: the first early, the last almost at the end."""
    file = tmp_path / "records.csv"
    rows = (f"{number},{'many' if number in BAD else number},{'x' * 500}\n" for number in range(1, RECORDS + 1))
    file.write_text("number,amount,pad\n" + "".join(rows))
    return file


def words(service: Service, file: Path, *more: str) -> list[str]:
    named = ["--connection", "Shop", "--event-key", file.parent.name[:60], "--numbers", "amount", "--batch", "20"]
    return ["send", str(file), *named, "--refused", f"{file}.refused", "--data", str(service.data), *more]


def begin(service: Service, file: Path, *more: str) -> subprocess.Popen[str]:
    """A run of the command that has some records behind it, the first bad one among them."""
    command = [*HEARS_CTRL_C, MILEPOST, *words(service, file, "--json", *more)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: list((service.data / "sends").glob("*[0-9a-f]")), seconds=30, what="an acknowledged batch")
    return running


def go_on(service: Service, file: Path) -> subprocess.CompletedProcess[str]:
    return service.command(*words(service, file, "--json")[:-3], "--json")


def check_all_is_there(service: Service, file: Path, done: subprocess.CompletedProcess[str]) -> None:
    """Of all runs together every record has its place, and every event is in the log once."""
    assert done.returncode == 2, done.stderr
    told = json.loads(done.stdout)
    assert (told["accepted"], told["refused"], told["left"], told["records"]) == (RECORDS - 3, 3, 0, RECORDS)
    refused = [json.loads(line) for line in Path(f"{file}.refused").read_text().splitlines()]
    assert [one["record"] for one in refused] == list(BAD)
    assert {one["reason"] for one in refused} == {"amount is not a number: 'many'"}
    with service.app() as client:

        def new_ones() -> bool:
            return int(client.get("/api/overview").json()["events"]["processed"]) % (RECORDS - 3) == 0

        wait_for(new_ones, seconds=30, what="each record once in the log")
    assert not list((service.data / "sends").glob("*[0-9a-f]")), "a complete sending leaves nothing behind"


def test_ctrl_c_ends_a_run_with_what_became_of_every_record_and_the_next_goes_on(service: Service, file: Path) -> None:
    running = begin(service, file)
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in errors
    told = json.loads(said)
    assert told["accepted"] + told["refused"] + told["left"] == told["records"] == RECORDS
    assert told["left"] > 0
    assert json.loads(Path(f"{file}.refused").read_text().splitlines()[0])["record"] == 5
    check_all_is_there(service, file, go_on(service, file))


def test_a_run_that_is_killed_loses_no_refused_record(service: Service, file: Path) -> None:
    running = begin(service, file)
    running.kill()
    running.communicate()
    done = go_on(service, file)
    assert "Going on after record" in done.stderr
    check_all_is_there(service, file, done)


def test_a_server_that_goes_away_is_said_in_a_sentence_and_the_next_run_goes_on(service: Service, file: Path) -> None:
    running = begin(service, file, "--tries", "1")
    service.stop()
    said, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Traceback" not in errors
    assert "Given up after 1 try:" in " ".join(errors.split())
    assert "Run the same command to go on." in " ".join(errors.split())
    told = json.loads(said)
    assert told["accepted"] + told["refused"] + told["left"] == RECORDS
    away = go_on(service, file)
    assert (away.returncode, "Traceback" in away.stderr) == (1, False)
    service.start()
    check_all_is_there(service, file, go_on(service, file))


def at_a_terminal(command: list[str], answer: bytes) -> tuple[int, str]:
    """Run the command on a terminal, and answer its question; its exit code and what it showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown, is_answered = b"", False
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, shown
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # the other side has ended
            break
        if not piece:
            break
        shown += piece
        if b"[y/N]" in shown and not is_answered:
            os.write(terminal, answer)
            is_answered = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


@pytest.mark.parametrize(
    ("answer", "status", "is_sent"),
    [(b"y\n", 0, True), (b"n\n", 1, False), (b"\n", 1, False), (b"\x04", 1, False), (b"\x03", 1, False)],
    ids=["yes", "no", "nothing", "the end of input", "Ctrl-C"],
)
def test_on_a_terminal_it_asks_and_sends_only_after_a_yes(
    service: Service, tmp_path: Path, answer: bytes, status: int, *, is_sent: bool
) -> None:
    file = tmp_path / "asked.csv"
    file.write_text("number,amount\n1,1\n")
    code, shown = at_a_terminal([*HEARS_CTRL_C, MILEPOST, *words(service, file)], answer)
    assert code == status, shown
    assert "Send 1 records to Shop?" in " ".join(shown.split()) or "Send 1 record to Shop?" in " ".join(shown.split())
    assert "Traceback" not in shown
    with service.app() as client:
        logged = client.get("/api/events", params={"event_key": tmp_path.name[:60]}).json()["items"]
        assert len(logged) == is_sent
