"""Starting, dying and ending: one service for all, whose processes are killed and which is started anew."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from milepost.observe import paths
from milepost.operate.lock import lock_folder
from milepost.record.checkpoint import read_reached
from milepost.record.journal.sqlite import SqliteJournalReader
from milepost.testing.service import ADMIN_PASSWORD, Service, free_port, run_command, running_service, wait_for


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("lifecycle") / "data", workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.get_token(service.add_connection())


def _send(client: httpx.Client, requests: int, events: int = 1) -> int:
    """Send that many requests; gives the number of events that were acknowledged."""
    body = {"eventKey": "logins", "data": [{"userId": "u1"}] * events}
    for _ in range(requests):
        assert client.post("/events", json=body).status_code == 202
    return requests * events


def _restarts(service: Service, child: str) -> float:
    with service.api() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith(f'milepost_process_restarts_total{{process="{child}"')
    )


def test_a_second_start_on_the_same_folder_is_refused(service: Service) -> None:
    second = run_command(
        "serve", "--data", str(service.data), "--api-port", str(free_port()), "--app-port", str(free_port())
    )
    assert second.returncode == 1
    assert f"(process {service.pid()}) already runs on" in second.stderr
    assert service.ready()[0] == 200


def test_the_first_admins_password_stays_with_the_supervisor(service: Service) -> None:
    for child in ("app", "ingest-0", "ingest-1"):
        assert ADMIN_PASSWORD.encode() not in Path(f"/proc/{service.pid(child)}/environ").read_bytes()


@pytest.mark.parametrize("option", ["--api-port", "--app-port"])
def test_a_port_in_use_is_refused_with_the_option_that_changes_it(
    service: Service, tmp_path: Path, option: str
) -> None:
    other = "--app-port" if option == "--api-port" else "--api-port"
    started = run_command("serve", "--data", str(tmp_path), option, str(service.api_port), other, str(free_port()))
    assert started.returncode == 1
    assert f"127.0.0.1:{service.api_port} cannot be used" in started.stderr
    assert option in started.stderr


def test_an_unknown_setting_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    started = run_command("serve", "--data", str(tmp_path), environment={"MILEPOST_WORKER": "2"})
    assert started.returncode == 1
    assert "There is no setting MILEPOST_WORKER. Did you mean MILEPOST_WORKERS?" in started.stderr


def test_a_data_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    started = run_command("serve", "--data", str(tmp_path / "file"))
    assert started.returncode == 1
    assert "cannot be used" in started.stderr


def test_an_ingest_worker_that_is_killed_is_started_again_logged_and_counted(service: Service) -> None:
    killed = service.kill("ingest-1")
    wait_for(lambda: service.pid("ingest-1") != killed, seconds=10, what="another worker")
    (death,) = service.logged("child_died", child="ingest-1")
    assert death["how"] == "signal SIGKILL"
    wait_for(lambda: _restarts(service, "ingest-1") == 1, seconds=10, what="the counter")


def test_while_the_app_process_is_down_events_are_kept_and_ready_says_why_it_is_not(
    service: Service, token: str
) -> None:
    before = sum(service.fates().values())
    service.kill("app")
    wait_for(lambda: service.ready()[1].get("reasons") == ["the reactor is starting"], seconds=5, what="a red /ready")
    with service.api(token) as client:
        sent = _send(client, 10)
    service.wait_until_ready(10)
    assert service.wait_until_logged(before + sent)["parked"] == 0
    assert _restarts(service, "app") == 1
    assert service.logged("child_died", child="app")[0]["how"] == "signal SIGKILL"


def test_a_killed_supervisor_leaves_no_child_behind_even_one_with_a_slow_sender(service: Service, token: str) -> None:
    before = sum(service.fates().values())
    with closing(socket.create_connection(("127.0.0.1", service.api_port))) as slow, service.api(token) as client:
        slow.sendall(b"POST /events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
        sent = _send(client, 10, events=100)
        service.kill("supervisor")
        os.close(lock_folder(service.data))  # every child holds the lock for as long as it lives
    service.start()
    assert sum(service.wait_until_logged(before + sent).values()) == before + sent


def test_sigterm_processes_everything_acknowledged_and_waits_for_no_idle_connection(
    service: Service, token: str
) -> None:
    with service.api(token) as client:
        _send(client, 100, events=1000)
        assert service.stop() == 0
    assert service.logged("child_killed") == []
    with closing(SqliteJournalReader(paths.journal(service.data))) as reader:
        ends = {partition: reader.extent(partition).last for partition in reader.partitions()}
    assert read_reached(paths.reactor(service.data)) == {partition: end for partition, end in ends.items() if end}


def test_the_console_answers_as_soon_as_the_service_is_ready(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as fresh:
        socket.create_connection(("127.0.0.1", fresh.app_port), timeout=1).close()
