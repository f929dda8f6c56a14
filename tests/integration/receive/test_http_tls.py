"""Over TLS as without: cuts and breaks, idle connections, and a drain with requests at every point of their way."""

import json
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any

import pytest

from milepost.cli.local import trusting
from milepost.testing.service import wait_for

IDLE = 300
SECONDS = 20


def post(event: str, *, length: int = 0, chunked: bool = False) -> bytes:
    body = json.dumps({"writeKey": "custom", "event": event}).encode()
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (length or len(body))
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return b"POST /v1/track HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n%b" % (framing, sent)


def connect(api: Any) -> socket.socket:
    port = int(api.url.rpartition(":")[2])
    plain = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    if not api.tls:
        return plain
    context = trusting(str(api.tls.ca))
    assert isinstance(context, ssl.SSLContext)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def received(client: socket.socket, until: bytes = b"") -> bytes:
    said = b""
    while not until or until not in said:
        try:
            piece = client.recv(1 << 16)
        except (ConnectionResetError, ssl.SSLError):
            break
        if not piece:
            break
        said += piece
    return said


def reset(client: socket.socket) -> None:
    """Leave without TLS's goodbye and without TCP's."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def kept(api: Any) -> list[str]:
    return [one.event_key for one in api.submissions()]


@pytest.mark.parametrize("chunked", [False, True], ids=["a length", "chunks"])
def test_a_request_in_two_records_of_tls_is_one_request(secure_listener: Any, chunked: bool) -> None:
    before = len(kept(secure_listener))
    request = post("cut", chunked=chunked)
    places = range(1, len(request), 11)
    with connect(secure_listener) as client:
        for at in places:
            client.sendall(request[:at])
            client.sendall(request[at:])
            assert received(client, until=b"}").endswith(b'{"success":true}')
    assert len(kept(secure_listener)) - before == len(places)


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("chunked", [False, True], ids=["a length", "chunks"])
def test_a_request_that_breaks_off_over_tls_is_not_kept_and_is_no_error_of_ours(
    secure_listener: Any, leave: Callable[[socket.socket], None], chunked: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    before = kept(secure_listener)
    request = post("broken", chunked=chunked)
    for at in [*range(1, len(request), 17), len(request) - 1]:
        client = connect(secure_listener)
        client.sendall(request[:at])
        leave(client)
    wait_for(lambda: not secure_listener.server.connections, seconds=SECONDS, what="the end of all connections")
    assert kept(secure_listener) == before
    assert capfd.readouterr() == ("", "")


def test_idle_connections_over_tls_do_not_hinder_a_request(secure_listener: Any) -> None:
    idle = [connect(secure_listener) for _ in range(IDLE)]
    wait_for(lambda: len(secure_listener.server.connections) >= IDLE, seconds=SECONDS, what="all to be taken")
    with connect(secure_listener) as client:
        client.sendall(post("beside the idle"))
        assert received(client, until=b"}").endswith(b'{"success":true}')
    for one in (idle[0], idle[-1]):
        one.sendall(post("no longer idle"))
        assert received(one, until=b"}").endswith(b'{"success":true}')
    for one in idle:
        one.close()
    assert kept(secure_listener)[-3:] == ["beside the idle", "no longer idle", "no longer idle"]
