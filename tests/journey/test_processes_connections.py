"""Connections that the command line changes while the service runs: its workers honour them once it is told."""

from collections.abc import Iterator

import httpx
import pytest

from milepost.domain.connection import ConnectionKind
from milepost.testing.service import Service, running_service

_EVENT = {"eventKey": "logins", "data": [{"userId": "u1"}]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("connections") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def api(service: Service) -> Iterator[httpx.Client]:
    with service.api() as client:
        yield client


def _opens(api: httpx.Client, keys: dict[str, str]) -> bool:
    credentials = {name: keys[name] for name in ("clientId", "clientSecret")}
    answer = api.post("/getToken", json=credentials)
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def _status(api: httpx.Client, token: str) -> int:
    return api.post("/events", json=_EVENT, headers={"authorization": f"Bearer {token}"}).status_code


def test_a_new_connection_opens(service: Service, api: httpx.Client) -> None:
    assert _opens(api, service.add_connection())


def test_a_new_write_key_opens(service: Service, api: httpx.Client) -> None:
    key = service.add_connection(ConnectionKind.CUSTOM_EVENTS)["writeKey"]
    event = {"_metarouter": {"writeKey": key, "eventName": "page view"}}
    assert api.post("/v1/custom/event", json=event).status_code == 201


def test_a_disabled_connection_is_401_for_its_tokens_too_until_it_is_enabled(
    service: Service, api: httpx.Client
) -> None:
    keys = service.add_connection()
    token = service.get_token(keys)
    assert _status(api, token) == 202
    service.connection("disable", keys["id"])
    assert _status(api, token) == 401
    assert not _opens(api, keys)
    service.connection("enable", keys["id"])
    assert _status(api, token) == 202


def test_a_rotated_secret_opens_and_the_old_one_does_until_its_grace_ends(service: Service, api: httpx.Client) -> None:
    old = service.add_connection()
    new = service.connection("rotate", old["id"], "--grace-seconds", "3600")
    assert _opens(api, new)
    assert _opens(api, old)
    newest = service.connection("rotate", old["id"], "--grace-seconds", "0")
    assert _opens(api, newest)
    assert not _opens(api, new)


def test_what_the_console_api_answers_holds_at_the_doors_at_once(service: Service, api: httpx.Client) -> None:
    with service.app() as console:
        made = console.post("/api/connections", json={"name": "Fresh", "kind": "event-handler"}).json()
        assert _opens(api, made)
        token = service.get_token(made)
        rotated = console.post(f"/api/connections/{made['id']}/rotate", json={"grace_seconds": 0}).json()
        assert _opens(api, rotated)
        assert not _opens(api, made)
        console.patch(f"/api/connections/{made['id']}", json={"is_enabled": False})
        assert _status(api, token) == 401
        console.patch(f"/api/connections/{made['id']}", json={"is_enabled": True})
        assert _status(api, token) == 202
