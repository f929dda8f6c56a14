"""The machine's clock is set while the service runs: nothing goes blind, stops, or is lost or doubled by it."""

import os
import signal
from pathlib import Path

import pytest

from milepost.observe import paths
from milepost.observe.health import read_health
from milepost.testing.service import Service, running_service, wait_for

SET_CLOCK = """
import os, time

def read_offset():
    with open(os.environ["CLOCK_OFFSET_FILE"]) as file:
        return int(file.read())

real = time.time_ns
time.time_ns = lambda: real() + read_offset() * 10**9
time.time = lambda: time.time_ns() / 10**9
"""
"""Loaded by every Python process of the service before anything of ours: its clock follows a file, at any moment."""


@pytest.mark.parametrize("hours", [-1, 2])
def test_a_clock_that_is_set_while_it_runs_hides_and_stops_nothing(tmp_path: Path, hours: int) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    (tmp_path / "sitecustomize.py").write_text(SET_CLOCK)
    environment = {"PYTHONPATH": str(tmp_path), "CLOCK_OFFSET_FILE": str(offset)}
    with running_service(tmp_path / "data", environment=environment) as service:
        connection = service.add_connection()
        _send(service, service.get_token(connection))
        service.wait_until_logged(1)
        offset.with_suffix(".new").write_text(str(hours * 3600))
        offset.with_suffix(".new").rename(offset)
        before = _health_at(service)
        wait_for(lambda: _health_at(service) > before + 1000, seconds=30, what="signs of life after the clock was set")
        _send(service, service.get_token(connection))
        assert service.wait_until_logged(2)["processed"] == 2
        app = service.pid("app")
        os.kill(app, signal.SIGSTOP)  # a clock that goes by the wall would not see for hours that nobody answers
        silent = "the reactor gives no sign of life"
        wait_for(lambda: silent in service.ready()[1].get("reasons", ()), seconds=19, what="a red /ready")
        os.kill(app, signal.SIGCONT)
        service.wait_until_ready(60)


def _health_at(service: Service) -> int:
    health = read_health(paths.health(service.data))
    return health.at_ms if health else 0


def _send(service: Service, token: str) -> None:
    with service.api(token) as client:
        answer = client.post("/events", json={"eventKey": "logins", "data": [{"userId": "u1"}]})
    assert answer.status_code == 202, answer.text
