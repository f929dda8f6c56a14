"""The console's files at `/`: which addresses they answer, in which coding, with which headers."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from milepost.web.console import ConsoleFiles, not_built
from milepost.web.head import HeadAsGet

PAGE, SCRIPT = "<!doctype html><title>Milepost</title>", "export const a = 1;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "index.html.br").write_bytes(b"packed page")
    (tmp_path / "pages.json").write_text(json.dumps(["", "events", "connections"]))
    (tmp_path / "assets" / "main-abc.js").write_text(SCRIPT)
    (tmp_path / "assets" / "main-abc.js.gz").write_bytes(b"packed script")
    return tmp_path


def client_of(folder: Path, *, is_tls: bool = False, host: str = "console.example.com") -> TestClient:
    app = FastAPI()
    app.state.deps = SimpleNamespace(is_tls=is_tls)
    app.add_middleware(ConsoleFiles, folder=folder)
    app.add_middleware(HeadAsGet)
    app.get("/")(not_built)
    app.post("/events")(lambda: {"said": "the app"})
    client = TestClient(app, base_url=f"http://{host}")
    client.headers["accept-encoding"] = "identity"
    return client


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with client_of(folder) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/events", "/events?fate=parked", "/connections/1/2", "/index.html"])
def test_the_consoles_own_addresses_are_answered_with_its_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/eventsx", "/nothing", "/assets/none.js"])
def test_every_other_address_is_left_to_the_app(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert PAGE not in answer.text


def test_only_reading_is_answered_with_files(client: TestClient) -> None:
    assert client.post("/events").json() == {"said": "the app"}


def test_no_script_but_our_own_files_may_run(client: TestClient) -> None:
    headers = client.get("/").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "same-origin"


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever(client: TestClient) -> None:
    answer = client.get("/assets/main-abc.js")
    assert (answer.text, answer.headers["content-type"]) == (SCRIPT, "text/javascript; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "path", "coding", "body"),
    [
        ("gzip, deflate, br", "/", "br", b"packed page"),
        ("gzip", "/", None, PAGE.encode()),
        ("br;q=0, gzip", "/assets/main-abc.js", "gzip", b"packed script"),
        ("br", "/assets/main-abc.js", None, SCRIPT.encode()),
    ],
)
def test_the_coding_is_one_that_was_made_and_is_accepted(
    client: TestClient, accepted: str, path: str, coding: str | None, body: bytes
) -> None:
    with client.stream("GET", path, headers={"accept-encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert (answer.headers.get("content-encoding"), raw) == (coding, body)
    assert answer.headers["vary"] == "accept-encoding"


def test_what_the_browser_has_already_is_not_sent_again_until_it_changes(client: TestClient, folder: Path) -> None:
    tag = client.get("/").headers["etag"]
    again = client.get("/events", headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "content-security-policy" in again.headers
    (folder / "index.html").write_text(f"{PAGE}new")
    assert client_of(folder).get("/", headers={"if-none-match": tag}).status_code == 200


def test_head_has_the_headers_of_get(client: TestClient) -> None:
    got, head = client.get("/"), client.head("/")
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize(
    ("is_tls", "host", "is_sent"),
    [
        (True, "console.example.com", True),
        (True, "console.example.com:8444", True),
        (True, "localhost:8444", False),
        (True, "127.0.0.1:8444", False),
        (True, "[::1]:8444", False),
        (True, "[", False),
        (False, "console.example.com", False),
    ],
)
def test_browsers_are_kept_to_tls_where_it_is_ours_and_the_host_has_a_name(
    folder: Path, is_tls: bool, host: str, is_sent: bool
) -> None:
    answer = client_of(folder, is_tls=is_tls).get("/", headers={"host": host})
    assert ("strict-transport-security" in answer.headers) is is_sent


def test_a_checkout_without_the_console_says_how_to_make_it(tmp_path: Path) -> None:
    answer = client_of(tmp_path / "none").get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text
    assert "/api/docs" in answer.text
