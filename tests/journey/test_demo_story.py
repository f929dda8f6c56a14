"""`milepost serve --demo` as a newcomer meets it: history within seconds, states that move, a restart that goes on."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from milepost.demo.happenings import EventKey
from milepost.testing.service import Service, running_service, wait_for


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path / "data", environment={"MILEPOST_DEMO": "true"}) as running:
        yield running


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    return client.get(path, params=query).raise_for_status().json()


def each(client: httpx.Client, path: str) -> list[Any]:
    first = get(client, path, limit=1000)
    assert first["next"] is None
    return list(first["items"])


def states(client: httpx.Client) -> Counter[str]:
    return Counter(copy["state"] for copy in each(client, "/api/assigned-milestones"))


def test_a_newcomer_sees_months_of_history_and_states_that_move_and_a_restart_goes_on(service: Service) -> None:
    wait_for(lambda: service.logged("demo_is_live"), seconds=90, what="the demo to live")
    with service.app() as client:
        history = sum(service.fates().values())
        assert history > 30_000
        assert len(each(client, "/api/companies")) >= 39
        wait_for(
            lambda: states(client).keys() >= {"in_progress", "achieved", "achieved_late", "missed"},
            seconds=20,
            what="states",
        )
        service.wait_until_logged(history + 20)
        latest = get(client, "/api/events", event_key=EventKey.FEATURE_USED.value, limit=1)["items"][0]
        assert latest["payload"]["uses"] == 1
    go_on_after_a_restart(service)


def go_on_after_a_restart(service: Service) -> None:
    """Nothing is defined or assigned again, and nothing that was told is told again."""
    nouns = ("connections", "signals", "metrics", "milestones", "outcomes")
    with service.app() as client:
        before = {noun: each(client, f"/api/{noun}") for noun in nouns}
    assert service.stop() == 0
    service.start()
    wait_for(lambda: len(service.logged("demo_is_live")) == 2, seconds=90, what="the demo to live again")
    with service.app() as client:
        after = {noun: each(client, f"/api/{noun}") for noun in nouns}
        assert [[one["id"] for one in after[noun]] for noun in nouns] == [
            [one["id"] for one in before[noun]] for noun in nouns
        ]
        told = sum(service.fates().values())
        fates = service.wait_until_logged(told + 10)
        assert fates["duplicate"] == 0
        assert fates["parked"] == 0
        assert len(each(client, "/api/companies")) == len({one["name"] for one in each(client, "/api/companies")})
