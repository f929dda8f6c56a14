"""What the running service does with requests of every sort, good and hostile: one service with TLS for all."""

import gzip
import json
import resource
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from milepost.testing.service import Service, running_service, wait_for

_BODY_SECONDS = "1"
_BODY_LIMIT = 65_536
_EVENT = {"eventKey": "logins", "data": [{"userId": "u1"}]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(
        tmp_path_factory.mktemp("requests") / "data",
        tls="auto",
        environment={"MILEPOST_BODY_SECONDS": _BODY_SECONDS, "MILEPOST_BODY_LIMIT_BYTES": str(_BODY_LIMIT)},
    ) as running:
        yield running


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.get_token(service.add_connection())


@pytest.fixture
def api(service: Service, token: str) -> Iterator[httpx.Client]:
    """A sender with a good token; whatever a test does, the service goes on and no traceback is in its log."""
    with service.api(token) as client:
        yield client
        assert client.post("/events", json=_EVENT).status_code == 202
    assert "Traceback" not in service.log_file.read_text()


def _context(service: Service, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(service.ca_file))
    context.set_ciphers("ALL:@SECLEVEL=0")  # else the client itself would not offer the old versions
    context.minimum_version = version
    context.maximum_version = version
    return context


def _connect(service: Service) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(service.ca_file))
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", service.api_port), timeout=10), server_hostname="localhost"
    )


