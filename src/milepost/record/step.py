"""Journal entries in, recorded groups out: every event with its id, date, and fate (new, repeat, or parked).

The result is a function of the entries and the claims alone, so that a batch made again comes out the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from milepost.domain.event import EventId, ItemMeta, Located, RecordedGroup, SmartKey, Submission
from milepost.domain.event_date import LEAST_CORRECTION_MS, DateFlag, EventDate, dated, is_clean
from milepost.domain.fate import Fate, ParkReason
from milepost.record.claims.port import Claims, claim_digest, claim_prefix

_decode_submission = msgspec.msgpack.Decoder(Submission).decode
_NOWHERE = bytes(16)
_V = TypeVar("_V")


class _OwnMembers(msgspec.Struct):
    """The members of a payload that seed 000 gives a meaning to (field table, lines 176 and 204)."""

    event_date: int | None = msgspec.field(default=None, name="eventDate")
    idempotency_key: str | None = msgspec.field(default=None, name="idempotencyKey")


_decode_own_members = msgspec.json.Decoder(list[_OwnMembers]).decode
_decode_payloads = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _GroupKey(NamedTuple):
    connection_id: bytes
    event_key: str
    door: str
    has_items: bool


@dataclass(slots=True)
class _Pending:
    """A group under construction: one column per attribute."""

    bodies: list[bytes] = field(default_factory=list)
    request_ids: list[bytes] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    received_at_ms: list[int] = field(default_factory=list)
    sent_at_ms: list[int | None] = field(default_factory=list)
    metas: list[ItemMeta] = field(default_factory=list)
    smart_keys: dict[SmartKey, None] = field(default_factory=dict)


def record(entries: Sequence[Located], claims: Claims) -> list[RecordedGroup]:
    """Decode, group and claim a batch; a decode error or ValueError if one of the entries is not what accept wrote.

    Doing it again, also with fewer entries at a time, gives the same fates: claims know their owners. The whole
    batch is claimed in one call, which is one sync of the disk.
    """
    pending: dict[_GroupKey, _Pending] = {}
    for located in entries:
        _add(pending, _decode_submission(located.entry))
    decoded = [_decoded(key, group) for key, group in pending.items()]
    owners = _claimed(decoded, claims)
    return [_recorded(group, owners) for group in decoded]


def _add(pending: dict[_GroupKey, _Pending], submission: Submission) -> None:
    if submission.items is None:
        key = _GroupKey(submission.connection_id, submission.event_key, submission.door, False)
        group = pending.setdefault(key, _Pending())
        group.bodies.append(submission.body[1:-1])
        _extend(group, submission, range(submission.count), submission.sent_at_ms)
        return
    payloads = _decode_payloads(submission.body)
    for item, (meta, payload) in enumerate(zip(submission.items, payloads, strict=True)):
        key = _GroupKey(submission.connection_id, meta.event_key, submission.door, True)
        group = pending.setdefault(key, _Pending())
        group.bodies.append(bytes(payload))
        group.metas.append(meta)
        _extend(group, submission, range(item, item + 1), meta.sent_at_ms)


def _extend(group: _Pending, submission: Submission, items: range, sent_at_ms: int | None) -> None:
    group.request_ids += [submission.request_id] * len(items)
    group.items += items
    group.received_at_ms += [submission.received_at_ms] * len(items)
    group.sent_at_ms += [sent_at_ms] * len(items)
    group.smart_keys.update(dict.fromkeys(submission.smart_keys))


class _Decoded(NamedTuple):
    """A group whose payloads have been taken apart. `claims` are (place, digest) of events with an idempotency key."""

    key: _GroupKey
    group: _Pending
    payloads: list[bytes]
    dates: list[int | None]
    claims: list[tuple[int, bytes]]


def _decoded(key: _GroupKey, group: _Pending) -> _Decoded:
    body = b"[" + b",".join(group.bodies) + b"]"  # one decode for many small submissions
    payloads = [bytes(payload) for payload in _decode_payloads(body)]
    if key.has_items:
        dates = [meta.event_date_ms for meta in group.metas]
        keys = [meta.idempotency_key for meta in group.metas]
    else:
        own = _decode_own_members(body)
        dates = [members.event_date for members in own]
        keys = [members.idempotency_key for members in own]
    prefix = claim_prefix(key.connection_id, key.event_key)
    digests = [(place, claim_digest(prefix, value)) for place, value in enumerate(keys) if value is not None]
    return _Decoded(key, group, payloads, dates, digests)


def _claimed(decoded: Sequence[_Decoded], claims: Claims) -> Iterator[bytes | None]:
    """For each claim of each group in turn, None if it is the event's own, else who came first."""
    digests = [digest for group in decoded for _, digest in group.claims]
    if not digests:
        return iter(())
    owners = [
        group.group.request_ids[place] + group.group.items[place].to_bytes(2, "big")
        for group in decoded
        for place, _ in group.claims
    ]
    return iter(claims.claim(digests, owners))


