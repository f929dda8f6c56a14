"""docs/reference/observability.md and fates.md: their tables name what the code has, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Counter, Gauge

from milepost.domain.fate import Fate, ParkReason
from milepost.observe import metric_names
from milepost.observe.health import ReactorHealth, readiness

ROOT = Path(__file__).parents[2]
OBSERVABILITY = (ROOT / "docs/reference/observability.md").read_text()
FATES = (ROOT / "docs/reference/fates.md").read_text()

LogEvent = tuple[str, str, str, tuple[str, ...]]
"""Event, level, part and fields."""


def table(page: str, first_head: str) -> list[list[str]]:
    """The rows of the table whose first column has that head."""
    _, _, rest = page.partition(f"\n| {first_head} |")
    rows: list[list[str]] = []
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def logged(file: Path) -> Iterator[LogEvent]:
    """What a module logs, by the calls of its `_log`."""
    tree = ast.parse(file.read_text())
    parts = [
        node.value.args[0].value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "logger"
        and isinstance(node.value.args[0], ast.Constant)
    ]
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="_log"), attr=level), args=[ast.Constant(value=str(event))]
            ):
                fields = tuple(given.arg for given in node.keywords if given.arg not in (None, "exc_info"))
                yield event, level.replace("exception", "error"), str(parts[0]), tuple(filter(None, fields))


def test_every_log_event_is_on_the_page_with_its_fields() -> None:
    in_code = {event for file in sorted((ROOT / "src").rglob("*.py")) for event in logged(file)}
    on_page = {
        (event.strip("`"), level, part, tuple(re.findall(r"`(\w+)`", fields)))
        for event, level, part, fields, _ in table(OBSERVABILITY, "event")
    }
    assert on_page == in_code
    assert all(re.fullmatch(r"[a-z_]+", event) for event, *_ in in_code)


def test_every_reason_for_not_being_ready_is_on_the_page() -> None:
    def reasons(reactor: ReactorHealth | None, *, broken: bool = False, free: int = 9) -> tuple[str, ...]:
        return readiness(reactor, now_ms=100_000, is_journal_broken=broken, free_bytes=free, reserve_bytes=5).reasons

    given = {
        *reasons(None, broken=True, free=1),
        *reasons(ReactorHealth(at_ms=0, progressed_at_ms=0, lag_entries=0)),
        *reasons(ReactorHealth(at_ms=100_000, progressed_at_ms=0, lag_entries=1)),
        *reasons(ReactorHealth(at_ms=100_000, progressed_at_ms=0, lag_entries=1, stopped_because="...")),
        *reasons(ReactorHealth(at_ms=100_000, progressed_at_ms=0, lag_entries=1, waits_for="...")),
        *reasons(ReactorHealth(at_ms=100_000, progressed_at_ms=0, lag_entries=0, plans_waiting=1)),
        "starting",
        "this worker cannot see how the reactor is: ...",
    }
    on_page = {reason.strip("`") for reason, _ in table(OBSERVABILITY, "reason")}
    assert on_page == {re.sub(r"\d+", "N", reason) for reason in given}


def test_every_fate_and_every_reason_for_parking_is_on_its_page() -> None:
    assert {fate.strip("`") for fate, *_ in table(FATES, "fate")} == set(Fate)
    assert {reason.strip("`") for reason, _ in table(FATES, "reason for parking")} == set(ParkReason)


def test_every_metric_of_the_closed_list_is_counted_somewhere() -> None:
    kept = {name for name, one in vars(metric_names).items() if isinstance(one, Counter | Gauge)}
    used = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py") if file.name != "metric_names.py")
    assert [name for name in sorted(kept) if not re.search(rf"\b{name}\.(?:inc|set|labels)\(", used)] == []
