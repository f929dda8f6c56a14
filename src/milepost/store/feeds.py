"""Reading the signals' emissions as rows: in pages by event date or arrival, and what came after a position.

Takes which signals in which generation, and filters as values (always bound as parameters); gives FeedRow. As its
client, a reader is for one thread at a time, or for many.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from milepost.domain.event import EventId
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7_unix_ms
from milepost.store.client import Queries
from milepost.store.position import Position

SLOTS: Final = tuple(f"{kind}{number}" for kind in "nt" for number in range(1, 17))
ARRIVED: Final = "UUIDv7ToDateTime(request_id, 'UTC')"
_FIXED: Final = (
    "signal_id, revision, company_id, request_id, item, toUnixTimestamp64Milli(event_date) AS event_date_ms, batch"
)
_INSTANT: Final = "DateTime64(3, 'UTC')"
_ROW_COLUMNS: Final = 7


class FeedTime(StrEnum):
    """Which of a row's two times bounds or orders a feed."""

    EVENT_DATE = "event_date"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter:
    """Each given part narrows.

    `generations` are the signals, each with the generation in force, and `slots` the columns that any of their
    revisions uses. `hidden_company_ids` are left out where no companies are asked for. `since_ms` (or later) and
    `until_ms` (earlier) are Unix milliseconds of `time`.
    """

    generations: Mapping[UUID, int]
    slots: Collection[str] = SLOTS
    company_ids: Collection[UUID] | None = None
    hidden_company_ids: Collection[UUID] = ()
    time: FeedTime = FeedTime.EVENT_DATE
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One emission. `values` are by slot, without those that are missing; `company_id` is as it was stored."""

    signal_id: UUID
    revision: int
    company_id: UUID
    event_id: EventId
    event_date_ms: int
    batch: int
    values: Mapping[str, float | str]

    @property
    def position(self) -> Position:
        """Where somebody is who has read up to this row."""
        return Position(self.batch, self.event_id, self.signal_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlace:
    """Where a page ended; the first member is the event date in Unix milliseconds, or the batch, by the order."""

    at: int
    event_id: EventId
    signal_id: UUID


class FeedReader:
    """See the module."""

    def __init__(self, client: Queries) -> None:
        self._client = client

    def page(
        self, wanted: FeedFilter, *, order: FeedTime, is_newest_first: bool, after: FeedPlace | None, limit: int
    ) -> list[FeedRow]:
        """Up to `limit` rows beyond `after`. Rows that arrive meanwhile do not move those that were there."""
        key = _ORDERS[order]
        conditions, parameters = conditions_of(wanted)
        if after:
            conditions.append(_beyond(key, _PLACES[order], "<" if is_newest_first else ">"))
            parameters |= _place(after.event_id, after.signal_id)
            parameters["at"] = to_datetime(after.at) if order is FeedTime.EVENT_DATE else after.at
        return self._rows(wanted, conditions, parameters, _ordered(key, is_newest_first), limit)

    def after(self, wanted: FeedFilter, position: Position, upto: int, limit: int) -> list[FeedRow]:
        """Up to `limit` rows that arrived after the position, up to and with the batch `upto`, in their order."""
        conditions, parameters = conditions_of(wanted)
        conditions.append("batch <= {upto:UInt64}")
        parameters |= {"upto": upto, "at": position.batch}
        key = _ORDERS[FeedTime.ARRIVAL]
        if position.event_id is None:
            conditions.append("batch > {at:UInt64}")
        else:
            conditions.append(_beyond(key, _PLACES[FeedTime.ARRIVAL], ">"))
            parameters |= _place(position.event_id, position.signal_id or UUID(int=0))
        return self._rows(wanted, conditions, parameters, _ordered(key, is_newest_first=False), limit)

    def company_ids(self, wanted: FeedFilter) -> list[UUID]:
        """Whose rows there are, as they were stored."""
        conditions, parameters = conditions_of(wanted)
        sql = f"SELECT DISTINCT company_id FROM signals WHERE {' AND '.join(conditions)}"  # noqa: S608
        return [company_id for (company_id,) in self._client.query(sql, parameters=parameters).result_rows]

    def _rows(
        self, wanted: FeedFilter, conditions: Sequence[str], parameters: dict[str, Any], order: str, limit: int
    ) -> list[FeedRow]:
        if not wanted.generations:
            return []
        slots = sorted(wanted.slots)
        found = self._client.query(
            f"SELECT {', '.join([_FIXED, *slots])} FROM signals"  # noqa: S608  # columns are ours
            f" WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT {{limit:UInt32}}",
            parameters=parameters | {"limit": limit},
        ).result_rows
        return [_row(row, slots) for row in found]


def conditions_of(wanted: FeedFilter) -> tuple[list[str], dict[str, Any]]:
    """The filter as SQL conditions, and their parameters."""
    conditions = ["(signal_id, generation) IN {generations:Array(Tuple(UUID, UInt32))}"]
    parameters: dict[str, Any] = {"generations": list(wanted.generations.items())}
    if wanted.company_ids is not None:
        conditions.append("company_id IN {companies:Array(UUID)}")
        parameters["companies"] = list(wanted.company_ids)
    elif wanted.hidden_company_ids:
        conditions.append("company_id NOT IN {hidden:Array(UUID)}")
        parameters["hidden"] = list(wanted.hidden_company_ids)
    time = "event_date" if wanted.time is FeedTime.EVENT_DATE else ARRIVED
    if wanted.since_ms is not None:
        conditions.append(f"{time} >= {{since:{_INSTANT}}}")
        parameters["since"] = to_datetime(wanted.since_ms)
    if wanted.until_ms is not None:
        conditions.append(f"{time} < {{until:{_INSTANT}}}")
        parameters["until"] = to_datetime(wanted.until_ms)
    return conditions, parameters


_ORDERS: Final = {
    FeedTime.EVENT_DATE: ("event_date", "request_id", "item", "signal_id"),
    FeedTime.ARRIVAL: ("batch", ARRIVED, "request_id", "item", "signal_id"),
}
_PLACE: Final = ("{request_id:UUID}", "{item:UInt16}", "{signal:UUID}")
_PLACES: Final = {
    FeedTime.EVENT_DATE: (f"{{at:{_INSTANT}}}", *_PLACE),
    FeedTime.ARRIVAL: ("{at:UInt64}", f"{{arrived:{_INSTANT}}}", *_PLACE),
}


def _beyond(key: Sequence[str], place: Sequence[str], sign: str) -> str:
    """The rows after, or before, a place; the bound on the key's first part alone is for the index."""
    return f"{key[0]} {sign}= {place[0]} AND ({', '.join(key)}) {sign} ({', '.join(place)})"


def _place(event_id: EventId, signal_id: UUID) -> dict[str, Any]:
    return {
        "arrived": to_datetime(uuid7_unix_ms(event_id.request_id)),
        "request_id": event_id.request_id,
        "item": event_id.item,
        "signal": signal_id,
    }


def _ordered(key: Sequence[str], is_newest_first: bool) -> str:
    return ", ".join(f"{part} DESC" if is_newest_first else part for part in key)


def _row(row: Sequence[Any], slots: Sequence[str]) -> FeedRow:
    signal_id, revision, company_id, request_id, item, event_date_ms, batch = row[:_ROW_COLUMNS]
    values = zip(slots, row[_ROW_COLUMNS:], strict=True)
    return FeedRow(
        signal_id=signal_id,
        revision=revision,
        company_id=company_id,
        event_id=EventId(request_id, item),
        event_date_ms=event_date_ms,
        batch=batch,
        values={slot: value for slot, value in values if value is not None},
    )
