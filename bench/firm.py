"""A firm in its first week: 5,000 companies, 500 definitions, 2M events, made through the public doors, then timed.

`python -m bench.firm --companies 5000 --metrics 250 --milestones 250 --copies 9 --events 2000000` tells how long list
pages, plans, ticks and a judging of all take, and how much memory it needs. `--data FOLDER` keeps the firm, and times
it again where it is there already.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from bench.firm_pages import PAGES
from bench.service import proportional_bytes
from milepost.kit.clock import system_clock
from milepost.testing.service import Service

SIGNALS = 10
_DAY_MS = 86_400_000
_AGGREGATIONS = ("count", "sum", "average", "distinct", "maximum", "latest")
_WINDOWS: tuple[dict[str, Any], ...] = (
    {"kind": "all_time"},
    {"kind": "rolling_days", "days": 7},
    {"kind": "rolling_days", "days": 30},
    {"kind": "calendar", "period": "month"},
)
_MIB = 1 << 20


class Size(NamedTuple):
    """How large the firm is."""

    companies: int
    metrics: int
    milestones: int
    copies: int
    events: int


class Timed(NamedTuple):
    """What was done, how long it took in milliseconds at the median and at most, and what is allowed."""

    what: str
    median_ms: float
    most_ms: float
    allowed_ms: float | None = None


def firm(folder: Path, size: Size) -> Iterator[Timed]:
    """Make the firm, unless the folder has one, and time it."""
    running = Service(data=folder / "data")
    is_new = not running.data.exists()
    running.start()
    try:
        with running.app() as console:
            console.timeout = httpx.Timeout(600)
            if is_new:
                yield from _made(running, console, size)
            _settle(console)
            print(f"memory {_memory_mib(running):,.0f} MiB once it is made")
            yield from _pages(console)
            yield from _plans(console)
            yield from _ticks(console)
            yield from _all_judged(console)
            print(f"memory {_memory_mib(running):,.0f} MiB after a judging of all")
    finally:
        running.stop()


def _made(running: Service, console: httpx.Client, size: Size) -> Iterator[Timed]:
    connection = running.add_connection()
    signals = [_signal(console, connection["id"], number) for number in range(SIGNALS)]
    metrics = [_metric(console, signals, number) for number in range(size.metrics)]
    milestones = [_milestone(console, metrics, number) for number in range(size.milestones)]
    counted = [{"milestone_id": one, "weight": 1} for one in milestones[: max(1, size.copies // 2)]]
    outcome = _post(console, "/api/outcomes", {"name": "Adopts", "milestones": counted})["id"]
    began = time.perf_counter()
    with running.api(running.get_token(connection)) as sender:
        for body in _bodies(size):
            _send(sender, body)
    running.wait_until_logged(size.events, 3600)
    yield _once("events sent and processed", began)
    began = time.perf_counter()
    _post(console, f"/api/outcomes/{outcome}/assign", {"all": True})
    for milestone in milestones[len(counted) : size.copies]:
        _post(console, f"/api/milestones/{milestone}/assign", {"all": True})
    yield _once(f"{size.copies} milestones assigned to all", began)
    began = time.perf_counter()
    _settle(console)
    yield _once("first judging of all of them", began)


def _signal(console: httpx.Client, connection_id: str, number: int) -> str:
    fields = [("company", "companyId", "text"), ("amount", "amount", "number"), ("user", "userId", "text")]
    draft = {
        "name": f"Signal {number}",
        "connection_id": connection_id,
        "event_key": f"usage-{number}",
        "fields": [{"name": name, "path": [path], "type": kind} for name, path, kind in fields],
        "company": {"field": "company"},
    }
    return str(_post(console, "/api/signals", draft)["id"])


def _metric(console: httpx.Client, signals: list[str], number: int) -> str:
    aggregation = _AGGREGATIONS[number % len(_AGGREGATIONS)]
    field = {"count": None, "distinct": "user"}.get(aggregation, "amount")
    window = _WINDOWS[number // len(_AGGREGATIONS) % len(_WINDOWS)]
    signal_id = signals[number % len(signals)]
    draft = {"name": f"Metric {number}", "signal_id": signal_id, "aggregation": aggregation, "window": window}
    return str(_post(console, "/api/metrics", draft | ({} if field is None else {"field": field}))["id"])


def _milestone(console: httpx.Client, metrics: list[str], number: int) -> str:
    reached = {"kind": "automatic", "name": "Reaches it", "metric_id": metrics[number % len(metrics)]}
    automatic = reached | {"operator": ">=", "value": 10 + number % 50, "affects_achievement": number > 0}
    actions = [automatic, {"kind": "manual", "name": "A call", "affects_achievement": number == 0}]
    deadline = {"kind": "after_days", "days": 90}
    return str(
        _post(console, "/api/milestones", {"name": f"Milestone {number}", "actions": actions, "deadline": deadline})[
            "id"
        ]
    )


def _bodies(size: Size) -> Iterator[bytes]:
    chance, now_ms = random.Random(1), system_clock()
    for first in range(0, size.events, 1000):
        events = [
            {
                "eventDate": now_ms - chance.randrange(60 * _DAY_MS),
                "companyId": f"C{(first + place) % size.companies:05d}",
                "userId": f"user-{chance.randrange(20_000)}",
                "amount": round(chance.random() * 100, 2),
            }
            for place in range(min(1000, size.events - first))
        ]
        yield orjson.dumps({"eventKey": f"usage-{first // 1000 % SIGNALS}", "data": events})


def _send(sender: httpx.Client, body: bytes) -> None:
    """As a well-mannered sender does: again, later, where the service asks for it."""
    while (
        answer := sender.post("/events", content=body, headers={"content-type": "application/json"})
    ).status_code in (
        429,
        503,
    ):
        time.sleep(float(answer.headers.get("retry-after", 1)))
    answer.raise_for_status()


def _pages(console: httpx.Client) -> Iterator[Timed]:
    ids = {
        name: _first(console, f"/api/{path}")
        for name, path in (
            ("signal", "signals"),
            ("metric", "metrics"),
            ("milestone", "milestones"),
            ("company", "companies"),
        )
    }
    for page in PAGES:
        path = page.format(**ids)
        if console.get(path).status_code == 404:
            yield Timed(f"GET {page}: not there", 0, 0)
        else:
            yield _several(f"GET {page}", partial(_get, console, path), 5, 300)


def _plans(console: httpx.Client) -> Iterator[Timed]:
    some = [one["id"] for one in _get(console, "/api/companies?limit=20")["items"]]
    ids = iter(some * 2)
    yield _several(
        "GET /api/companies/{company}/plan", lambda: _get(console, f"/api/companies/{next(ids)}/plan"), 20, 500
    )
    copy = _first(console, f"/api/assigned-milestones?company_id={some[0]}")
    yield _several(
        "GET /api/assigned-milestones/{id}", lambda: _get(console, f"/api/assigned-milestones/{copy}"), 10, 300
    )


def _ticks(console: httpx.Client) -> Iterator[Timed]:
    """A tick's answer, and until its state follows, the second of the two also amid a judging of all."""
    copies = _get(console, "/api/assigned-milestones?limit=50&milestone_id=" + _first(console, "/api/milestones"))[
        "items"
    ]
    paths = iter(f"/api/assigned-milestones/{one['id']}/ticks/1" for one in copies)
    yield _several("PUT a tick", lambda: console.put(next(paths), json={}).raise_for_status(), 10, 300)
    yield _several("a tick, until the plan is judged", lambda: _tick_and_wait(console, next(paths)), 5, 1000)
    _change_a_metric(console)
    yield _several("the same while all are judged", lambda: _tick_and_wait(console, next(paths)), 5, 3000)
    _settle(console)


