"""Where a company's keys and a user's ids stand in payloads, and in texts that nobody can read as payloads. Pure.

Takes what is known of a subject; gives mentions and a pattern; refuses nothing. docs/reference/privacy.md in code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from milepost.domain.company import META_KEY
from milepost.domain.criterion import Condition, FieldType, Group, Operator
from milepost.domain.privacy import Known, Mention
from milepost.domain.signal import Signal, SignalField

Steps = tuple[str, ...]

_METADATA: Final = ("_metarouter", "_mrSchema")
USER_PLACES: Final[tuple[Steps, ...]] = (
    ("userId",),  # seed 000, data.userId and the tracking script; every call of the Segment wire
    ("anonymousId",),
    ("previousId",),  # alias
    *((holder, name) for holder in ("traits", "data") for name in ("userId", "anonymousId")),  # `data` of CloudEvents
    ("traits", "id"),
    *(("context", name) for name in ("userId", "anonymousId")),
    *(("context", "traits", name) for name in ("id", "userId", "anonymousId")),
    *((holder, name) for holder in _METADATA for name in ("userID", "anonymousID")),  # seed 003, field table
    ("userid",),  # CloudEvents' extension attributes are lower-case
    ("anonymousid",),
)
"""Where the dialects put the ids of users (receive/dialects)."""

COMPANY_PLACES: Final[tuple[Steps, ...]] = (
    ("companyId",),  # the tracking script
    ("groupId",),  # group calls of the Segment wire
    ("context", "groupId"),
    *((holder, "companyId") for holder in ("traits", "properties", "context", "data")),
    ("companyid",),
)
"""Where the dialects put the id of a company, whatever signals say."""


class SmartKeyUse(NamedTuple):
    """That requests of this connection and event key called a root member a key in a key space."""

    connection_id: UUID
    event_key: str
    key_space: str
    member: str


def mentions(known: Known, signals: Iterable[Signal], smart_keys: Iterable[SmartKeyUse]) -> tuple[Mention, ...]:
    """Which payloads mention the subject; `signals` are all revisions there ever were."""
    if known.user_id is not None:
        paths = dict.fromkeys((*USER_PLACES, *known.paths))
        return (Mention(None, None, dict.fromkeys(paths, frozenset((known.user_id,)))),)
    return tuple(_company_mentions(known, signals, smart_keys))


def _company_mentions(known: Known, signals: Iterable[Signal], smart_keys: Iterable[SmartKeyUse]) -> Iterator[Mention]:
    by_space: dict[str, set[str]] = defaultdict(set)
    for key in known.keys:
        by_space[key.key_space].add(key.value)
    unmistakable = by_space[META_KEY] | (set(known.values) - set(known.shared_values))
    if unmistakable:
        yield Mention(None, None, dict.fromkeys(COMPANY_PLACES, frozenset(unmistakable)))
    places: dict[tuple[UUID, str], dict[Steps, set[str]]] = defaultdict(lambda: defaultdict(set))
    for signal in signals:
        if by_space.get(signal.company.key_space):
            places[signal.connection_id, signal.event_key][company_path(signal)] |= by_space[signal.company.key_space]
    for use in smart_keys:
        if by_space.get(use.key_space):
            places[use.connection_id, use.event_key][use.member,] |= by_space[use.key_space]
    for (connection_id, event_key), of_group in places.items():
        yield Mention(connection_id, event_key, {path: frozenset(values) for path, values in of_group.items()})


def company_path(signal: Signal) -> Steps:
    """Where the signal reads the company's key."""
    return next(field.path for field in signal.fields if field.name == signal.company.field)


def criterion_of(mention: Mention) -> tuple[Group, tuple[SignalField, ...]]:
    """The mention as a criterion, so that one meaning of "equal as text" holds here too."""
    fields = tuple(
        SignalField(name=f"p{index}", path=path, type=FieldType.TEXT) for index, path in enumerate(mention.places)
    )
    conditions = tuple(
        Condition(field=field.name, operator=Operator.IN, value=tuple(sorted(mention.places[field.path])))
        for field in fields
    )
    return Group(match="any", members=conditions), fields


def identity_slots(
    known: Known, signals: Iterable[Signal], of_group: Collection[Mention]
) -> Mapping[str, frozenset[tuple[UUID, int]]]:
    """For each store column, the (signal id, generation) whose rows may hold an identifying value there."""
    slots: dict[str, set[tuple[UUID, int]]] = defaultdict(set)
    for signal in signals:
        paths = identity_paths(of_group, signal.connection_id, signal.event_key)
        for field in signal.fields:
            if field.path in paths and field.name in signal.slots:
                slots[signal.slots[field.name]].add((signal.id, signal.generation))
    return {slot: frozenset(rows) for slot, rows in slots.items() if known.values}


def identity_paths(found: Iterable[Mention], connection_id: UUID, event_key: str) -> frozenset[Steps]:
    """The places that identify the subject in payloads of this connection and event key."""
    group = (connection_id, event_key)
    applying = (one for one in found if one.connection_id is None or (one.connection_id, one.event_key) == group)
    return frozenset(path for one in applying for path in one.places)


def pattern_of(values: Iterable[str]) -> str | None:
    """A pattern, for RE2 and for Python, that finds the values as words of their own, in any text; None for none.

    For what cannot be read by its places: entries set aside as unreadable, excerpts of refused submissions.
    """
    written = {form for value in values if value.strip() for form in _as_written(value)}
    if not written:
        return None
    return f"(?:^|[^0-9A-Za-z_])(?:{'|'.join(map(_literal, sorted(written)))})(?:$|[^0-9A-Za-z_])"


def company_pattern(known: Known) -> str | None:
    """A pattern that finds a company by keys, names and ids, in what imports read and report; None for a user."""
    return pattern_of((*known.values, *known.names, *map(str, known.company_ids))) if known.company_ids else None


def _as_written(value: str) -> Iterator[str]:
    """As it is, and as JSON may write it."""
    yield value
    yield msgspec.json.encode(value).decode()[1:-1]
    yield "".join(letter if letter < "\x7f" else _escaped(letter) for letter in value)


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def _literal(text: str) -> str:
    return re.sub(r"([^0-9A-Za-z_\x80-\U0010ffff])", r"\\\1", text)
