"""`make bench`: measure, print a table, and keep the numbers as JSON. Arguments: the names of BENCHMARKS."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.accept import accept
from bench.assigning import assigning
from bench.backfill import backfill
from bench.end_to_end import end_to_end, many_signals
from bench.measure import Measured
from bench.metrics import metrics
from bench.service import service

RESULTS = Path(__file__).parent / "results"


def _end_to_end() -> Iterator[Measured]:
    sys.setswitchinterval(0.0005)  # as the app process has it (operate/child.py)
    yield end_to_end(300_000, 100)
    yield end_to_end(60_000, 1)
    yield many_signals()


BENCHMARKS: dict[str, Callable[[], Iterator[Measured]]] = {
    "accept": accept,
    "end-to-end": _end_to_end,
    "metrics": metrics,
    "backfill": backfill,
    "service": service,
    "assigning": assigning,
}


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    console = Console()
    table = Table("what", "measured", "limit", "ratio", "bar", "note")
    results: list[dict[str, object]] = []
    for name in names or list(BENCHMARKS):
        console.print(f"Measuring {name} ...")
        for measured in BENCHMARKS[name]():
            table.add_row(
                measured.name,
                f"{measured.value:,.0f} {measured.unit}",
                f"{measured.limit:,.0f} ({measured.limit_name})",
                f"{measured.ratio:.2f}",
                measured.bar,
                measured.note,
            )
            results.append({**dataclasses.asdict(measured), "ratio": measured.ratio})
    console.print(table)
    load, cores = os.getloadavg()[0], os.cpu_count()
    console.print(f"{cores} cores, load {load:.1f} at the end; compare ratios, not absolute numbers.")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps({"load": load, "cores": cores, "results": results}, indent=2))
    console.print(f"Kept in {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
