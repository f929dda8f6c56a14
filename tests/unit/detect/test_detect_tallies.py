"""What a signal made of the events of its key, counted while they pass."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from milepost.detect.company import Companies
from milepost.detect.step import Detect, compile_definitions
from milepost.domain.criterion import Condition, FieldType, Group
from milepost.domain.event import RecordedGroup
from milepost.domain.fate import Fate
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.domain.tally import Tally

DAY_MS = 86_400_000
DAY = 20_000
HELD = UUID(int=2)
SIGNAL = Signal(
    id=UUID(int=9),
    revision=1,
    slots={"account": "t1", "seats": "n1"},
    name="Big",
    connection_id=UUID(int=7),
    event_key="usage",
    fields=(
        SignalField(name="account", path=("account",), type=FieldType.TEXT),
        SignalField(name="seats", path=("seats",), type=FieldType.NUMBER),
    ),
    company=CompanyMapping(field="account"),
    rules=Group(match="all", members=(Condition.model_validate({"field": "seats", "operator": ">", "value": 5}),)),
)
TWIN = SIGNAL.model_copy(update={"generation": 1})


class OnlyAcme:
    """An account that makes no companies, and knows one: what comes for other keys is held under another id."""

    def companies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        return {key: UUID(int=1) if key[1] == "acme" else HELD for key in keys}


def group(*payloads: bytes, arrivals: Sequence[int] | None = None) -> RecordedGroup:
    rows = len(payloads)
    return RecordedGroup(
        connection_id=SIGNAL.connection_id.bytes,
        event_key="usage",
        door="events",
        request_ids=[bytes(16)] * rows,
        items=range(rows),
        received_at_ms=arrivals or [DAY * DAY_MS] * rows,
        event_date_ms=[0] * rows,
        fates=[Fate.PROCESSED] * rows,
        reasons=[""] * rows,
        duplicates_of=[""] * rows,
        payloads=payloads,
        smart_keys=(),
    )


def tallies(*groups: RecordedGroup, signals: Sequence[Signal] = (SIGNAL,)) -> list[Tally]:
    detect = Detect(Companies(OnlyAcme()), lambda: {HELD.bytes})
    detect.use(compile_definitions(signals))
    return detect.detect(groups).tallies


def test_each_event_is_counted_by_what_became_of_it() -> None:
    found = tallies(
        group(
            b'{"account":"acme","seats":6}',
            b'{"account":"acme","seats":5}',
            b'{"account":"acme","seats":"many"}',
            b'{"seats":7}',
            b'{"account":"globex","seats":8}',
        )
    )
    assert found == [
        Tally(
            signal_id=SIGNAL.id,
            day=DAY,
            seen=5,
            matched=3,
            company_missing=1,
            company_unknown=1,
            failures={"account": 0, "seats": 1},
        )
    ]


def test_repeats_are_not_counted() -> None:
    both = group(b'{"account":"acme","seats":6}', b'{"account":"acme","seats":6}')
    [found] = tallies(replace(both, fates=[Fate.PROCESSED, Fate.DUPLICATE]))
    assert (found.seen, found.matched) == (1, 1)


def test_events_around_midnight_count_for_the_day_they_arrived_on() -> None:
    arrivals = [DAY * DAY_MS, DAY * DAY_MS - 1, DAY * DAY_MS + 5]
    found = tallies(group(*[b'{"account":"acme","seats":6}'] * 3, arrivals=arrivals))
    assert [(one.day, one.seen, one.matched) for one in found] == [(DAY - 1, 1, 1), (DAY, 2, 2)]


def test_a_signal_whose_history_is_being_read_anew_is_counted_once() -> None:
    [found] = tallies(group(b'{"account":"acme","seats":6}'), signals=(SIGNAL, TWIN))
    assert (found.seen, found.matched) == (1, 1)
