"""Ten thousand idle connections and two hundred slow ones beside normal traffic.

It needs 10,300 open files on either side: the clients are a process of their own.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from milepost.testing.service import wait_for

IDLE, SLOW, FILES = 10_000, 200, 11_000
CLIENTS = """
import resource, socket, sys
port, idle, slow, files = map(int, sys.argv[1:])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, files), hard))
held = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(idle + slow)]
head = b"POST /v1/track HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 33\\r\\n\\r\\n"
for number, one in enumerate(held[:slow]):
    one.sendall((head + b'{"writeKey":"custom","event":"s')[: 1 + number])
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module", autouse=True)
def many_files() -> Iterator[None]:
    """As the worker sets itself up; before the listener, which counts them."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert before[1] >= FILES, f"This test needs {FILES} open files: ulimit -Hn {FILES}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], FILES), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_idle_and_two_hundred_slow_connections_do_not_hinder_a_request(
    many_files: None, listener: Any
) -> None:
    port = listener.url.rpartition(":")[2]
    words = [sys.executable, "-c", CLIENTS, port, str(IDLE), str(SLOW), str(FILES)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        assert clients.stdout.readline() == "ready\n"
        assert wait_for(lambda: len(listener.server.connections) >= IDLE, seconds=30, what="all to be taken")
        with httpx.Client(timeout=5) as client:
            for number in range(200):
                answer = client.post(f"{listener.url}/v1/track", json={"writeKey": "custom", "event": f"e{number}"})
                assert answer.json() == {"success": True}
        assert httpx.get(f"{listener.url}/health", timeout=5).json() == {"status": "alive"}
        clients.communicate("\n")
    assert [one.event_key for one in listener.submissions()] == [f"e{number}" for number in range(200)]
