"""What every store of claims promises (record/claims/port.py), over every implementation."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milepost.record.claims.port import Claims, claim_digest, claim_prefix
from milepost.record.claims.rocksdb import RocksdbClaims

STORES = [pytest.param(RocksdbClaims, id="rocksdb")]
FULL = """
import importlib, resource, sys
from pathlib import Path
from milepost.domain.errors import UnavailableError

module, _, name = sys.argv[1].rpartition(".")
claims = getattr(importlib.import_module(module), name)(Path(sys.argv[2]))
assert claims.claim([b"kept"], [b"a"]) == [None]
keys, owners = [b"%d" % one for one in range(5000)], [b"o%d" % one for one in range(5000)]
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
for _ in range(3):
    try:
        claims.claim(keys, owners)
    except UnavailableError as error:
        assert "cannot be kept now" in error.message
    else:
        raise AssertionError("there was room")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert claims.claim(keys, owners) == [None] * 5000
assert claims.claim([b"kept", keys[7], b"new"], [b"b"] * 3) == [b"a", owners[7], None]
claims.close()
"""
"""In a process of its own, whose files must not grow for a while, as on a full disk."""
Open = Callable[[Path], Claims]


@pytest.mark.parametrize("open_claims", STORES)
def test_the_first_owner_has_the_key_and_everyone_else_is_told_who(tmp_path: Path, open_claims: Open) -> None:
    claims = open_claims(tmp_path / "claims")
    assert claims.claim([b"k1", b"k2"], [b"a", b"b"]) == [None, None]
    assert claims.claim([b"k2", b"k3"], [b"c", b"c"]) == [b"b", None]


@pytest.mark.parametrize("open_claims", STORES)
def test_an_owner_that_comes_again_recognises_its_own_claim(tmp_path: Path, open_claims: Open) -> None:
    claims = open_claims(tmp_path / "claims")
    claims.claim([b"k"], [b"a"])
    assert claims.claim([b"k"], [b"a"]) == [None]


@pytest.mark.parametrize("open_claims", STORES)
def test_of_two_equal_keys_in_one_call_the_first_wins(tmp_path: Path, open_claims: Open) -> None:
    assert open_claims(tmp_path / "claims").claim([b"k", b"k"], [b"a", b"b"]) == [None, b"a"]


@pytest.mark.parametrize("open_claims", STORES)
def test_claims_outlive_the_process(tmp_path: Path, open_claims: Open) -> None:
    claims = open_claims(tmp_path / "claims")
    claims.claim([b"k"], [b"a"])
    claims.close()
    assert open_claims(tmp_path / "claims").claim([b"k"], [b"b"]) == [b"a"]


@pytest.mark.parametrize("open_claims", STORES)
def test_a_snapshot_has_the_claims_of_its_moment_and_opens_beside_the_original(
    tmp_path: Path, open_claims: Open
) -> None:
    claims = open_claims(tmp_path / "claims")
    claims.claim([b"k1"], [b"a"])
    claims.snapshot(tmp_path / "snapshot")
    claims.claim([b"k2"], [b"a"])
    assert open_claims(tmp_path / "snapshot").claim([b"k1", b"k2"], [b"b", b"b"]) == [b"a", None]
    assert claims.claim([b"k2"], [b"b"]) == [b"a"]


Triple = st.tuples(st.binary(min_size=16, max_size=16), st.text(max_size=8), st.text(max_size=8))


@given(Triple, Triple)
def test_two_triples_give_the_same_digest_only_if_they_are_the_same(
    one: tuple[bytes, str, str], other: tuple[bytes, str, str]
) -> None:
    def digest(triple: tuple[bytes, str, str]) -> bytes:
        return claim_digest(claim_prefix(triple[0], triple[1]), triple[2])

    assert (digest(one) == digest(other)) == (one == other)


def test_moving_a_character_from_one_part_to_the_next_changes_the_digest() -> None:
    assert claim_digest(claim_prefix(bytes(16), "ab"), "c") != claim_digest(claim_prefix(bytes(16), "a"), "bc")


@pytest.mark.parametrize("open_claims", ["milepost.record.claims.rocksdb.RocksdbClaims"])
def test_claims_that_met_a_full_disk_go_on_when_there_is_room(tmp_path: Path, open_claims: str) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, open_claims, str(tmp_path / "claims")], check=False)
    assert done.returncode == 0
