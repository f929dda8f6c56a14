"""How a child process knows its supervisor."""

import os
import subprocess
import sys
from pathlib import Path

SLOW = """
import time
print("loading", flush=True)
time.sleep(600)
"""
WORKING = """
import threading

def main(parent, name):
    told = threading.Event()
    parent.at_its_end(told.set)
    print(name, parent.orders(), flush=True)
    told.wait()
    print("told", flush=True)
"""


def start(folder: Path, code: str, *arguments: str) -> subprocess.Popen[bytes]:
    (folder / "module_of_a_child.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "-m", "milepost.operate", "module_of_a_child", *arguments],
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_a_child_that_is_still_loading_leaves_when_its_supervisor_dies(tmp_path: Path) -> None:
    with start(tmp_path, SLOW) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"orders\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"loading\n"
        child.stdin.close()
        assert child.wait(60) == 1


def test_a_child_at_work_has_its_orders_and_is_told_when_its_supervisor_dies(tmp_path: Path) -> None:
    with start(tmp_path, WORKING, "ingest-0") as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b"orders\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"ingest-0 b'orders\\n'\n"
        child.stdin.close()
        assert child.stdout.readline() == b"told\n"
        assert child.wait(60) == 0
