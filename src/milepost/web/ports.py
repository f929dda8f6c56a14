"""What the console API asks of the store and of the service, told as protocols; the wiring says who answers.

All are called from several threads at once, while the store's readers serve one thread each.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

from milepost.domain.basis import Basis
from milepost.domain.combination import History
from milepost.domain.event import EventId
from milepost.domain.fate import Fate
from milepost.domain.identities import Identities
from milepost.domain.milestone import AssignedMilestone, Transition
from milepost.domain.privacy import CompanySubject, UserSubject
from milepost.domain.tally import Tally
from milepost.domain.unjudged import Unjudged
from milepost.judge.loop import JudgingState
from milepost.judge.ports import Measures
from milepost.judge.rules import Facts
from milepost.measure.many import ManyValues
from milepost.store.activity import Bar, DayOfConnection
from milepost.store.doubtful_dates import DoubtfulDatesSeen
from milepost.store.event_filter import EventFilter
from milepost.store.event_log import EmittedSignal, EventKeySeen, LoggedEvent, Place
from milepost.store.feed_export import Export, ExportFormat
from milepost.store.feeds import FeedFilter, FeedPlace, FeedRow, FeedTime
from milepost.store.position import Position


class EventLog(Protocol):
    """The permanent log of events (`store.event_log.EventLogReader`); it has what the reactor has processed."""

    def page(self, wanted: EventFilter, *, older_than: Place | None, limit: int) -> Sequence[LoggedEvent]:
        """Up to `limit` events, newest first."""

    def latest(self, wanted: EventFilter, upto: int, limit: int) -> Sequence[LoggedEvent]:
        """Up to `limit` events that arrived last, up to and with the batch `upto`, latest first."""

    def after(self, wanted: EventFilter, position: Position, upto: int, limit: int) -> Sequence[LoggedEvent]:
        """Up to `limit` events that arrived after the position, up to and with the batch `upto`, in their order."""

    def recent(self, connection_id: UUID, event_key: str, most: int) -> Sequence[LoggedEvent]:
        """Up to `most` of the latest events that were processed, newest first; fewer where payloads are large."""

    def event_keys(self, connection_id: UUID, text: str, most: int) -> Sequence[EventKeySeen]:
        """The keys of the connection that have `text` in them, those seen latest first."""

    def event(self, event_id: EventId) -> LoggedEvent | None:
        """One event, or None if the log does not have it (yet)."""

    def request(self, request_id: UUID) -> Sequence[LoggedEvent]:
        """All events of a request in their order; empty if the log does not have it (yet)."""

    def logged(self, request_ids: Collection[UUID]) -> set[UUID]:
        """Which of the requests the log has: with all their events, since a batch brings these at once."""

    def fates(self) -> Mapping[Fate, int]:
        """How many events of the whole log met which fate."""

    def fates_of(self, request_ids: Sequence[UUID]) -> Mapping[Fate, int]:
        """How many events of these requests met which fate; what is not processed yet does not count."""

    def doubtful_dates(
        self, *, connection_id: UUID | None, since_ms: int | None, until_ms: int | None
    ) -> Sequence[DoubtfulDatesSeen]:
        """How many events have doubtful dates, by connection and reason, with the latest of each."""

    def days(self, since_ms: int, time_zone: str) -> Sequence[DayOfConnection]:
        """How many events came from which connection on which day of the zone, by fate."""

    def last_arrivals(self) -> Mapping[UUID, int]:
        """When the latest event of each connection arrived, in Unix milliseconds."""

    def bars(self, wanted: EventFilter, step_ms: int) -> Sequence[Bar]:
        """How many events of the filter arrived in each step since its beginning, by fate."""

    def signals_of(self, event_id: EventId, generations: dict[UUID, int]) -> Sequence[EmittedSignal]:
        """What the event emitted, in each signal's generation in force."""


class DoorAnswer(NamedTuple):
    """What a front door answered; status 0 and the reason where none could be reached."""

    status: int
    body: bytes


