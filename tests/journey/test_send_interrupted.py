"""`milepost send` that is killed midway with refused records behind it: nothing is lost, and the next run goes on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milepost.testing.service import Service, running_service, wait_for

RECORDS, BAD = 4000, (5, 1000, 3999)
MILEPOST = str(Path(sys.executable).with_name("milepost"))


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
    running = subprocess.Popen(
        [MILEPOST, *words(service, file, "--json", *more)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
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


def test_a_run_that_is_killed_loses_no_refused_record(service: Service, file: Path) -> None:
    running = begin(service, file)
    running.kill()
    running.communicate()
    done = go_on(service, file)
    assert "Going on after record" in done.stderr
    check_all_is_there(service, file, done)
