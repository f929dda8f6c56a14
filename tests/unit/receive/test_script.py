"""The door of the tracking script."""

import gzip

import pytest

from milepost.domain.errors import UnavailableError
from milepost.receive.door import Answer, Book, Request
from milepost.receive.script import ScriptDoor


def ask(door: ScriptDoor, query: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(
        method="GET", path="/mcx.js", query=query, headers=named, body=b"", client_ip="127.0.0.1", received_at_ms=0
    )
    return door.read(request, Book())


def test_the_script_comes_plain_or_gzipped_and_may_be_used_from_any_site() -> None:
    door = ScriptDoor()
    plain, packed = ask(door), ask(door, accept_encoding="gzip, br")
    assert b"mcx" in plain.body
    assert gzip.decompress(packed.body) == plain.body
    assert dict(plain.headers)["access-control-allow-origin"] == "*"
    assert dict(packed.headers)["content-encoding"] == "gzip"


def test_a_browser_that_has_it_is_told_so_and_one_with_an_older_one_gets_the_new() -> None:
    door = ScriptDoor()
    etag = dict(ask(door).headers)["etag"]
    assert ask(door, if_none_match=etag).status == 304
    assert ask(door, if_none_match='"older"').status == 200


def test_a_script_that_was_never_built_is_our_fault_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    door = ScriptDoor()
    monkeypatch.setattr(door, "_script", None)
    with pytest.raises(UnavailableError, match="make setup"):
        ask(door)


def test_the_part_for_what_is_tracked_without_a_call_is_a_script_of_its_own() -> None:
    door = ScriptDoor()
    whole, automatic = ask(door), ask(door, query="auto")
    assert b"trackAllClicks" in automatic.body
    assert automatic.body != whole.body
    assert ask(door, query="auto", if_none_match=dict(automatic.headers)["etag"]).status == 304
    assert ask(door, query="auto", if_none_match=dict(whole.headers)["etag"]).status == 200


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip", True), ("x-gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False),
     ("gzip; q=0.0", False), ("*;q=0", False), ("br", False), ("", False), ("identity, gzip;q=x", False)],
)  # fmt: skip
def test_gzip_is_given_to_those_who_take_it(accepted: str, *, is_packed: bool) -> None:
    headers = dict(ask(ScriptDoor(), accept_encoding=accepted).headers)
    assert ("content-encoding" in headers) is is_packed