class Doors(Protocol):
    """The service's own front doors, by the way that every sender takes (`operate.own_doors.OwnDoors`)."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> DoorAnswer:
        """Send it, and give what was answered."""


class FeedRows(Protocol):
    """What signals emitted, row by row (`store.feeds.FeedReader`)."""

    def page(
        self, wanted: FeedFilter, *, order: FeedTime, is_newest_first: bool, after: FeedPlace | None, limit: int
    ) -> Sequence[FeedRow]:
        """Up to `limit` rows beyond `after`."""

    def after(self, wanted: FeedFilter, position: Position, upto: int, limit: int) -> Sequence[FeedRow]:
        """Up to `limit` rows that arrived after the position, up to and with the batch `upto`, in their order."""

    def company_ids(self, wanted: FeedFilter) -> Sequence[UUID]:
        """Whose rows there are, as they were stored."""


class FeedFiles(Protocol):
    """Feeds as files (`store.feed_export.FeedExporter`)."""

    def company_ids(self, wanted: FeedFilter, upto: int) -> Sequence[UUID]:
        """Whose rows an export would have."""

    def pieces(self, export: Export, file_format: ExportFormat) -> Generator[bytes]:
        """The file, piece by piece, raising where the store fails; ends early when it is closed."""


class Privacy(Protocol):
    """What privacy requests need beside the database (`erase.desk.PrivacyDesk`)."""

    def look(self, subject: CompanySubject | UserSubject) -> Mapping[str, int]:
        """How much there is of the subject now, by where it lies; NotFoundError for no company."""

    def put_down(self, request_id: UUID, subject: CompanySubject | UserSubject) -> None:
        """Keep whom a request is about, before its job is queued; NotFoundError for no company."""

    def forget(self, request_id: UUID) -> None:
        """Let go of whom a request is about."""

    def digest(self, user_id: str) -> str:
        """By which requests about a user are found again."""

    def export_file(self, request_id: UUID) -> Path | None:
        """The file of an export, while it is kept."""


class Tallies(Protocol):
    """What signals made of the events of their keys (`record.tallies.TallyReader`)."""

    def days(self, signal_id: UUID) -> Sequence[Tally]:
        """A tally for each day on which events were seen, oldest first."""


class Snapshots(Protocol):
    """The state at one moment, in a folder beside the live one (`operate.snapshot.StandingSnapshot`)."""

    def take(self) -> Path:
        """Take it, and give its folder, which is the caller's to take away; UnavailableError if not now."""


class Histories(Protocol):
    """How much history companies have (`store.histories.HistoryReader`)."""

    def histories(self, parts: Sequence[tuple[UUID, UUID]], generations: Mapping[UUID, int]) -> Mapping[UUID, History]:
        """Of each company that has any, in these generations of signals; `parts` are (member, company)."""


class Foresight(Protocol):
    """What the judge would find, were companies one that are not yet (`wiring.JudgeAhead`); changes nothing."""

    def transitions(self, company_id: UUID, identities: Identities) -> Sequence[Transition]:
        """The changes of state that the company's plan would see."""


class Judging(Protocol):
    """The judge at work (`judge.loop.JudgeLoop`)."""

    def aside(self) -> Sequence[Unjudged]:
        """What cannot be judged as it is, and why."""

    @property
    def state(self) -> JudgingState:
        """How far behind it is."""

    def waits_since(self, company_id: UUID) -> int | None:
        """Since when the company waits to be judged, but for what the database says it is owed, in Unix ms."""

    def known(self, milestones: Sequence[AssignedMilestone], by_metric: Mapping[UUID, Basis]) -> Mapping[UUID, Facts]:
        """By copy, what it was judged by, as far as that is at hand and nothing has altered it since."""


class MetricValues(Measures, Protocol):
    """What metrics are (`measure.queries.MetricReader`); instants are Unix milliseconds, and None is no value."""

    def values(
        self, basis: Basis, as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> Mapping[UUID, float | None]:
        """The value of exactly the companies asked for; with None, of all that have an emission in a window."""

    def values_of_many(
        self, bases: Mapping[UUID, Basis], as_of_ms: int, company_ids: Collection[UUID] | None = None
    ) -> ManyValues:
        """The same of many metrics in one pass; of one that has no values it says why."""

    def series(
        self, basis: Basis, ends_ms: Sequence[int], company_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[float | None]]:
        """The value at each of these rising instants, for each company."""

    def groups(
        self, basis: Basis, by: str, as_of_ms: int, company_id: UUID | None, most: int
    ) -> Sequence[tuple[float | str | None, float | None]]:
        """An aggregate's value for each value of the field `by`, largest first: of one company, or of all as one."""
