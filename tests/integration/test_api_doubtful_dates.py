"""Implausible dates through the API: on the event, in the filter of the log, and counted by connection and reason."""

from pathlib import Path
from uuid import UUID

from clickhouse_connect.driver.client import Client

from milepost.domain.account import Role
from milepost.domain.connection import ConnectionKind
from milepost.domain.event import RecordedGroup
from milepost.domain.event_date import REASONS, DateFlag
from milepost.domain.fate import Fate
from milepost.kit.ids import uuid7
from milepost.store.event_log import EventLogReader
from milepost.store.events import insert_events
from milepost.testing.business import NOW_MS
from milepost.testing.console import open_console

FLAGS = ((DateFlag.IN_SECONDS,), (), (DateFlag.IN_FUTURE, DateFlag.CLOCK_FAR_OFF))


def doubtful(connection_id: UUID, request_id: UUID) -> RecordedGroup:
    rows = len(FLAGS)
    return RecordedGroup(
        connection_id=connection_id.bytes,
        event_key="k",
        door="events",
        request_ids=[request_id.bytes] * rows,
        items=range(rows),
        received_at_ms=[NOW_MS] * rows,
        event_date_ms=[1_709_164_800, NOW_MS, NOW_MS + 10**9],
        fates=[Fate.PROCESSED] * rows,
        reasons=[""] * rows,
        duplicates_of=[""] * rows,
        payloads=[b"{}"] * rows,
        smart_keys=(),
        date_corrections_ms=[0, -5, 0],
        date_flags=FLAGS,
    )


def test_doubts_are_shown_filtered_counted_and_paged(tmp_path: Path, chdb_client: Client) -> None:
    console = open_console(tmp_path, event_log=EventLogReader(chdb_client))
    connection, request_id, rows = console.add_connection(ConnectionKind.EVENT_HANDLER), uuid7(NOW_MS), len(FLAGS)
    group = doubtful(connection.id, request_id)
    insert_events(chdb_client, 1, "doubtful", [group])
    try:
        viewer = console.as_person(Role.VIEWER)
        shown = {one["id"]: one for one in viewer.get("/api/events").json()["items"]}
        assert {number: shown[f"{request_id}.{number}"]["date_flags"] for number in range(rows)} == {
            0: ["in_seconds"],
            1: [],
            2: ["in_future", "clock_far_off"],
        }
        assert shown[f"{request_id}.0"]["event_date"] == "1970-01-20T18:46:04.800000Z"
        assert shown[f"{request_id}.1"]["date_correction_ms"] == -5
        for wanted, numbers in (("any", [2, 0]), ("clock_far_off", [2]), ("near_1970", [])):
            found = viewer.get("/api/events", params={"date_flag": wanted}).json()["items"]
            assert [one["id"] for one in found] == [f"{request_id}.{number}" for number in numbers]
        page = viewer.get("/api/doubtful-dates", params={"limit": 2}).json()
        rest = viewer.get("/api/doubtful-dates", params={"limit": 2, "cursor": page["next"]}).json()
        counted = [*page["items"], *rest["items"]]
        assert [(one["flag"], one["events"]) for one in counted] == [
            ("clock_far_off", 1),
            ("in_future", 1),
            ("in_seconds", 1),
        ]
        assert (rest["next"], counted[2]["connection_name"]) == (None, connection.name)
        assert counted[2]["reason"] == REASONS[DateFlag.IN_SECONDS]
        assert [one["event_id"] for one in counted[2]["latest"]] == [f"{request_id}.0"]
    finally:
        console.deps.database.close()
        chdb_client.command("TRUNCATE TABLE events")
