"""The SQL of a signal over the real event log gives what the stream gave."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from clickhouse_connect.driver.client import Client

from milepost.criteria.to_sql import to_sql
from milepost.detect.rules import compile_group
from milepost.domain.criterion import Condition, FieldType, Group, Operator
from milepost.domain.signal import CompanyMapping, Signal, SignalField
from milepost.kit.clock import to_unix_ms

PAYLOADS = [
    b'{"account":"a","seats":"7","at":"2024-02-29"}',
    b'{"account":"b","seats":7,"at":"2024-02-27T23:59:59Z"}',
    b'{"account":3,"seats":8,"at":"2024-03-01"}',
    b'{"account":"","seats":9,"at":"2024-02-28"}',
    b'{"seats":9.5,"at":"2024-02-29T00:00:00+01:00"}',
]
ARRIVALS = [datetime(2024, 2, 29 - day % 2, 12, tzinfo=UTC) for day in range(len(PAYLOADS))]
COLUMNS = ["connection_id", "request_id", "item", "event_key", "received_at", "event_date", "fate", "payload"]


def made_of(connection_id: UUID) -> Signal:
    return Signal(
        id=uuid4(),
        revision=1,
        slots={"account": "t1", "seats": "n1", "at": "n2"},
        name="s",
        connection_id=connection_id,
        event_key="k",
        fields=(
            SignalField(name="account", path=("account",), type=FieldType.TEXT),
            SignalField(name="seats", path=("seats",), type=FieldType.NUMBER),
            SignalField(name="at", path=("at",), type=FieldType.ISO_DATE),
        ),
        company=CompanyMapping(field="account"),
        rules=Group(match="all", members=(Condition(field="at", operator=Operator.IN_LAST_DAYS, value=2),)),
    )


def test_a_backfill_finds_what_the_stream_found_by_each_event_s_own_arrival(chdb_client: Client) -> None:
    signal = made_of(uuid4())
    request_id = uuid4()
    chdb_client.insert(
        "events",
        [
            [signal.connection_id, request_id, item, "k", arrived, arrived, "processed", payload]
            for item, (payload, arrived) in enumerate(zip(PAYLOADS, ARRIVALS, strict=True))
        ],
        column_names=COLUMNS,
    )
    sql = to_sql(signal.rules, signal.fields, company=signal.company.field)
    stored = [sql.stored[name] for name in ("seats", "at", "account")]
    rows = chdb_client.query(
        f"WITH {sql.bindings} SELECT item, {sql.company}, {', '.join(stored)} FROM events "
        f"WHERE request_id = {{request:UUID}} AND {sql.test} ORDER BY item",
        parameters={**sql.parameters, "request": str(request_id)},
    ).result_rows
    [found] = compile_group([signal]).detect_each(PAYLOADS, map(to_unix_ms, ARRIVALS)).emitted
    assert [tuple(row) for row in rows] == list(zip(found.events, found.companies, *found.values, strict=True))
    assert found.events == [0, 1, 3, 4]
    chdb_client.command("DELETE FROM events WHERE request_id = {request:UUID}", parameters={"request": str(request_id)})
