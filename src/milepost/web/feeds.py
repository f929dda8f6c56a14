"""Data Feeds as people read them: a signal's emissions as rows, with its fields by their names and in their types.

Takes what is wanted, gives rows ready to be written as JSON; refuses signals and companies that do not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple
from uuid import UUID

from milepost.control.repos.companies import get_company
from milepost.control.repos.company_names import known_company_names
from milepost.control.repos.emitting import EmittingSignals, generations_in_force, read_emitting_signals
from milepost.control.session import Database
from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.identities import Identities
from milepost.kit.clock import to_datetime
from milepost.kit.ids import uuid7_unix_ms
from milepost.store.feed_columns import FieldColumn, field_columns
from milepost.store.feed_export import FIXED_COLUMNS, Export, ExportFormat
from milepost.store.feeds import FeedFilter, FeedPlace, FeedRow, FeedTime
from milepost.store.position import Position
from milepost.web.fields import shown_fields
from milepost.web.ports import FeedFiles, FeedRows

MOST_COLUMNS: Final = 1000
MOST_HIDDEN: Final = 1000
"""More than these are not named in a question: an account that matches no keys has very many. Then it names who is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWanted:
    """Each given part narrows; `time` is what `since_ms` and `until_ms` are of."""

    signal_ids: Sequence[UUID] = ()
    company_id: UUID | None = None
    time: FeedTime = FeedTime.EVENT_DATE
    since_ms: int | None = None
    until_ms: int | None = None


class ShownRow(NamedTuple):
    """A row of the store, and as a person reads it."""

    row: FeedRow
    shown: dict[str, Any]


class Feeds:
    """Rows of the store under the definitions in force; for any number of threads."""

    def __init__(
        self, database: Database, rows: FeedRows, files: FeedFiles, identities: Callable[[], Identities]
    ) -> None:
        self._database = database
        self._rows = rows
        self._files = files
        self._identities = identities

    def check(self, wanted: FeedWanted) -> None:
        """NotFoundError for a signal or a company that does not exist."""
        with self._database.read() as session:
            read_emitting_signals(session, wanted.signal_ids)
            if wanted.company_id is not None:
                get_company(session, wanted.company_id)

    def page(
        self, wanted: FeedWanted, *, order: FeedTime, is_newest_first: bool, after: FeedPlace | None, limit: int
    ) -> list[ShownRow]:
        """See FeedRows."""

        def read(of: FeedFilter) -> Sequence[FeedRow]:
            return self._rows.page(of, order=order, is_newest_first=is_newest_first, after=after, limit=limit)

        return self._look(wanted, read)

    def after(self, wanted: FeedWanted, position: Position, upto: int, limit: int) -> list[ShownRow]:
        """See FeedRows."""
        return self._look(wanted, lambda of: self._rows.after(of, position, upto, limit))

    def export(
        self,
        wanted: FeedWanted,
        file_format: ExportFormat,
        upto: int,
        *,
        has_mark: bool = False,
    ) -> Generator[bytes]:
        """The rows of batches up to `upto` as a file; its first piece is read here: what fails at once is raised."""
        while True:
            signals, of = self._scope(wanted)
            revisions = [one for signal_id in signals.generations for one in signals.revisions(signal_id)]
            taken = () if file_format is ExportFormat.NDJSON else tuple(FIXED_COLUMNS)
            export = Export(
                wanted=of,
                upto=upto,
                columns=_bounded(field_columns(revisions, taken)),
                written=[(one.id, one.revision) for one in revisions],
                signal_names={signal_id: signals.name(signal_id) for signal_id in signals.generations},
                companies=self._companies(self._files.company_ids(of, upto)),
                has_mark=has_mark,
            )
            pieces = self._files.pieces(export, file_format)
            first = next(pieces, b"")
            if self._is_still(wanted, signals):
                return _all(first, pieces)
            pieces.close()

    def _scope(self, wanted: FeedWanted) -> tuple[EmittingSignals, FeedFilter]:
        """The signals under the definitions of this moment, and the filter that finds their rows."""
        with self._database.read() as session:
            signals = read_emitting_signals(session, wanted.signal_ids or None)
        identities = self._identities()
        wanted_rows = FeedFilter(
            generations=signals.generations,
            slots=signals.slots,
            company_ids=_members(identities, wanted.company_id),
            time=wanted.time,
            since_ms=wanted.since_ms,
            until_ms=wanted.until_ms,
        )
        if wanted.company_id is not None or len(identities.hidden) <= MOST_HIDDEN:
            return signals, replace(wanted_rows, hidden_company_ids=identities.hidden)
        present = self._rows.company_ids(wanted_rows)
        hidden = self._identities().hidden  # read after the rows: their companies were made before them
        return signals, replace(wanted_rows, company_ids=[one for one in present if one not in hidden])

    def _is_still(self, wanted: FeedWanted, signals: EmittingSignals) -> bool:
        """Whether what was found is whole: while a signal is swapped for its backfill, its rows may be going away."""
        with self._database.read() as session:
            return generations_in_force(session, wanted.signal_ids or None) == signals.generations

    def _companies(self, company_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, str | None]]:
        """Which company each id of the store means now, and its name; None where it is gone."""
        identities = self._identities()
        primary_of = {company_id: identities.resolve(company_id) for company_id in company_ids}
        with self._database.read() as session:
            names = known_company_names(session, set(primary_of.values()))
        return {company_id: (primary, names.get(primary)) for company_id, primary in primary_of.items()}

    def _look(self, wanted: FeedWanted, read: Callable[[FeedFilter], Sequence[FeedRow]]) -> list[ShownRow]:
        while True:
            signals, of = self._scope(wanted)
            rows = read(of)
            if self._is_still(wanted, signals):
                companies = self._companies(list({row.company_id for row in rows}))
                return [ShownRow(row, _shown(row, signals, companies)) for row in rows]


def _members(identities: Identities, company_id: UUID | None) -> Collection[UUID] | None:
    """All that are one company now, whichever of them was asked for."""
    return None if company_id is None else identities.members(identities.resolve(company_id))


def _bounded(columns: Sequence[FieldColumn]) -> Sequence[FieldColumn]:
    if len(columns) > MOST_COLUMNS:
        raise InvalidInputError(
            f"The file would have {len(columns)} columns, and {MOST_COLUMNS} are the most.",
            faults=(Fault(path="signal_id", reason="choose some of the signals"),),
        )
    return columns


def _all(first: bytes, rest: Generator[bytes]) -> Generator[bytes]:
    with closing(rest):
        yield first
        yield from rest


def _shown(row: FeedRow, signals: EmittingSignals, companies: Mapping[UUID, tuple[UUID, str | None]]) -> dict[str, Any]:
    company_id, company_name = companies[row.company_id]
    return {
        "event_id": str(row.event_id),
        "event_date": to_datetime(row.event_date_ms),
        "received_at": to_datetime(uuid7_unix_ms(row.event_id.request_id)),
        "signal_id": row.signal_id,
        "signal_name": signals.name(row.signal_id),
        "revision": row.revision,
        "company_id": company_id,
        "company_name": company_name,
        "fields": shown_fields(signals.revision(row.signal_id, row.revision), row.values),
    }
