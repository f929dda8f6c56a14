"""Waiting until the front doors know a change: for those that live, and for no others."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from milepost.observe.known_book import KnownBook, wait_until_known


def test_without_a_worker_there_is_nothing_to_wait_for(tmp_path: Path) -> None:
    assert wait_until_known(tmp_path / "nowhere", 7, most_seconds=0)
    KnownBook(tmp_path).close()
    assert wait_until_known(tmp_path, 7, most_seconds=0)


def test_a_worker_that_knows_less_is_waited_for(tmp_path: Path) -> None:
    book = KnownBook(tmp_path)
    book.announce(6)
    assert not wait_until_known(tmp_path, 7, most_seconds=0)
    learning = threading.Timer(0.05, lambda: book.announce(8))
    learning.start()
    assert wait_until_known(tmp_path, 7, most_seconds=60)
    learning.join()
    book.close()


def test_a_worker_that_was_killed_is_not(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from milepost.observe.known_book import KnownBook;"
        "book = KnownBook(Path(sys.argv[1])); book.announce(1); print('ready', flush=True); time.sleep(600)"
    )
    worker = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"ready\n"
    assert not wait_until_known(tmp_path, 2, most_seconds=0)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(60)
    worker.stdout.close()
    assert wait_until_known(tmp_path, 2, most_seconds=0)