def _tick_and_wait(console: httpx.Client, path: str) -> None:
    console.put(path, json={}).raise_for_status()
    copy = path.rpartition("/ticks")[0]
    while _get(console, copy)["state"] not in ("achieved", "achieved_late"):
        time.sleep(0.02)


def _all_judged(console: httpx.Client) -> Iterator[Timed]:
    began = time.perf_counter()
    _change_a_metric(console)
    _settle(console)
    yield _once("a judging of all", began)


def _change_a_metric(console: httpx.Client) -> None:
    """So that what numbers rest on is another."""
    metric = _get(console, "/api/metrics")["items"][0]
    window = {"kind": "rolling_days", "days": random.randrange(40, 60)}  # any other than before
    kept = {
        name: metric[name] for name in ("name", "signal_id", "aggregation", "field") if metric.get(name) is not None
    }
    console.put(f"/api/metrics/{metric['id']}", json=kept | {"window": window}).raise_for_status()
    time.sleep(1)


def _settle(console: httpx.Client) -> None:
    """Until no plan waits to be judged."""
    while _get(console, "/api/judging")["waiting"]:
        time.sleep(0.25)


def _first(console: httpx.Client, path: str) -> str:
    return str(_get(console, path)["items"][0]["id"])


def _get(console: httpx.Client, path: str) -> Any:
    return console.get(path).raise_for_status().json()


def _post(console: httpx.Client, path: str, body: Any) -> Any:
    return console.post(path, json=body).raise_for_status().json()


def _several(what: str, act: Callable[[], object], times: int, allowed_ms: float) -> Timed:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return Timed(what, median(took), max(took), allowed_ms)


def _once(what: str, began: float) -> Timed:
    took = (time.perf_counter() - began) * 1000
    return Timed(what, took, took)


def _memory_mib(running: Service) -> float:
    return proportional_bytes(running.pid("app")) / _MIB


def main() -> None:
    """Print a table; what takes longer than allowed is marked."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (
        ("companies", 5000),
        ("metrics", 250),
        ("milestones", 250),
        ("copies", 9),
        ("events", 2_000_000),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--data", type=Path, help="keep the firm in this folder")
    asked = parser.parse_args()
    size = Size(asked.companies, asked.metrics, asked.milestones, asked.copies, asked.events)
    table = Table("what", "median", "longest", "allowed", title=str(size))
    with tempfile.TemporaryDirectory() as folder:
        for one in firm(asked.data or Path(folder), size):
            is_slow = one.allowed_ms is not None and one.median_ms > one.allowed_ms
            shown = [f"{one.median_ms:,.0f} ms", f"{one.most_ms:,.0f} ms", f"{one.allowed_ms or 0:,.0f} ms"]
            print(one.what, *shown, "TOO SLOW" if is_slow else "", flush=True)
            table.add_row(one.what, *shown, style="red" if is_slow else "")
    Console().print(table)


if __name__ == "__main__":
    main()
