"""What the console API asks of the store and the service, as it is before the first event: empty, or 0."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.combination import History
from milepost.domain.crossing import Ask, Crossing, Threshold
from milepost.domain.event import EventId
from milepost.domain.fate import Fate
from milepost.domain.identities import Identities
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.privacy import CompanySubject, UserSubject
from milepost.domain.unjudged import Unjudged
from milepost.judge.loop import JudgingState
from milepost.judge.rules import Facts
from milepost.measure.many import ManyValues
from milepost.store.activity import Bar, DayOfConnection
from milepost.store.doubtful_dates import DoubtfulDatesSeen
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import EmittedSignal, EventKeySeen, LoggedEvent, Place
from milepost.store.feed_export import Export, ExportFormat
from milepost.store.feeds import FeedFilter, FeedPlace, FeedRow, FeedTime
from milepost.store.position import Position
from milepost.web.ports import DoorAnswer


class EmptyEventLog:
    """A log before the first event."""

    def page(self, wanted: EventFilter, *, older_than: Place | None, limit: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def after(self, wanted: EventFilter, position: Position, upto: int, limit: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def latest(self, wanted: EventFilter, upto: int, limit: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def recent(self, connection_id: UUID, event_key: str, most: int) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def event_keys(self, connection_id: UUID, text: str, most: int) -> Sequence[EventKeySeen]:
        """Nothing."""
        return ()

    def event(self, event_id: EventId) -> LoggedEvent | None:
        """Nothing."""
        return None

    def request(self, request_id: UUID) -> Sequence[LoggedEvent]:
        """Nothing."""
        return ()

    def logged(self, request_ids: Collection[UUID]) -> set[UUID]:
        """Nothing."""
        return set()

    def fates(self) -> Mapping[Fate, int]:
        """Nothing."""
        return {}

    def doubtful_dates(
        self, *, connection_id: UUID | None, since_ms: int | None, until_ms: int | None
    ) -> Sequence[DoubtfulDatesSeen]:
        """Nothing."""
        return ()

    def fates_of(self, request_ids: Sequence[UUID]) -> Mapping[Fate, int]:
        """Nothing."""
        return {}

    def days(self, since_ms: int, time_zone: str) -> Sequence[DayOfConnection]:
        """Nothing."""
        return ()

    def last_arrivals(self) -> Mapping[UUID, int]:
        """Nothing."""
        return {}

    def bars(self, wanted: EventFilter, step_ms: int) -> Sequence[Bar]:
        """Nothing."""
        return ()

    def signals_of(self, event_id: EventId, generations: dict[UUID, int]) -> Sequence[EmittedSignal]:
        """Nothing."""
        return ()


class ClosedDoors:
    """Front doors that nobody stands behind."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> DoorAnswer:
        """Nobody answers."""
        return DoorAnswer(0, b"Connection refused")


class EmptyFeeds:
    """Rows before the first emission."""

    def page(
        self, wanted: FeedFilter, *, order: FeedTime, is_newest_first: bool, after: FeedPlace | None, limit: int
    ) -> Sequence[FeedRow]:
        """None."""
        return ()

    def after(self, wanted: FeedFilter, position: Position, upto: int, limit: int) -> Sequence[FeedRow]:
        """None."""
        return ()

    def company_ids(self, wanted: FeedFilter) -> Sequence[UUID]:
        """None."""
        return ()


class EmptyFiles:
    """Files without a row."""

    def company_ids(self, wanted: FeedFilter, upto: int) -> Sequence[UUID]:
        """None."""
        return ()

    def pieces(self, export: Export, file_format: ExportFormat) -> Generator[bytes]:
        """None."""
        yield from ()


@dataclass(frozen=True, slots=True)
class EmptySnapshots:
    """Snapshots of a service that has nothing to keep: an empty folder."""

    folder: Path

    def take(self) -> Path:
        """The folder."""
        self.folder.mkdir(exist_ok=True)
        return self.folder


class EmptyPrivacy:
    """Privacy requests of a service that has nothing of anybody."""

    def look(self, subject: CompanySubject | UserSubject) -> Mapping[str, int]:
        """Nothing."""
        return {}

    def put_down(self, request_id: UUID, subject: CompanySubject | UserSubject) -> None:
        """Nothing has to be kept, for no job will run."""

    def forget(self, request_id: UUID) -> None:
        """Nothing was kept."""

    def digest(self, user_id: str) -> str:
        """Always the same."""
        return "0" * 64

    def export_file(self, request_id: UUID) -> Path | None:
        """None."""
        return None


class ZeroMetrics:
    """Metrics before the first emission."""

    def values(
        self, basis: Basis, as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> Mapping[UUID, float | None]:
        """What there is without emissions."""
        return dict.fromkeys(company_ids or (), basis.empty)

    def values_of_many(
        self, bases: Mapping[UUID, Basis], as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> ManyValues:
        """What there is without emissions."""
        return ManyValues({one: self.values(basis, as_of_ms, company_ids) for one, basis in bases.items()}, {})

    def series(
        self, basis: Basis, ends_ms: Sequence[int], company_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[float | None]]:
        """What there is without emissions."""
        return dict.fromkeys(company_ids, [basis.empty] * len(ends_ms))

    def groups(
        self, basis: Basis, by: str, as_of_ms: int, company_id: UUID | None, most: int
    ) -> Sequence[tuple[float | str | None, float | None]]:
        """None."""
        return ()

    def first_crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[Crossing | None]:
        """None: no value ever crosses anything."""
        return [None] * len(asks)

    def crossings(self, basis: Basis, threshold: Threshold, asks: Sequence[Ask]) -> list[list[Crossing]]:
        """None."""
        return [[] for _ in asks]


class IdleJudge:
    """A judge that nobody waits for, and that remembers nothing."""

    state = JudgingState(0, None, 0)

    def __init__(self, unjudged: Sequence[Unjudged] = ()) -> None:
        self._unjudged = unjudged

    def aside(self) -> Sequence[Unjudged]:
        """What the test says."""
        return self._unjudged

    def waits_since(self, company_id: UUID) -> int | None:
        """Not at all."""
        return None

    def known(self, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis]) -> Mapping[UUID, Facts]:
        """Nothing."""
        return {}


class NoHistory:
    """Companies before the first emission, with nothing to foresee."""

    def histories(self, parts: Sequence[tuple[UUID, UUID]], generations: Mapping[UUID, int]) -> Mapping[UUID, History]:
        """None."""
        return {}

    def transitions(self, company_id: UUID, identities: Identities) -> Sequence[Transition]:
        """None."""
        return ()
