"""The whole space of dates at every door: what is taken and what it means, what is doubtful, and what is refused.

Numbers of any unit, texts with and without an offset, other JSON values, and every combination of a call's own times
with the sender's clock, on connections that flag doubtful dates and on such that refuse them.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from milepost.domain.connection import ConnectionKind, DoubtfulDates
from milepost.domain.errors import MilepostError
from milepost.domain.event_date import (
    DAY_MS,
    EARLIEST_MS,
    EPOCH_FROM_MS,
    EPOCH_UPTO_MS,
    LATEST_MS,
    LEAST_CORRECTION_MS,
    MOST_AHEAD_MS,
    MOST_CORRECTION_MS,
    SECONDS_FROM_MS,
    SECONDS_UPTO_MS,
    DateFlag,
    dated,
)
from milepost.kit.crypto import issue_token
from milepost.testing.doors import Doors, known

NOW_MS = 1_764_000_000_000
HANDLERS = {one: known(f"h-{one}", ConnectionKind.EVENT_HANDLER, doubtful_dates=one) for one in DoubtfulDates}
DOORS = Doors(
    *HANDLERS.values(),
    *(known(f"key-{one}", doubtful_dates=one) for one in DoubtfulDates),
    *(known(f"page-{one}", ConnectionKind.TRACKING_SCRIPT, doubtful_dates=one) for one in DoubtfulDates),
    at_ms=NOW_MS,
)
TOKENS = {
    policy: issue_token(one.id, (), NOW_MS, 60, bytes(32), kind="event-handler") for policy, one in HANDLERS.items()
}
BOUNDS = [
    0, EARLIEST_MS, LATEST_MS, SECONDS_FROM_MS, SECONDS_UPTO_MS, EPOCH_FROM_MS, EPOCH_UPTO_MS,
    NOW_MS, NOW_MS // 1000, NOW_MS * 1000, NOW_MS * 1_000_000, NOW_MS + MOST_AHEAD_MS, NOW_MS + MOST_CORRECTION_MS,
    NOW_MS - MOST_CORRECTION_MS, NOW_MS + LEAST_CORRECTION_MS, NOW_MS - LEAST_CORRECTION_MS,
    2**31, 2**53, 2**63, 2**64, -(2**63),
]  # fmt: skip
policies = st.sampled_from(DoubtfulDates)
numbers = st.builds(int.__add__, st.sampled_from(BOUNDS), st.sampled_from([-1, 0, 1])) | st.integers(
    EARLIEST_MS * 2, LATEST_MS * 2
)
others: st.SearchStrategy[Any] = (
    st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30) | st.just([]) | st.just({})
)
epoch = datetime(1970, 1, 1, tzinfo=UTC)


@st.composite
def instants(draw: st.DrawFn) -> tuple[str, int]:
    """A date and time as ISO 8601 writes it, and the milliseconds that it means."""
    at_ms = draw(
        st.integers(EARLIEST_MS, LATEST_MS)
        | st.sampled_from([ms for ms in BOUNDS if EARLIEST_MS <= ms <= LATEST_MS])
        | st.integers(NOW_MS - 2 * MOST_CORRECTION_MS, NOW_MS + 2 * MOST_CORRECTION_MS)
    )
    minutes = draw(st.sampled_from([0, 0, 60, -300, 330, 14 * 60, -12 * 60]))
    at = (epoch + timedelta(milliseconds=at_ms)).astimezone(timezone(timedelta(minutes=minutes)))
    text = at.isoformat(timespec="milliseconds", sep=draw(st.sampled_from("T ")))
    if minutes == 0:
        text = text.removesuffix("+00:00") + draw(st.sampled_from(["", "Z", "z", "+00:00", "+0000", "-00:00"]))
    return text, at_ms


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def outcome(path: str, body: object, headers: dict[str, str] | None = None) -> tuple[Any, list[str]]:
    """What a door says of one event: its item, or the paths that it refuses."""
    try:
        reading = DOORS.reading(path, body, headers or {})
    except MilepostError as error:
        return None, [fault.path for fault in error.faults]
    return reading, []


def wanted_flags(own_ms: int, sent_at_ms: int | None) -> set[DateFlag]:
    """The rules once more, as plainly as can be."""
    correction = 0 if sent_at_ms is None else NOW_MS - sent_at_ms
    is_far = abs(correction) > 400 * DAY_MS
    at = own_ms if is_far or not EARLIEST_MS <= own_ms + correction <= LATEST_MS else own_ms + correction
    flags = {DateFlag.CLOCK_FAR_OFF} if is_far else set()
    if 315_532_800 <= at < 4_102_444_800:
        flags.add(DateFlag.IN_SECONDS)
    elif -31 * DAY_MS <= at < 365 * DAY_MS:
        flags.add(DateFlag.NEAR_1970)
    elif at > NOW_MS + DAY_MS:
        flags.add(DateFlag.IN_FUTURE)
    return flags


@settings(max_examples=300)
@given(policy=policies, date=st.none() | numbers | others)
def test_an_event_date_is_milliseconds_or_refused_and_a_doubt_is_refused_where_that_is_wanted(
    policy: DoubtfulDates, date: Any
) -> None:
    data = {"eventKey": "k", "data": [{}, {"eventDate": date}]}
    headers = {"authorization": f"Bearer {TOKENS[policy]}", "content-type": "application/json"}
    is_taken = date is None or (is_whole(date) and EARLIEST_MS <= date <= LATEST_MS)
    if is_taken and date is not None and policy is DoubtfulDates.REFUSE:
        is_taken = not wanted_flags(date, None)
    for path, body, sent in (
        ("/events", data, headers),
        ("/analytics", {**data, "connectionId": f"page-{policy}"}, {"content-type": "application/json"}),
    ):
        reading, refused = outcome(path, body, sent)
        assert (reading is not None) == is_taken, path
        assert set(refused) <= {"data[1].eventDate"}


@settings(max_examples=300)
@given(
    policy=policies,
    own=st.dictionaries(st.sampled_from(["timestamp", "originalTimestamp"]), instants()),
    shared=st.dictionaries(st.sampled_from(["timestamp", "originalTimestamp"]), instants()),
    own_sent=st.none() | instants(),
    shared_sent=st.none() | instants(),
)
def test_a_calls_own_times_come_before_those_of_its_batch_and_the_clock_corrects_them(
    policy: DoubtfulDates,
    own: dict[str, tuple[str, int]],
    shared: dict[str, tuple[str, int]],
    own_sent: tuple[str, int] | None,
    shared_sent: tuple[str, int] | None,
) -> None:
    def written(times: dict[str, tuple[str, int]], sent: tuple[str, int] | None) -> dict[str, str | None]:
        return {name: text for name, (text, _) in times.items()} | {"sentAt": sent[0] if sent else None}

    call = {"type": "track", "event": "e", **written(own, own_sent)}
    batch = {"writeKey": f"key-{policy}", "batch": [call], **written(shared, shared_sent)}
    order = [
        own.get("timestamp"),
        own.get("originalTimestamp"),
        shared.get("originalTimestamp"),
        shared.get("timestamp"),
    ]
    own_ms = next((time[1] for time in order if time), None)
    sent = own_sent or shared_sent
    flags = set() if own_ms is None else wanted_flags(own_ms, sent[1] if sent else None)
    reading, refused = outcome("/v1/batch", batch)
    if flags and policy is DoubtfulDates.REFUSE:
        assert refused
        assert all(place.startswith("batch[0].") for place in refused)
        return
    assert refused == []
    (item,) = reading.items
    assert (item.event_date_ms, item.sent_at_ms) == (own_ms, sent[1] if sent else None)
    if own_ms is not None:
        assert set(dated(own_ms, item.sent_at_ms, NOW_MS).flags) == flags


@settings(max_examples=200)
@given(policy=policies, time=instants())
def test_a_time_means_the_same_at_every_door(policy: DoubtfulDates, time: tuple[str, int]) -> None:
    text, at_ms = time
    key = f"key-{policy}"
    cloud = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "time": text, "writekey": key}
    metadata = {"writeKey": key, "eventName": "e", "timestamp": text}
    sent = [
        ("/v1/track", {"writeKey": key, "event": "e", "timestamp": text}, {}),
        ("/v1/cloudevents", cloud, {"content-type": "application/cloudevents+json"}),
        ("/v1/custom/event", {"_metarouter": metadata}, {"content-type": "application/json"}),
        ("/v1/custom/event", {"_metarouter": {**metadata, "timestamp": "{.at}"}, "at": text}, {}),
    ]
    for path, body, headers in sent:
        reading, refused = outcome(path, body, headers)
        if policy is DoubtfulDates.REFUSE and wanted_flags(at_ms, None):
            assert reading is None, path
            assert refused
        else:
            assert [item.event_date_ms for item in reading.items] == [at_ms], path


@settings(max_examples=200)
@given(value=numbers | others)
def test_what_is_no_time_is_refused_with_its_place_at_every_door_of_texts(value: Any) -> None:
    cloud = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "time": value, "writekey": "key-flag"}
    metadata = {"writeKey": "key-flag", "eventName": "e", "timestamp": value}
    for path, body, headers, place in (
        ("/v1/track", {"writeKey": "key-flag", "event": "e", "timestamp": value}, {}, "timestamp"),
        ("/v1/track", {"writeKey": "key-flag", "event": "e", "originalTimestamp": value}, {}, "originalTimestamp"),
        ("/v1/cloudevents", cloud, {"content-type": "application/cloudevents+json"}, "time"),
        ("/v1/custom/event", {"_metarouter": metadata}, {}, "_metarouter.timestamp"),
    ):
        _, refused = outcome(path, body, headers)
        assert refused in ([place], [""]), path  # a number that no reader holds is a fault of the whole body


@settings(max_examples=200)
@given(sent_at=st.none() | numbers | others, own=st.none() | st.integers(EARLIEST_MS, LATEST_MS))
def test_a_browsers_clock_is_a_number_or_refused_and_never_moves_a_date_out_of_bounds(
    sent_at: Any, own: int | None
) -> None:
    body = {"connectionId": "page-flag", "eventKey": "k", "data": [{"eventDate": own}], "sentAt": sent_at}
    reading, refused = outcome("/analytics", body)
    if sent_at is not None and (isinstance(sent_at, bool) or not isinstance(sent_at, int | float)):
        assert refused == ["sentAt"]
        return
    assert refused == []
    if own is not None:
        date = dated(own, reading.sent_at_ms, NOW_MS, least_ms=LEAST_CORRECTION_MS)
        assert EARLIEST_MS <= date.at_ms <= LATEST_MS
        assert abs(date.correction_ms) <= MOST_CORRECTION_MS
        assert date.correction_ms == 0 or abs(date.correction_ms) >= LEAST_CORRECTION_MS
        assert date.at_ms == own + date.correction_ms
