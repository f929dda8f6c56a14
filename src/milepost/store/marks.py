"""Finding the events of a privacy request: they are marked by their ids, then counted, paged through, worked on.

Takes criteria over payloads; gives counts and events. Marking twice is marking once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from milepost.criteria.convert import to_number
from milepost.criteria.to_sql import to_sql
from milepost.domain.criterion import Criterion
from milepost.domain.fate import Fate
from milepost.domain.signal import SignalField
from milepost.store.quiet import QuietClient

_SLOTS: Final = tuple(f"{kind}{number}" for kind in "nt" for number in range(1, 17))
_EMISSIONS: Final = "(SELECT *, UUIDv7ToDateTime(request_id) AS received_at FROM signals)"
_MOST_NEEDLES: Final = 255  # of multiSearchAny
_PLAIN_INTEGER: Final = re.compile("[1-9][0-9]{0,14}")
_AS_TEXT: Final = "if(isValidUTF8(payload), payload, concat('base64:', base64Encode(payload)))"


class Condition(NamedTuple):
    """Which events: an SQL condition over the columns of `events`, names that it uses, and its parameters."""

    test: str
    parameters: Mapping[str, Any] = {}
    bindings: str = "1 AS one"


class Instant(NamedTuple):
    """A moment of the event log: the latest batch that it had, and the time of day.

    Both are asked, since neither rises for certain: clocks are set back, and a store that was kept for a new data
    folder sees the batches counted from 1 again.
    """

    batch: int
    at_ms: int

    def since(self) -> str:
        """SQL of what came in then or later, and perhaps a little before."""
        return f"(batch >= {self.batch:d} OR toUnixTimestamp64Milli(received_at) >= {self.at_ms:d})"

    def upto(self) -> str:
        """SQL of what had come in by then."""
        return f"(batch <= {self.batch:d} AND toUnixTimestamp64Milli(received_at) <= {self.at_ms:d})"


class Mark(NamedTuple):
    """An event by when it arrived and by its id."""

    at_ms: int
    request_id: UUID
    item: int


class Found(NamedTuple):
    """A marked event. `payload` is its JSON text; that of a parked one may be anything, in base64 if no text."""

    received_at_ms: int
    request_id: UUID
    item: int
    connection_id: UUID
    event_key: str
    event_date_ms: int
    door: str
    fate: Fate
    payload: str


class Emitted(NamedTuple):
    """A signal that a marked event emitted, with its columns where they hold something."""

    signal_id: UUID
    generation: int
    revision: int
    company_id: UUID
    request_id: UUID
    item: int
    event_date_ms: int
    values: Mapping[str, float | str]


def mentioning(
    criterion: Criterion,
    fields: Collection[SignalField],
    values: Collection[str],
    *,
    connection_id: UUID | None = None,
    event_key: str | None = None,
) -> Condition:
    """Events of a connection and event key, or of all, whose payload meets a criterion that one of the values be there.

    The values are texts that a member must equal, as text.
    """
    parts = to_sql(criterion, fields)
    which, parameters = "fate != 'parked'", {**parts.parameters}
    if connection_id is not None:
        which = "connection_id = {connection:UUID} AND event_key = {event_key:String}"
        parameters |= {"connection": connection_id, "event_key": event_key}
    texts = _may_contain(values)
    return Condition(f"{which} AND {texts} AND {parts.test}", {**parameters, "values": list(values)}, parts.bindings)


def _may_contain(values: Collection[str]) -> str:
    """A quick look at the payload's bytes, which spares most of them the parsing: twenty times as fast.

    It holds wherever one of the texts may stand in JSON: as itself, escaped, or as a number that is written otherwise.
    """
    numbers = [value for value in values if to_number(value) is not None]
    if len(values) > _MOST_NEEDLES or not all(_PLAIN_INTEGER.fullmatch(number) for number in numbers):
        return "1"
    quick = ["multiSearchAny(payload, {values:Array(String)})", "position(payload, '\\\\') > 0"]
    if numbers:
        quick.append("match(payload, '[0-9][.eE]')")
    return f"({' OR '.join(quick)})"


def parked_with(pattern: str) -> Condition:
    """Entries that were set aside and whose bytes have the pattern."""
    return Condition("fate = 'parked' AND match(payload, {pattern:String})", {"pattern": pattern})


def emitted_for(company_ids: Collection[UUID]) -> Condition:
    """Emissions of any generation for one of these companies."""
    return Condition("company_id IN {companies:Array(UUID)}", {"companies": list(company_ids)})


def emitted_with(values: Collection[str], slots: Mapping[str, Collection[tuple[UUID, int]]]) -> Condition:
    """Emissions that have one of the values in a column, for each column those of the (signal id, generation) told."""
    numbers = [number for value in values if (number := to_number(value)) is not None]
    tests = [
        f"{is_of(rows)} AND {slot} IN {'{texts:Array(String)}' if slot.startswith('t') else '{numbers:Array(Float64)}'}"
        for slot, rows in sorted(slots.items())
    ]
    return Condition(" OR ".join(f"({test})" for test in tests) or "0", {"texts": list(values), "numbers": numbers})


def is_of(rows: Collection[tuple[UUID, int]]) -> str:
    """SQL: the emission is of one of these signals and generations."""
    pairs = ", ".join(f"(toUUID('{signal_id}'), {generation:d})" for signal_id, generation in sorted(rows))
    return f"(signal_id, generation) IN ({pairs})"


class Marks:
    """The events of one job, whose id names them."""

    def __init__(self, client: QuietClient, job: UUID) -> None:
        self._client = client
        self.job = job
        self.sql = f"SELECT request_id, item FROM erasure_events WHERE job = toUUID('{job}')"  # noqa: S608
        """The ids of the marked events, for statements whose text may stay on disk."""

    def last_batch(self) -> int:
        """The number of the latest batch that the event log has anything of; 0 for none."""
        ((batch,),) = self._client.rows("SELECT max(batch) FROM events")
        return int(batch)

    def add(self, condition: Condition, *, among: str = "1") -> None:
        """Mark the events for which the condition holds, among those of an instant."""
        self._client.command(
            f"INSERT INTO erasure_events SELECT * FROM (WITH {condition.bindings} SELECT toUUID('{self.job}') AS job,"  # noqa: S608
            f" received_at, request_id, item FROM events WHERE {among} AND ({condition.test}))",
            condition.parameters,
        )

    def add_emitted(self, condition: Condition, *, among: str = "1") -> None:
        """Mark the events of emissions for which the condition holds, also where retention has dropped the events."""
        found = f"SELECT toUUID('{self.job}'), received_at, request_id, item FROM {_EMISSIONS}"  # noqa: S608
        sql = f"INSERT INTO erasure_events {found} WHERE {among} AND ({condition.test})"
        self._client.command(sql, condition.parameters)

    def count_emitted(self, condition: Condition, *, among: str = "1") -> int:
        """How many emissions there are for which the condition holds, marked or not."""
        sql = f"SELECT count() FROM {_EMISSIONS} WHERE {among} AND ({condition.test})"  # noqa: S608
        ((count,),) = self._client.rows(sql, condition.parameters)
        return int(count)

    def count(self, condition: Condition, *, among: str = "1") -> int:
        """How many events there are for which the condition holds, among those of an instant."""
        sql = f"SELECT count() FROM events WHERE {among} AND ({condition.test})"  # noqa: S608
        ((count,),) = self._client.rows(f"WITH {condition.bindings} {sql}", condition.parameters)
        return int(count)

    def counts(self) -> dict[str, int]:
        """How many marked events there are of each fate, and how many signals they emitted."""
        of_fates = f"SELECT toString(fate), count() FROM events WHERE (request_id, item) IN ({self.sql}) GROUP BY fate"  # noqa: S608
        fates = {f"events_{fate}": int(count) for fate, count in self._client.rows(of_fates)}
        of_signals = f"SELECT count() FROM signals WHERE (request_id, item) IN ({self.sql})"  # noqa: S608
        ((signals,),) = self._client.rows(of_signals)
        none = {f"events_{fate.value}": 0 for fate in (Fate.PROCESSED, Fate.DUPLICATE, Fate.PARKED)}
        return {**none, **fates, "signals": int(signals)}

    def companies(self) -> list[UUID]:
        """The companies for which marked events emitted anything."""
        rows = self._client.rows(f"SELECT DISTINCT company_id FROM signals WHERE (request_id, item) IN ({self.sql})")  # noqa: S608
        return [row[0] for row in rows]

    def pages(self, rows: int) -> Iterator[list[Mark]]:
        """The marks in the order of arrival, so many at a time."""
        after = "1"
        while marks := self._client.rows(
            "SELECT DISTINCT toUnixTimestamp64Milli(received_at), request_id, item FROM erasure_events"  # noqa: S608
            f" WHERE job = toUUID('{self.job}') AND {after} ORDER BY ALL LIMIT {rows:d}"
        ):
            yield [Mark(*mark) for mark in marks]
            at_ms, request_id, item = marks[-1]
            last = f"({at_ms:d}, toUUID('{request_id}'), {item:d})"
            after = f"(toUnixTimestamp64Milli(received_at), request_id, item) > {last}"

    def events(self, page: Sequence[Mark]) -> list[Found]:
        """The marked events of a page, as far as they are still in the log."""
        rows = self._client.rows(
            "SELECT toUnixTimestamp64Milli(received_at) AS at, request_id, item, connection_id, event_key,"  # noqa: S608
            f" toUnixTimestamp64Milli(event_date), door, toString(fate), {_AS_TEXT} FROM events"
            f" WHERE received_at BETWEEN {_instant(page[0].at_ms)} AND {_instant(page[-1].at_ms)}"
            " AND request_id IN {requests:Array(UUID)} ORDER BY at, request_id, item",
            {"requests": list({mark.request_id for mark in page})},
        )
        wanted = {(mark.request_id, mark.item) for mark in page}
        return [_found(row) for row in rows if (row[1], row[2]) in wanted]

    def emissions(self, page: Sequence[Mark]) -> Iterator[Emitted]:
        """What the marked events of a page emitted, in every generation."""
        wanted = {(mark.request_id, mark.item) for mark in page}
        rows = self._client.rows(
            "SELECT signal_id, generation, revision, company_id, request_id, item,"  # noqa: S608
            f" toUnixTimestamp64Milli(event_date), {', '.join(_SLOTS)} FROM signals"
            " WHERE request_id IN {requests:Array(UUID)} ORDER BY event_date, request_id, item, signal_id",
            {"requests": list({request_id for request_id, _ in wanted})},
        )
        for signal_id, generation, revision, company_id, request_id, item, date, *slots in rows:
            if (request_id, item) in wanted:
                values = {slot: value for slot, value in zip(_SLOTS, slots, strict=True) if value is not None}
                yield Emitted(signal_id, generation, revision, company_id, request_id, item, date, values)

    def drop(self) -> None:
        """Forget which events it was about, and what stood for what."""
        for table in ("erasure_events", "erasure_values"):
            self._client.command(f"ALTER TABLE {table} DROP PARTITION '{self.job}'")


def _found(row: Sequence[Any]) -> Found:
    at_ms, request_id, item, connection_id, event_key, date_ms, door, fate, payload = row
    return Found(at_ms, request_id, item, connection_id, event_key, date_ms, door, Fate(fate), payload)


def marked_jobs(client: QuietClient) -> list[UUID]:
    """The jobs that there are marks of."""
    return [row[0] for row in client.rows("SELECT DISTINCT job FROM erasure_events")]


def _instant(unix_ms: int) -> str:
    return f"fromUnixTimestamp64Milli(toInt64({unix_ms:d}), 'UTC')"
