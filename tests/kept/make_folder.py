"""Makes a small data folder of the version that runs it, and the answers of its API; later versions must agree.

    .venv/bin/python tests/kept/make_folder.py NAME

writes `tests/kept/NAME.tar.xz` and `tests/kept/NAME.json`. Run it in a checkout of the version to be kept, once, before
a later one moves a schema or a file format; `tests/journey/test_kept_folders.py` opens every folder that is here.
Everything lies in the past and has come to rest: no window, deadline or hold ends after the folder was made.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from milepost.domain.connection import ConnectionKind
from milepost.testing.service import Service, running_service, wait_for

HERE = Path(__file__).parent
AT = "2025-12-31T00:00:00Z"
BACKLOG = 12
LATE = "late"
ENVIRONMENT = {"MILEPOST_REJECTIONS_RETENTION_HOURS": "1000000", "MILEPOST_JOURNAL_RETENTION_HOURS": "1000000"}


def fill(service: Service) -> None:
    """Events of every door, every kind of definition, plans with a past, jobs, requests of privacy, people."""
    shop = service.add_connection(name="Shop")
    old = service.add_connection(ConnectionKind.CUSTOM_EVENTS, "Site")
    service.add_connection(ConnectionKind.TRACKING_SCRIPT, "Pages")
    service.add_connection(ConnectionKind.MACHINE_TO_MACHINE, "Reports")
    with service.app() as app, service.api(service.get_token(shop)) as doors:
        post = _Poster(app)
        app.put("/api/settings", json={"time_zone": "Europe/Berlin", "week_starts_on": "monday"})
        post("/users", {"email": "ada@example.com", "password": "correct horse battery", "role": "editor"})
        post("/altkeys", {"name": "CrmId"})
        _buy(doors, "purchase", [("ada", 12.5, 1), ("ben", 7, 2), ("ada", 30, 40), ("cleo", 5, 41)])
        doors.post("/events", json={"eventKey": "bad key", "data": []})
        signal_id = post("/signals", _signal(shop["id"], "Purchase", "purchase"))["id"]
        metrics = _metrics(post, signal_id)
        milestones = _milestones(post, metrics)
        weights = [[(milestones[0], 1), (milestones[1], 3)], [(milestones[2], 2), (milestones[3], 1)]]
        outcomes = [post("/outcomes", _outcome(f"Loyal {number}", each))["id"] for number, each in enumerate(weights)]
        post("/outcomes/templates", {"name": "All of it", "outcome_ids": outcomes})
        post(f"/outcomes/{outcomes[0]}/assign", {"all": True, "auto_assign": True})
        job = post(f"/signals/{signal_id}/backfill", {})
        _until_done(app, job["id"])
        purchases = [(who, 10 + n, n) for n in range(1, 60) for who in ("ada", "ben", "cleo", "dora", "eve")]
        _buy(doors, "purchase", purchases)
        _buy(doors, "purchase", purchases[:30])
        _until_counted(app, metrics["Purchases"], 299)
        companies = {one["name"]: one["id"] for one in app.get("/api/companies").json()["items"]}
        _work_on_plans(app, companies, outcomes[1], milestones[3])
        _import_companies(app)
        _custom_events(service, old["writeKey"])
        for action, name in (("export", "ben"), ("delete", "eve")):
            request = post("/privacy/requests", {"action": action, "subject": {"company_id": companies[name]}})
            _until_done(app, request["id"])
        changed = {**_signal(shop["id"], "Purchase", "purchase"), "name": "Purchase of anything"}
        app.put(f"/api/signals/{signal_id}", json=changed).raise_for_status()


def _work_on_plans(app: httpx.Client, companies: dict[str, str], outcome_id: str, milestone_id: str) -> None:
    """What people do: assign, tick, name keys and attributes, combine."""
    post = _Poster(app)
    post(f"/outcomes/{outcome_id}/assign", {"company_ids": [companies["ada"], companies["ben"]]})
    copies = app.get("/api/assigned-milestones", params={"milestone_id": milestone_id, "limit": 100}).json()
    app.put(f"/api/assigned-milestones/{copies['items'][0]['id']}/ticks/1").raise_for_status()
    post(f"/companies/{companies['ada']}/keys", {"key_space": "CrmId", "value": "crm-1"})
    app.patch(f"/api/companies/{companies['ben']}", json={"attributes": {"plan": "gold", "city": "Köln"}})
    post(f"/companies/{companies['ada']}/combine", {"company_ids": [companies["dora"]]})


def leave_a_backlog(service: Service, keys: dict[str, str]) -> None:
    """Accepted, on disk, and not looked at by the reactor when everything is killed."""
    app = service.pid("app")
    token = service.get_token(keys)
    os.kill(app, signal.SIGSTOP)
    with service.api(token) as doors:
        _buy(doors, "purchase", [(LATE, n, n) for n in range(1, BACKLOG + 1)])
    os.kill(app, signal.SIGKILL)
    worker = service.pid("ingest-0")
    service.kill()
    os.kill(worker, signal.SIGKILL)


def answers(service: Service) -> dict[str, Any]:
    """What the API says of everything, by path, once the backlog is processed and judged."""
    with service.app() as app:

        def get(path: str) -> Any:
            answer = app.get(f"/api{path}")
            assert answer.status_code == 200, (path, answer.text)
            return answer.json()

        def is_at_rest() -> bool:
            ready = service.ready()[1]
            companies = [one["name"] for one in get("/companies?limit=100")["items"]]
            if ready.get("lag_entries") != 0 or ready.get("unjudged_companies") != 0 or LATE not in companies:
                return False
            copies = [
                one for one in get("/assigned-outcomes?limit=500&explain=true")["items"] if one["name"] == "Loyal 0"
            ]
            return all(one["state"] != "not_started" for one in copies)

        wait_for(is_at_rest, seconds=60, what="the backlog to be processed and judged")
        (late,) = [one["id"] for one in get("/companies?limit=100")["items"] if one["name"] == LATE]
        told = {path: get(path) for path in _PATHS}
        for one in told["/companies?limit=100"]["items"]:
            for path in (f"/companies/{one['id']}/plan?at={AT}", f"/companies/{one['id']}/timeline"):
                told[path] = get(path)
        for one in told["/metrics"]["items"]:
            told[path] = get(path := f"/metrics/{one['id']}/values?at={AT}&limit=100")
            told[f"{path}, late"] = [its["value"] for its in told[path]["items"] if its["company_id"] == late]
        for nouns in ("milestones", "outcomes"):
            for one in told[f"/{nouns}"]["items"]:
                told[path] = get(path := f"/portfolio/{nouns}/{one['id']}/companies?at={AT}&limit=100")
        for one in told["/signals"]["items"]:
            told[path] = get(path := f"/feeds?signal_id={one['id']}&limit=400")
            told[path] = get(path := f"/signals/{one['id']}/revisions")
        return {path: _without(late, answer) for path, answer in told.items() if late not in path}


def _without(company_id: str, value: Any) -> Any:
    """The same without list items about the company that the backlog makes: its id is another one each time."""
    if isinstance(value, dict):
        return {name: _without(company_id, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without(company_id, one) for one in value if company_id not in json.dumps(one)]
    return value


_PATHS = (
    "/connections",
    "/users",
    "/altkeys",
    "/settings",
    "/signals",
    "/metrics",
    "/milestones",
    "/outcomes",
    "/outcomes/templates",
    "/events?limit=500",
    "/rejections",
    "/companies/unmatched",
    "/companies?limit=100",
    "/jobs",
    "/privacy/requests",
    "/assigned-milestones?limit=500&explain=true",
    "/assigned-outcomes?limit=500&explain=true",
)


class _Poster:
    def __init__(self, app: httpx.Client) -> None:
        self._app = app

    def __call__(self, path: str, body: Any) -> Any:
        answer = self._app.post(f"/api{path}", json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json()


def _buy(doors: httpx.Client, key: str, purchases: Sequence[tuple[str, float, int]]) -> None:
    data = [
        {
            "customer": who,
            "euros": euros,
            "paid": euros > 8,
            "items": ["tea", "milk"][: int(euros) % 3],
            "eventDate": 1_735_689_600_000 + day * 86_400_000,
            "idempotencyKey": f"{who}-{day}-{euros}",
        }
        for who, euros, day in purchases
    ]
    for first in range(0, len(data), 100):
        doors.post("/events", json={"eventKey": key, "data": data[first : first + 100]}).raise_for_status()


def _custom_events(service: Service, write_key: str) -> None:
    with service.api() as doors:
        for number in range(3):
            body = {
                "_metarouter": {
                    "writeKey": write_key,
                    "eventName": "viewed",
                    "timestamp": f"2025-03-0{number + 1}T00:00:00Z",
                },
                "page": number,
            }
            assert doors.post("/v1/custom/event", json=body).status_code == 201


def _signal(connection_id: str, name: str, key: str) -> dict[str, Any]:
    return {
        "name": name,
        "connection_id": connection_id,
        "event_key": key,
        "fields": [
            {"name": "customer", "path": ["customer"], "type": "text"},
            {"name": "euros", "path": ["euros"], "type": "number"},
            {"name": "paid", "path": ["paid"], "type": "boolean"},
            {"name": "items", "path": ["items"], "type": "array"},
        ],
        "company": {"field": "customer"},
        "rules": {
            "kind": "group",
            "match": "any",
            "members": [
                {"kind": "condition", "field": "euros", "operator": ">", "value": 0},
                {"kind": "condition", "field": "paid", "operator": "is_true"},
            ],
        },
    }


def _metrics(post: _Poster, signal_id: str) -> dict[str, str]:
    """Every aggregation and every kind of window, and a formula."""
    ids: dict[str, str] = {}
    windows = [{"kind": "all_time"}, {"kind": "rolling_days", "days": 30}]
    windows += [{"kind": "calendar", "period": period} for period in ("day", "week", "month", "quarter")]
    for number, aggregation in enumerate(
        ("count", "distinct", "sum", "average", "minimum", "maximum", "first", "latest", "days_since_last")
    ):
        field = None if aggregation in {"count", "days_since_last"} else "euros"
        window = {"kind": "all_time"} if aggregation == "days_since_last" else windows[number % len(windows)]
        draft = {
            "name": aggregation,
            "signal_id": signal_id,
            "aggregation": aggregation,
            "field": field,
            "window": window,
        }
        ids[aggregation] = post("/metrics", draft)["id"]
    ids["Purchases"] = post("/metrics", {"name": "Purchases", "signal_id": signal_id, "aggregation": "count"})["id"]
    formula = {"name": "Mean", "formula": "total / n", "terms": {"total": ids["sum"], "n": ids["count"]}}
    ids["Mean"] = post("/metrics", formula)["id"]
    return ids


def _milestones(post: _Poster, metrics: dict[str, str]) -> list[str]:
    """Latching and not, by a date and none, held for a while, manual."""

    def reaches(name: str, value: float, **more: Any) -> dict[str, Any]:
        return {
            "kind": "automatic",
            "name": "Enough",
            "metric_id": metrics[name],
            "operator": ">=",
            "value": value,
            **more,
        }

    on_date = {"kind": "date", "at": "2025-02-15T00:00:00Z"}
    drafts = [
        {"name": "Three", "actions": [reaches("Purchases", 3)], "deadline": on_date},
        {"name": "Busy month", "actions": [reaches("distinct", 20)], "latches": False},
        {
            "name": "Never",
            "actions": [reaches("sum", 1e9)],
            "deadline": on_date,
            "start": {"kind": "date", "at": "2025-01-01T00:00:00Z"},
        },
        {
            "name": "Agreed",
            "actions": [
                reaches("Purchases", 2, held_for={"periods": 2, "period": "week"}),
                {"kind": "manual", "name": "Signed", "assets": [{"title": "Contract", "url": "https://example.com/c"}]},
            ],
        },
    ]
    return [post("/milestones", draft)["id"] for draft in drafts]


def _outcome(name: str, weights: Sequence[tuple[str, float]]) -> dict[str, Any]:
    return {"name": name, "milestones": [{"milestone_id": one, "weight": weight} for one, weight in weights]}


def _import_companies(app: httpx.Client) -> None:
    file = "name,CompanyID,plan\nFay,fay,silver\nGus,gus,gold\n"
    answer = app.post(
        "/api/companies/import", content=file, headers={"content-type": "text/csv"}, params={"dry_run": "false"}
    )
    assert answer.is_success, answer.text
    if "id" in answer.json():
        _until_done(app, answer.json()["id"])


def _until_done(app: httpx.Client, job_id: str) -> None:
    UUID(job_id)

    def is_over() -> bool:
        state = app.get(f"/api/jobs/{job_id}").json()["state"]
        assert state not in {"failed", "cancelled"}, app.get(f"/api/jobs/{job_id}").text
        return bool(state == "succeeded")

    wait_for(is_over, seconds=60, what="a job")


def _until_counted(app: httpx.Client, metric_id: str, most: int) -> None:
    def is_there() -> bool:
        items = app.get(f"/api/metrics/{metric_id}/values", params={"limit": 100}).json()["items"]
        return sum(one["value"] or 0 for one in items) >= most

    wait_for(is_there, seconds=60, what="all purchases to count")


def main(name: str) -> None:
    """Make the folder, keep it packed, and write down what the API says of a copy that is started anew."""
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        with running_service(data, environment=ENVIRONMENT) as service:
            fill(service)
            keys = service.add_connection(name="Latecomer")
            keys_signal = _signal(keys["id"], "Late purchase", "purchase")
            with service.app() as app:
                _Poster(app)("/signals", keys_signal)
            leave_a_backlog(service, keys)
        for transient in ("run", "metrics", "lock"):
            shutil.rmtree(data / transient, ignore_errors=True)
        with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as packed:
            packed.add(data, "data")
        with running_service(data, environment=ENVIRONMENT) as service:
            (HERE / f"{name}.json").write_text(json.dumps(answers(service), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
