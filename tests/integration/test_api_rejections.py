"""`GET /api/rejections` over real files of two workers."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from milepost.domain.account import Role
from milepost.domain.errors import Fault
from milepost.domain.rejection import Rejection
from milepost.kit.ids import uuid7
from milepost.record.rejections import RejectionWriter
from milepost.testing.business import NOW_MS
from milepost.testing.console import open_console

SHOP, SITE = UUID(int=1), UUID(int=2)


def _rejection(at_ms: int, connection: UUID, door: str, code: str) -> Rejection:
    return Rejection(
        id=uuid7(at_ms),
        connection_id=connection,
        received_at_ms=at_ms,
        door=door,
        status=400,
        code=code,
        reason="eventKey: must be a non-empty string",
        faults=(Fault(path="eventKey", reason="must be a non-empty string"),),
        excerpt='{"eventKey":""}',
    )


KEPT = [
    _rejection(NOW_MS - 3, SHOP, "events", "invalid_input"),
    _rejection(NOW_MS - 2, SITE, "analytics", "invalid_input"),
    _rejection(NOW_MS - 1, SHOP, "events", "over_limit"),
]


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("console")
    for worker, kept in enumerate((KEPT[:2], KEPT[2:])):
        RejectionWriter(folder / "rejections", worker, most_per_connection=9, keep_ms=1000).write(kept, NOW_MS)
    console = open_console(folder)
    yield console.as_person(Role.VIEWER)
    console.deps.database.close()


def test_a_rejection_says_when_where_and_why(viewer: TestClient) -> None:
    assert viewer.get("/api/rejections", params={"code": "over_limit"}).json() == {
        "items": [
            {
                "id": str(KEPT[2].id),
                "connection_id": str(SHOP),
                "received_at": "2023-11-14T22:13:19.999000Z",
                "door": "events",
                "status": 400,
                "code": "over_limit",
                "path": "eventKey",
                "reason": "eventKey: must be a non-empty string",
                "faults": [{"path": "eventKey", "reason": "must be a non-empty string"}],
                "excerpt": '{"eventKey":""}',
            }
        ],
        "next": None,
    }


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [2, 1, 0]),
        ({"connection_id": str(SHOP)}, [2, 0]),
        ({"door": "analytics"}, [1]),
        ({"since": "2023-11-14T22:13:19.998Z"}, [2, 1]),
        ({"until": "2023-11-14T22:13:19.998Z"}, [0]),
    ],
)
def test_rejections_are_filtered_newest_first(viewer: TestClient, wanted: dict[str, str], expected: list[int]) -> None:
    items = viewer.get("/api/rejections", params=wanted).json()["items"]
    assert [item["id"] for item in items] == [str(KEPT[place].id) for place in expected]


def test_pages_are_turned_by_the_cursor(viewer: TestClient) -> None:
    first = viewer.get("/api/rejections", params={"limit": 2}).json()
    second = viewer.get("/api/rejections", params={"limit": 2, "cursor": first["next"]}).json()
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 1, None]
    assert second["items"][0]["id"] == str(KEPT[0].id)


def test_a_cursor_that_is_none_is_refused(viewer: TestClient) -> None:
    answer = viewer.get("/api/rejections", params={"cursor": "x"})
    assert (answer.status_code, answer.json()["faults"][0]["path"]) == (400, "cursor")
