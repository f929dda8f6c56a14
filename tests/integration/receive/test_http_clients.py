"""Early answers reach the clients that people have: what is refused before its body was read is not a broken pipe."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from milepost.cli.local import trusting

POSTS = 10
BIG = 9 * 1024 * 1024
GETS = ["/health", "/ready", "/metrics", "/mcx.js", "/openapi.json", "/v1/projects/custom/settings"]
FETCH = """
const [url, bytes, posts] = process.argv.slice(1);
const statuses = [];
for (let number = 0; number < Number(posts); number += 1) {
  const answer = await fetch(url, { method: "POST", body: "x".repeat(Number(bytes)) });
  await answer.text();
  statuses.push(answer.status);
}
console.log(statuses.join(" "));
"""


@pytest.fixture(scope="module", params=["listener", "secure_listener"], ids=["plain", "TLS"])
def api(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("big") / "body"
    file.write_bytes(b"x" * BIG)
    return file


def authority(api: Any) -> str:
    """The file of the CA to trust."""
    return str(api.tls.ca) if api.tls else ""


def curl(api: Any, *words: str) -> subprocess.CompletedProcess[str]:
    trust = ["--cacert", authority(api)] if api.tls else []
    return subprocess.run(
        ["curl", "--silent", "--show-error", *trust, *words], capture_output=True, text=True, check=False
    )


def test_python_requests_sees_each_413(api: Any) -> None:
    """The client of most Python SDKs."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = authority(api) or True
        answers = [session.post(f"{api.url}/v1/track", data=b"x" * BIG, timeout=30) for _ in range(POSTS)]
    assert [answer.status_code for answer in answers] == [413] * POSTS
    assert all(answer.json()["Error"] == "Request Entity Too Large" for answer in answers)


def test_httpx_sees_each_413(api: Any) -> None:
    with httpx.Client(verify=trusting(authority(api) or None), timeout=30) as client:
        answers = [client.post(f"{api.url}/v1/track", content=b"x" * BIG) for _ in range(POSTS)]
        chunked = client.post(f"{api.url}/v1/track", content=iter([b"x" * 65_536] * (BIG // 65_536)))
    assert [answer.status_code for answer in (*answers, chunked)] == [413] * (POSTS + 1)


@pytest.mark.parametrize("more", [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"], ["--http1.0"]], ids=str)
def test_curl_sees_each_413(api: Any, big: Path, more: list[str]) -> None:
    for _ in range(POSTS):
        done = curl(api, "--data-binary", f"@{big}", *more, "--write-out", "\n%{http_code}", f"{api.url}/v1/track")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("\n413")
        assert "Request Entity Too Large" in done.stdout


def test_fetch_of_node_sees_each_413(api: Any) -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", FETCH, f"{api.url}/v1/track", str(BIG), str(POSTS)],
        env=os.environ | ({"NODE_EXTRA_CA_CERTS": authority(api)} if api.tls else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["413"] * POSTS, "")


@pytest.mark.parametrize(
    ("path", "words", "status"),
    [
        pytest.param("/event", [], "404", id="a mistyped path"),
        pytest.param("/health", [], "405", id="a method that is not taken"),
        pytest.param("/events", ["-H", "Content-Type: application/json"], "401", id="no token"),
    ],
)
def test_curl_never_meets_an_empty_reply(api: Any, path: str, words: list[str], status: str) -> None:
    def call(_number: int) -> tuple[int, str, str]:
        done = curl(api, "-d", "{}", *words, "--write-out", "\n%{http_code}", api.url + path)
        body, _, code = done.stdout.rpartition("\n")
        return done.returncode, code, body[:1]

    with ThreadPoolExecutor(4) as at_once:
        assert set(at_once.map(call, range(60))) == {(0, status, "{")}


@pytest.mark.parametrize("path", GETS)
def test_head_is_answered_like_get_without_a_body(api: Any, path: str) -> None:
    with httpx.Client(verify=trusting(authority(api) or None)) as client:
        answers = [client.request(method, api.url + path) for method in ("GET", "HEAD")]
    got, asked = answers
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"] == got.headers["content-type"]
    done = curl(api, "--head", "--http2", api.url + path)
    assert (done.returncode, done.stdout.split()[1]) == (0, "200")


def test_head_keeps_nothing(api: Any) -> None:
    before = len(api.submissions())
    query = {"data": "eyJ3cml0ZUtleSI6ImN1c3RvbSIsImV2ZW50IjoiZSJ9"}
    with httpx.Client(verify=trusting(authority(api) or None)) as client:
        asked = client.head(f"{api.url}/v1/pixel/track", params=query)
        assert (asked.status_code, asked.headers["content-type"]) == (200, "image/gif")
        assert len(api.submissions()) == before
        assert client.get(f"{api.url}/v1/pixel/track", params=query).status_code == 200
    assert len(api.submissions()) == before + 1