def _status(answer: bytes) -> int:
    """The status of a raw HTTP/1.1 answer; 0 when the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def _answer(connection: ssl.SSLSocket) -> bytes:
    try:
        return connection.recv(65_536)
    except (ConnectionResetError, ssl.SSLEOFError):
        return b""


@pytest.mark.parametrize("listener", ["api", "app"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_under_the_local_ca(
    service: Service, listener: str, version: ssl.TLSVersion
) -> None:
    port = service.api_port if listener == "api" else service.app_port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        _context(service, version).wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize("listener", ["api", "app"])
def test_tls_1_1_is_refused(service: Service, listener: str) -> None:
    port = service.api_port if listener == "api" else service.app_port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        pytest.raises(ssl.SSLError, match=r"ALERT_(PROTOCOL_VERSION|HANDSHAKE_FAILURE)"),
    ):
        _context(service, ssl.TLSVersion.TLSv1_1).wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("listener", ["api", "app"])
def test_plain_http_is_refused(service: Service, listener: str) -> None:
    port = service.api_port if listener == "api" else service.app_port
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/health")


def test_a_client_that_does_not_trust_the_local_ca_does_not_connect(service: Service) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{service.api_url}/health")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        pytest.param("GET", "/events", {"POST"}, id="events are posted"),
        pytest.param("PUT", "/getToken", {"POST"}, id="tokens are posted for"),
        pytest.param("DELETE", "/ready", {"GET"}, id="readiness is read"),
        pytest.param("GET", "/v1/track", {"POST", "OPTIONS"}, id="pages may ask first"),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(
    api: httpx.Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = api.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed


def test_an_unknown_path_is_404_in_the_dialect_of_its_side(api: httpx.Client) -> None:
    assert api.post("/nothing", json={}).status_code == 404
    assert set(api.post("/nothing", json={}).json()) == {"error", "message", "faults"}
    assert set(api.post("/v1/nothing", json={}).json()) == {"Error", "Message", "Details"}


def test_a_wrong_content_type_is_415(api: httpx.Client) -> None:
    answer = api.post("/events", content=json.dumps(_EVENT), headers={"content-type": "text/csv"})
    assert answer.status_code == 415
    assert answer.json()["error"] == "unsupported_media_type"


def test_a_gzip_body_is_taken(api: httpx.Client) -> None:
    packed = gzip.compress(json.dumps(_EVENT).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert api.post("/events", content=packed, headers=headers).status_code == 202


def test_a_body_over_the_limit_is_413(api: httpx.Client) -> None:
    answer = api.post("/events", json={"eventKey": "big", "data": [{"text": "x" * _BODY_LIMIT}]})
    assert answer.status_code == 413
    assert answer.json()["error"] == "body_too_large"


def test_a_gzip_bomb_is_413(api: httpx.Client) -> None:
    bomb = gzip.compress(b'{"eventKey":"big","data":[{"text":"' + bytes(16 * 1024 * 1024))
    assert len(bomb) < _BODY_LIMIT
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert api.post("/events", content=bomb, headers=headers).status_code == 413


def test_a_chunked_body_over_the_limit_is_413(api: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    chunks = iter([b"x" * 8192] * (_BODY_LIMIT // 8192 + 1))
    assert api.post("/events", content=chunks, headers=headers).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"x-padding: " + b"x" * 1_000_000 + b"\r\n", id="one huge header"),
        pytest.param(b"".join(b"x-%d: y\r\n" % number for number in range(5_000)), id="a flood of headers"),
        pytest.param(b"no colon in it\r\n", id="no header at all"),
        pytest.param(b"content-length: -1\r\n", id="a length that is none"),
        pytest.param(b"content-length: 1\r\ncontent-length: 2\r\n", id="two lengths"),
    ],
)
def test_headers_out_of_bounds_are_refused(api: httpx.Client, service: Service, headers: bytes) -> None:
    with closing(_connect(service)) as connection:
        try:
            connection.sendall(b"POST /events HTTP/1.1\r\nhost: localhost\r\n" + headers + b"\r\n")
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            return  # closed on us in the middle of it
        assert _status(_answer(connection)) in {0, 400, 431}


def test_a_body_that_does_not_come_is_ended_with_408_while_others_are_served(
    api: httpx.Client, service: Service, token: str
) -> None:
    with closing(_connect(service)) as slow:
        slow.sendall(
            b"POST /events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer " + token.encode() + b"\r\ncontent-length: 100\r\n\r\n{"
        )
        assert api.post("/events", json=_EVENT).status_code == 202
        answer = _answer(slow)
    assert _status(answer) == 408
    assert b"body_too_slow" in answer


def test_two_thousand_idle_connections_do_not_hinder_a_request(api: httpx.Client, service: Service) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with ExitStack() as idle:
        for _ in range(2_000):
            idle.enter_context(socket.create_connection(("127.0.0.1", service.api_port), timeout=10))
        with service.api() as newcomer:
            assert newcomer.get("/health", timeout=2).status_code == 200
        assert api.post("/events", json=_EVENT, timeout=2).status_code == 202


def test_answered_requests_are_counted_by_door_and_status(api: httpx.Client) -> None:
    api.get("/health")

    def counted() -> bool:
        return 'milepost_requests_total{door="events",status="202"}' in api.get("/metrics").text

    assert wait_for(counted, seconds=3, what="the counter")


def test_a_refused_submission_is_shown_to_its_owner_without_its_secrets(service: Service, api: httpx.Client) -> None:
    body = {"eventKey": "a:b", "data": [{"password": "hunter2", "plan": "team"}]}
    assert api.post("/events", json=body).status_code == 400
    with service.app() as console:

        def shown() -> list[dict[str, object]]:
            wanted = {"door": "events", "code": "invalid_input"}
            items = console.get("/api/rejections", params=wanted).raise_for_status().json()["items"]
            return [one for one in items if "team" in one["excerpt"]]

        (rejection,) = wait_for(shown, seconds=10, what="the rejection")
    assert (rejection["path"], rejection["status"]) == ("eventKey", 400)
    assert rejection["excerpt"] == '{"eventKey":"a:b","data":[{"password":"***","plan":"team"}]}'
    counter = 'milepost_refusals_total{code="invalid_input",door="events",sender="known"}'
    wait_for(lambda: counter in api.get("/metrics").text, seconds=10, what="the counter")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/openapi.json", "/api/overview", "/api/nothing", "/api/live"])
def test_head_on_the_app_port_is_answered_like_get(service: Service, version: str, path: str) -> None:
    """Over HTTP/2 too, which the server of that port speaks."""
    url = f"https://localhost:{service.app_port}{path}"
    with service.app() as console:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in console.cookies.jar)
    trust = ["--cacert", str(service.ca_file), "--cookie", cookies, "--silent", "--show-error", "--max-time", "10"]
    said = [
        subprocess.run(["curl", *trust, version, *words, url], capture_output=True, text=True, check=False)
        for words in (["--head"], ["--output", "-", "--write-out", "\n%{http_code}"])
    ]
    assert (said[0].returncode, said[0].stderr) == (0, "")
    first, *headers = said[0].stdout.lower().splitlines()
    assert first.split()[0] == ("http/2" if version == "--http2" else "http/1.1")
    assert first.split()[1] == said[1].stdout.rpartition("\n")[2]
    assert any(line.startswith(("content-type: ", "location: ")) for line in headers)
