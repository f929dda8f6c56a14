"""When an event happened, as it is recorded: corrected by the sender's clock, flagged where it is doubtful."""

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from milepost.domain.event import ItemMeta, Located, RecordedGroup, Submission
from milepost.domain.event_date import DAY_MS, DateFlag
from milepost.record.claims.rocksdb import RocksdbClaims
from milepost.record.step import counted_flags, record

NOW_MS = 1_764_000_000_000
SECONDS = 1_709_164_800


def recorded(folder: Path, *entries: object) -> list[RecordedGroup]:
    located = [Located(0, offset, msgspec.msgpack.encode(entry)) for offset, entry in enumerate(entries, 1)]
    return record(located, RocksdbClaims(folder / "claims"))


def submission(*payloads: object, **more: Any) -> Submission:
    return Submission(
        request_id=bytes(16),
        connection_id=bytes(16),
        door="events",
        received_at_ms=NOW_MS,
        client_ip="127.0.0.1",
        event_key="k",
        body=orjson.dumps(payloads),
        count=len(payloads),
        **more,
    )


def test_a_doubtful_date_is_kept_as_sent_and_flagged(tmp_path: Path) -> None:
    (group,) = recorded(tmp_path, submission({"eventDate": SECONDS}, {"eventDate": NOW_MS - DAY_MS}, {}))
    assert group.event_date_ms == [SECONDS, NOW_MS - DAY_MS, NOW_MS]
    assert list(group.date_flags) == [(DateFlag.IN_SECONDS,), (), ()]
    assert list(group.date_corrections_ms) == []
    assert counted_flags([group]) == {DateFlag.IN_SECONDS: 1}


def test_plausible_dates_cost_no_column(tmp_path: Path) -> None:
    (group,) = recorded(tmp_path, submission({"eventDate": NOW_MS - 9 * 365 * DAY_MS}, {}))
    assert (list(group.date_flags), list(group.date_corrections_ms)) == ([], [])


def test_a_browsers_clock_corrects_all_dates_of_its_batch_but_not_those_of_others(tmp_path: Path) -> None:
    ahead = NOW_MS + 365 * DAY_MS
    groups = recorded(
        tmp_path,
        submission({"eventDate": ahead - 7}, {}, sent_at_ms=ahead),
        submission({"eventDate": NOW_MS - 7}, sent_at_ms=NOW_MS - 900),
        submission({"eventDate": NOW_MS - 7}),
    )
    (group,) = groups
    assert group.event_date_ms == [NOW_MS - 7, NOW_MS, NOW_MS - 7, NOW_MS - 7]
    assert list(group.date_corrections_ms) == [-365 * DAY_MS, 0, 0, 0]
    assert not any(group.date_flags)


def test_a_call_of_the_segment_wire_is_corrected_exactly_and_not_beyond_the_bound(tmp_path: Path) -> None:
    items = (
        ItemMeta(event_key="k", event_date_ms=NOW_MS - 900, sent_at_ms=NOW_MS - 300),
        ItemMeta(event_key="k", event_date_ms=NOW_MS - 900, sent_at_ms=0),
    )
    (group,) = recorded(tmp_path, submission({}, {}, items=items))
    assert group.event_date_ms == [NOW_MS - 600, NOW_MS - 900]
    assert list(group.date_corrections_ms) == [300, 0]
    assert list(group.date_flags) == [(), (DateFlag.CLOCK_FAR_OFF,)]


@pytest.mark.parametrize("items", [None, [["k", SECONDS, None], ["k", None, "x"]]])
def test_a_journal_of_the_version_before_is_read_and_its_dates_are_flagged_too(
    tmp_path: Path, items: list[list[object]] | None
) -> None:
    """Entries are arrays; those of then end before the sender's clock, as do the items in them."""
    body = orjson.dumps([{"eventDate": SECONDS}, {"idempotencyKey": "x"}])
    old = [bytes(16), bytes(16), "events", NOW_MS, "127.0.0.1", "k", body, 2, [], items]
    (group,) = recorded(tmp_path, old)
    assert group.event_date_ms == [SECONDS, NOW_MS]
    assert list(group.date_flags) == [(DateFlag.IN_SECONDS,), ()]
    assert len(group.payloads) == 2
