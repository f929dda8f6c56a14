"""What is set aside is listed with its reason, metrics first, and counted where it is of a company."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from milepost.control.repos.companies import CompanyDraft, create_company
from milepost.domain.account import Role
from milepost.domain.unjudged import Unjudged
from milepost.kit.clock import to_datetime
from milepost.testing.business import NOW_MS
from milepost.testing.console import open_console


def test_the_list_names_metrics_once_and_companies_each(tmp_path: Path) -> None:
    unjudged: list[Unjudged] = []
    console = open_console(tmp_path, unjudged=unjudged)
    with console.deps.database.write() as session:
        ids = [create_company(session, CompanyDraft(name=f"F{n}"), now_ms=NOW_MS).id for n in range(3)]
    since = to_datetime(NOW_MS)
    unjudged += [Unjudged(of="company", company_id=ids[2], reason="its plan", since=since)]
    unjudged += [
        Unjudged(
            of="metric", company_id=one, metric_id=UUID(int=1), milestone_id=UUID(int=2), reason="deep", since=since
        )
        for one in ids
    ]
    viewer = console.as_person(Role.VIEWER)
    items = viewer.get("/api/unjudged").json()["items"]
    assert [(one["of"], one["companies"], one["reason"], one["company_name"]) for one in items] == [
        ("metric", 3, "deep", None),
        ("company", 1, "its plan", "F2"),
    ]
    first = viewer.get("/api/unjudged", params={"limit": 1}).json()
    rest = viewer.get("/api/unjudged", params={"limit": 1, "cursor": first["next"]}).json()
    assert [*first["items"], *rest["items"]] == items
    console.deps.database.close()