def _recorded(decoded: _Decoded, owners: Iterator[bytes | None]) -> RecordedGroup:
    key, group = decoded.key, decoded.group
    duplicates_of = [""] * len(decoded.payloads)
    for (place, _), owner in zip(decoded.claims, owners, strict=False):  # the next groups' owners come after
        if owner is not None:
            duplicates_of[place] = str(EventId(UUID(bytes=owner[:16]), int.from_bytes(owner[16:], "big")))
    dates = _event_dates(decoded)
    return RecordedGroup(
        connection_id=key.connection_id,
        event_key=key.event_key,
        door=key.door,
        request_ids=group.request_ids,
        items=group.items,
        received_at_ms=group.received_at_ms,
        event_date_ms=[date.at_ms for date in dates],
        fates=_fates(duplicates_of),
        reasons=[""] * len(decoded.payloads),
        duplicates_of=duplicates_of,
        payloads=decoded.payloads,
        smart_keys=tuple(group.smart_keys),
        date_corrections_ms=_unless_none([date.correction_ms for date in dates]),
        date_flags=_unless_none([date.flags for date in dates]),
    )


def _event_dates(decoded: _Decoded) -> list[EventDate]:
    """When each happened: as it was sent, corrected by the sender's clock; without a date, when it arrived."""
    group = decoded.group
    dates = zip(decoded.dates, group.sent_at_ms, group.received_at_ms, strict=True)
    own = [date for date in decoded.dates if date is not None]
    if group.sent_at_ms.count(None) == len(group.sent_at_ms) and is_clean(own, min(group.received_at_ms)):
        return [EventDate(received if date is None else date) for date, _, received in dates]
    least_ms = 0 if decoded.key.has_items else LEAST_CORRECTION_MS
    return [
        EventDate(received) if date is None else dated(date, sent_at, received, least_ms=least_ms)
        for date, sent_at, received in dates
    ]


def _unless_none(column: list[_V]) -> list[_V]:
    return column if any(column) else []


def _fates(duplicates_of: Sequence[str]) -> list[Fate]:
    if not any(duplicates_of):
        return [Fate.PROCESSED] * len(duplicates_of)
    return [Fate.DUPLICATE if first else Fate.PROCESSED for first in duplicates_of]


def park(located: Located, reason: ParkReason) -> RecordedGroup:
    """An entry set aside: kept whole as one event, under an id made of where it lies."""
    place = located.partition.to_bytes(4, "big") + located.offset.to_bytes(8, "big")
    return RecordedGroup(
        connection_id=_NOWHERE,
        event_key="",
        door="journal",
        request_ids=[bytes(4) + place],
        items=[0],
        received_at_ms=[0],
        event_date_ms=[0],
        fates=[Fate.PARKED],
        reasons=[reason],
        duplicates_of=[""],
        payloads=[located.entry],
        smart_keys=(),
    )


def counted(groups: Iterable[RecordedGroup]) -> dict[Fate, int]:
    """How many events met each fate."""
    counts = dict.fromkeys((Fate.PROCESSED, Fate.DUPLICATE, Fate.PARKED), 0)
    for group in groups:
        for fate in counts:
            counts[fate] += group.fates.count(fate)
    return counts


def counted_flags(groups: Iterable[RecordedGroup]) -> Counter[DateFlag]:
    """How many events have a date that is doubtful, by reason."""
    return Counter(flag for group in groups for flags in group.date_flags for flag in flags)
