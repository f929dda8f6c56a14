"""The OpenAPI document: valid, whole, served, and true: a running listener answers nothing that is not in it."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from milepost.observe.health import Readiness
from milepost.receive.openapi import openapi_document
from milepost.receive.routes import make_routes

DOCUMENT = openapi_document(make_routes(b"k" * 32, lambda: Readiness(ready=True, reasons=(), lag_entries=0)))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
]
SAME_DOORS = r"^/v1/(pixel/)?[a-z]$|^/v1/import$|^/v1/pixel/(identify|screen|group|alias)$"
"""Other names of doors that are tried by their first name."""

Case = schemathesis.Case[Any]
schema = (
    schemathesis.openapi.from_dict(DOCUMENT)
    .exclude(path_regex=SAME_DOORS)
    .exclude(path="/mcx.js")  # it has tests of its own, and is there only once it was built
)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_the_listener_serves_it(listener: Any) -> None:
    served = httpx.get(f"{listener.url}/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.json() == DOCUMENT


def test_every_route_is_in_it() -> None:
    routes = make_routes(b"k" * 32, lambda: Readiness(ready=True, reasons=(), lag_entries=0))
    described = {(path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item}
    assert described == {
        (path.replace("*", "{writeKey}"), method) for path, doors in routes.items() for method in doors
    }


@pytest.fixture(scope="module")
def session(listener: Any) -> Iterator[requests.Session]:
    """One connection to the listener, with an event handler's token for the doors that take one."""
    token = requests.post(
        f"{listener.url}/getToken", json={"clientId": "handler", "clientSecret": "the secret"}, timeout=10
    )
    with requests.Session() as opened:
        opened.headers["x-token"] = token.json()["accessToken"]
        yield opened


def _with_good_keys(case: Case, token: str) -> None:
    """Put keys that open the doors into a generated request, so that more than its key is looked at."""
    if case.path == "/events":
        case.headers["authorization"] = f"Bearer {token}"
    elif case.path == "/v1/custom/event":
        case.query["writeKey"] = "custom"
    elif case.path.startswith("/v1/pixel/") and "data" in case.query:
        case.query["data"] = base64.b64encode(
            f'{{"writeKey":"custom","event":"{case.query["data"]}"}}'.encode()
        ).decode()
    elif case.path.startswith("/v1/"):
        case.headers["authorization"] = "Basic " + base64.b64encode(b"custom:").decode()
    if isinstance(case.body, dict) and "connectionId" in case.body:
        case.body["connectionId"] = "script"
    metadata = case.body.get("_metarouter") if isinstance(case.body, dict) else None
    if isinstance(metadata, dict):
        metadata.pop("writeKey", None)


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_door_answers_as_documented(case: Case, listener: Any, session: requests.Session) -> None:
    _with_good_keys(case, str(session.headers["x-token"]))
    case.call_and_validate(base_url=listener.url, session=session, timeout=10, checks=CHECKS)
