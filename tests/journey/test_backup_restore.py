"""`milepost backup` of a service under load and at rest: what is started from the copy has everything, exactly once."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

from milepost.observe import paths
from milepost.operate.doctor import CHECKS
from milepost.operate.lock import lock_folder
from milepost.testing.service import Service, running_service, wait_for

_PER_REQUEST = 5


def _post(client: httpx.Client, keys: list[str]) -> None:
    data = [{"customer": f"C{key[-1]}", "idempotencyKey": key} for key in keys]
    client.post("/events", json={"eventKey": "purchases", "data": data}).raise_for_status()


@contextmanager
def _load(service: Service, token: str) -> Iterator[list[str]]:
    """Sends without pause while the block runs; the list is of the idempotency keys that were acknowledged."""
    acknowledged: list[str] = []
    is_over = threading.Event()

    def send() -> None:
        numbers = count()
        with service.api(token) as client:
            while not is_over.is_set():
                keys = [f"key-{next(numbers)}" for _ in range(_PER_REQUEST)]
                _post(client, keys)
                acknowledged.extend(keys)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield acknowledged
    finally:
        is_over.set()
        thread.join()


def _define(service: Service, connection_id: str) -> str:
    """A signal that makes companies, and the count of it as a metric; gives the metric's id."""
    signal = {
        "name": "Purchases",
        "connection_id": connection_id,
        "event_key": "purchases",
        "fields": [{"name": "customer", "path": ["customer"], "type": "text"}],
        "company": {"field": "customer", "key_space": "CustomerNumber"},
    }
    with service.app() as app:
        signal_id = app.post("/api/signals", json=signal).raise_for_status().json()["id"]
        metric = {"name": "Purchases", "signal_id": signal_id, "aggregation": "count"}
        return str(app.post("/api/metrics", json=metric).raise_for_status().json()["id"])


def _counted(service: Service, metric_id: str) -> float:
    with service.app() as app:
        values = app.get(f"/api/metrics/{metric_id}/values", params={"limit": 500}).raise_for_status().json()["items"]
    return float(sum(value["value"] for value in values))


def _is_healthy(service: Service) -> bool:
    """Whether the doctor finds nothing, with the service up or down."""
    levels = {finding["subject"]: finding["level"] for finding in service.told("doctor")}
    assert CHECKS.keys() <= levels.keys()
    return set(levels.values()) == {"ok"}


def test_a_backup_under_load_starts_with_everything_acknowledged_before_it_exactly_once(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    with running_service(tmp_path / "data", workers=2) as service:
        keys = service.add_connection()
        metric_id = _define(service, keys["id"])
        with _load(service, service.get_token(keys)) as acknowledged:
            wait_for(lambda: len(acknowledged) >= 500, seconds=30, what="some load")
            before = len(acknowledged)
            made = service.command("backup", str(target))
            assert made.returncode == 0, made.stderr
            wait_for(lambda: len(acknowledged) >= before + 500, seconds=30, what="load after the backup")
        assert not paths.taken_snapshot(service.data).exists()
        service.kill()
    os.close(lock_folder(service.data))  # once its last process has gone
    shutil.rmtree(service.data)
    with running_service(target) as copy:
        with copy.api(copy.get_token(keys)) as client:
            in_copy = sum(copy.wait_until_logged(before).values())
            assert before <= in_copy < len(acknowledged)
            for start in range(0, len(acknowledged), 500):
                _post(client, acknowledged[start : start + 500])
        fates = copy.wait_until_logged(in_copy + len(acknowledged))
        assert fates == {"processed": len(acknowledged), "duplicate": in_copy, "parked": 0}
        wait_for(lambda: _counted(copy, metric_id) == len(acknowledged), seconds=10, what="the metric")


def test_a_folder_that_was_left_in_the_middle_of_things_is_backed_up_at_rest(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        keys = service.add_connection()
        with service.api(service.get_token(keys)) as client:
            _post(client, [f"key-{number}" for number in range(_PER_REQUEST)])
        service.kill()
    made = service.command("backup", str(tmp_path / "copy"))
    assert made.returncode == 0, made.stderr
    assert _is_healthy(service)
    with running_service(tmp_path / "copy") as copy, copy.api(copy.get_token(keys)) as client:
        _post(client, [f"key-{number}" for number in range(_PER_REQUEST + 1)])
        assert _is_healthy(copy)
        fates = copy.wait_until_logged(2 * _PER_REQUEST + 1)
    assert fates == {"processed": _PER_REQUEST + 1, "duplicate": _PER_REQUEST, "parked": 0}
