"""A process ends when its main does, and when any thread of it breaks, and says why."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from milepost.operate.child import EXIT_BROKEN, Orders
from milepost.settings import Settings

BEGIN = """
import threading
from milepost.operate import child

def main(parent, how):
    child.begin("tests", child.read_orders(parent))
    threading.Thread(target=threading.Event().wait, name="waits-for-ever").start()
    if how == "raises":
        raise ValueError("of no use")
    if how == "exits":
        raise SystemExit(78)
    if how == "returns":
        return
    threading.Thread(target=lambda: 1 / 0, name="divides").start()
    threading.Event().wait()
"""


def _run(folder: Path, how: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and the last line of the log."""
    (folder / "module_that_ends.py").write_text(BEGIN)
    orders = Orders(settings=Settings(data=folder), is_restart=False)
    with subprocess.Popen(
        [sys.executable, "-m", "milepost.operate", "module_that_ends", how],
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write(orders.model_dump_json().encode() + b"\n")
        child.stdin.flush()
        lines = child.stderr.read().splitlines()
        return child.wait(60), json.loads(lines[-1]) if lines else {}


@pytest.mark.parametrize(("how", "status"), [("returns", 0), ("exits", 78)])
def test_a_process_ends_with_its_main_whatever_threads_are_left(tmp_path: Path, how: str, status: int) -> None:
    assert _run(tmp_path, how) == (status, {})


def test_a_main_that_breaks_is_said_with_its_trace(tmp_path: Path) -> None:
    status, line = _run(tmp_path, "raises")
    assert (status, line["event"], line["process"]) == (1, "process_broke", "tests")
    assert "ValueError: of no use" in line["exception"]


def test_a_thread_that_breaks_takes_its_process_along_and_is_named(tmp_path: Path) -> None:
    status, line = _run(tmp_path, "a thread breaks")
    assert (status, line["event"], line["thread"], line["process"]) == (
        *(EXIT_BROKEN, "thread_broke", "divides", "tests"),
    )
    assert "ZeroDivisionError" in line["exception"]
