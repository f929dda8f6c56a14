"""`milepost send`, `tail`, `trace` and `status` against a real service, as a person uses them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost.testing.service import Service, running_service, wait_for

PURCHASES = "customer,date,amount\nAcme,2024-05-01,10\nBolt,2024-05-02,not a number\nAcme,2024-05-01,10\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("send") / "data", tls="auto") as service:
        service.add_connection(name="Shop")
        yield service


EXACT = ("--connection", "Shop", "--event-key", "exact")


def send(service: Service, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    named = ["--connection", "Shop", "--event-key", "purchases", "--date-field", "date", "--numbers", "amount"]
    return service.command("send", str(file), *named, "--refused", f"{file}.refused", *options)


def test_a_csv_is_sent_twice_and_the_second_time_every_event_is_a_repeat(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "purchases.csv"
    file.write_text(PURCHASES)
    told = [json.loads(send(service, file, "--json").stdout) for _ in range(2)]
    assert told == [
        {"accepted": 2, "repeated": 0, "refused": 1, "left": 0, "records": 3},
        {"accepted": 2, "repeated": 2, "refused": 1, "left": 0, "records": 3},
    ]
    (refused,) = [json.loads(line) for line in Path(f"{file}.refused").read_text().splitlines()]
    assert (refused["record"], refused["reason"]) == (2, "amount is not a number: 'not a number'")


def test_nested_payloads_come_back_equal(service: Service, tmp_path: Path) -> None:
    nested: dict[str, Any] = {
        "a": [{"b": {"c": [1, 2.5, None, True, "ü\u2028\U0001f600"]}}],
        "": {"x.y": {}},
        "n": 1e300,
    }
    file = tmp_path / "nested.ndjson"
    file.write_text(json.dumps(nested) + "\n")
    done = service.command("send", str(file), "--connection", "Shop", "--event-key", "nested", "--json")
    assert json.loads(done.stdout) == {"accepted": 1, "repeated": 0, "refused": 0, "left": 0, "records": 1}
    lines = service.command("tail", "--no-follow", "--event-key", "nested", "--json").stdout.splitlines()
    (event,) = [json.loads(line) for line in lines]
    payload = {name: value for name, value in event["payload"].items() if name != "idempotencyKey"}
    assert payload == nested
    trace = json.loads(service.command("trace", event["id"]).stdout)
    assert (trace["fate"], trace["connection_name"], trace["signals"]) == ("processed", "Shop", [])
    request = json.loads(service.command("trace", event["request_id"]).stdout)
    assert request["fates"] == {"processed": 1}


def test_an_interrupted_sending_goes_on_behind_what_was_acknowledged(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "long.ndjson"
    file.write_text("".join(json.dumps({"n": n, "pad": "x" * 5000}) + "\n" for n in range(4000)))
    command = ("send", str(file), "--connection", "Shop", "--event-key", "long", "--batch", "10")
    milepost = str(Path(sys.executable).with_name("milepost"))
    sending = subprocess.Popen(
        [milepost, *command, "--data", str(service.data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder = service.data / "sends"
    wait_for(lambda: folder.exists() and list(folder.glob("*[0-9a-f]")), seconds=30, what="some acknowledged batches")
    sending.kill()
    sending.wait()
    done = service.command(*command, "--json")
    assert "Going on after record" in done.stderr
    told = json.loads(done.stdout)
    assert (told["accepted"], told["refused"], told["left"]) == (4000, 0, 0), "of both runs together"
    with service.app() as client:

        def new_ones() -> int:
            found = client.get("/api/overview").json()["events"]
            return int(found["processed"])

        before = 3 + 2  # of the tests above: two purchases, one nested
        wait_for(lambda: new_ones() >= 4000, seconds=30, what="all records in the log")
        assert new_ones() - 4000 <= before
    assert not list(folder.glob("*[0-9a-f]")), "a complete sending leaves nothing behind"


def test_numbers_arrive_digit_for_digit(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "exact.ndjson"
    file.write_text('{"company":12345678901234567890123,"price":8.950,"n":1e3}\n{"company":"a","company":"b"}\n')
    done = service.command("send", str(file), *EXACT, "--refused", f"{file}.refused", "--json")
    assert json.loads(done.stdout) == {"accepted": 1, "repeated": 0, "refused": 1, "left": 0, "records": 2}
    with service.app() as client:
        (event,) = client.get("/api/events", params={"event_key": "exact"}).json()["items"]
        assert event["fate"] == "processed"
        raw = client.get("/api/events", params={"event_key": "exact"}).text
    assert '"company":12345678901234567890123,"price":8.950,"n":1e3' in raw.replace(": ", ":").replace(", ", ",")


def test_a_doubt_ends_a_command_that_nobody_watches_before_anything_is_sent(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes("customer,date,amount\nMünchen,2024-05-01,1\n".encode("latin-1"))
    done = send(service, file, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Windows-1252: line 2 is not UTF-8" in done.stderr
    assert "--encoding windows-1252. Or say --yes." in " ".join(done.stderr.split())
    assert json.loads(send(service, file, "--json", "--yes").stdout)["accepted"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("send", "/no/such/file", "--event-key", "k"), "does not exist", id="no file"),
        pytest.param(("send", __file__, "--event-key", "k"), "Name the connection", id="no connection"),
        pytest.param(
            ("send", __file__, "--event-key", "k", "--connection", "Nobody"),
            "No connection is called",
            id="unknown one",
        ),
        pytest.param(("trace", "nonsense"), "neither an event's id nor a requestId", id="no id"),
    ],
)
def test_a_wrong_input_is_a_sentence_and_exit_code_1_or_2(
    service: Service, words: tuple[str, ...], message: str
) -> None:
    done = service.command(*words)
    assert done.returncode in {1, 2}
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_status_shows_what_came_in(service: Service) -> None:
    told = json.loads(service.command("status", "--json").stdout)
    assert told["ready"]["ready"] is True
    assert told["counts"]["connections"] == 1
    assert "processed" in service.command("status").stdout
