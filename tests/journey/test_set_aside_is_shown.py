"""A metric that cannot be evaluated is set aside by a running service, which says so wherever one may look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from milepost.control.revisions import Scope, raise_revision
from milepost.control.rows import MetricRow
from milepost.control.session import open_database, sqlite_url
from milepost.domain.metric import FormulaDraft
from milepost.observe import paths
from milepost.testing.service import Service, running_service, wait_for

REASON = "its metric is gone, or rests on what is gone or too large"


class Broken:
    """A service with two milestones on one company; the metric of one rests on what is not there."""

    def __init__(self, service: Service, console: httpx.Client) -> None:
        self.service, self.console = service, console
        connection = service.add_connection()
        signal = self.post(
            "/signals",
            {
                "name": "Orders",
                "connection_id": connection["id"],
                "event_key": "order",
                "fields": [{"name": "company", "path": ["company"], "type": "text"}],
                "company": {"field": "company"},
            },
        )
        count = self.post("/metrics", {"name": "Orders", "signal_id": signal, "aggregation": "count"})
        twice = self.post("/metrics", {"name": "Twice", "formula": "n + n", "terms": {"n": count}})
        self.company = self.post("/companies", {"name": "Acme"})
        for name, metric in (("Whole", count), ("Broken", twice)):
            action = {"kind": "automatic", "name": "none", "metric_id": metric, "operator": ">=", "value": 1}
            milestone = self.post("/milestones", {"name": name, "actions": [action]})
            self.post(f"/milestones/{milestone}/assign", {"all": True})
        self.break_metric(UUID(twice))

    def post(self, path: str, body: Any) -> str:
        answer = self.console.post(f"/api{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json().get("id", ""))

    def get(self, path: str) -> Any:
        return self.console.get(f"/api{path}").raise_for_status().json()

    def break_metric(self, metric_id: UUID) -> None:
        """As an older version, which checked less, may have left it."""
        database = open_database(sqlite_url(paths.control(self.service.data)))
        draft = FormulaDraft(name="Twice", formula="n + n", terms={"n": uuid4()})
        with database.write() as session:
            session.get_one(MetricRow, metric_id).definition = draft.model_dump_json()
            raise_revision(session, Scope.DEFINITIONS)
        database.close()
        wait_for(lambda: self.get("/unjudged")["items"], seconds=60, what="the metric is set aside")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    with (
        running_service(tmp_path_factory.mktemp("aside") / "data") as service,
        service.app() as console,
    ):
        yield Broken(service, console)


def test_the_operator_s_list_names_the_metric_and_why(broken: Broken) -> None:
    (item,) = broken.get("/unjudged")["items"]
    assert (item["of"], item["metric_name"], item["reason"]) == ("metric", "Twice", REASON)
    assert (item["companies"], item["milestones"]) == (1, ["Broken"])


def test_ready_counts_it_and_stays_ready(broken: Broken) -> None:
    def counted() -> dict[str, Any]:
        status, state = broken.service.ready()
        return state if status == 200 and state["unjudged_metrics"] else {}

    state = wait_for(counted, seconds=60, what="/ready counts it")
    assert (state["unjudged_metrics"], state["unjudged_companies"], state["reasons"]) == (1, 0, [])
    assert state["plans_waiting"] == 0


def test_the_numbers_for_a_monitor_have_it(broken: Broken) -> None:
    def is_there() -> bool:
        with broken.service.api() as client:
            lines = client.get("/metrics").text.splitlines()
        return 'milepost_unjudged{of="metric"} 1.0' in lines and 'milepost_unjudged{of="company"} 0.0' in lines

    wait_for(is_there, seconds=60, what="/metrics has it")


def test_status_and_doctor_say_it(broken: Broken) -> None:
    def told() -> bool:
        return "set aside: metrics 1, companies 0" in broken.service.command("status").stdout

    wait_for(told, seconds=60, what="status says it")
    findings = broken.service.told("doctor")
    (finding,) = [one for one in findings if one["subject"] == "Judging"]
    assert (finding["level"], finding["told"]) == (
        "warning",
        f"The metric 'Twice' cannot be judged (companies: 1): {REASON}",
    )


def test_the_company_s_plan_says_it_of_that_milestone_and_has_the_other(broken: Broken) -> None:
    plan = broken.get(f"/companies/{broken.company}/plan")
    told = {one["definition"]["name"]: " ".join(one["explanation"]) for one in plan["milestones"]}
    assert REASON in told["Broken"]
    assert REASON not in told["Whole"]
    assert told["Whole"].startswith("In progress since")
