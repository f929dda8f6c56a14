"""Pages whose commands run: the shell blocks of a Markdown page, executed in their order beside a real service.

A block ```` ```sh ```` runs; one ```` ```sh start ```` is what starts the service, which the test has done already; one
```` ```sh soon ```` is repeated until its output is as shown; one ```` ```sh status=2 ```` ends with that exit status.
An ```` ```output ```` block is what must come out, where `…` stands for any text, and alone on a line for any lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from milepost.testing.service import Service, running_service

ROOT: Final = Path(__file__).parents[2]
_FENCE: Final = re.compile(r"^```(?P<words>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_KEEP_STATE: Final = """
set -euo pipefail
state="$PWD/.state.sh"
if [ -f "$state" ]; then source "$state"; fi
trap '{ declare -p | grep -vE "^declare -[a-zA-Z]*r"; declare -f; echo "cd \"$PWD\""; } > "$state"' EXIT
"""
"""Each block is a shell of its own, which begins with the variables, functions and folder of the block before."""
_SOON_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A shell block of a page, and the output that the page shows for it, if it does."""

    words: tuple[str, ...]
    script: str
    shown: str | None

    @property
    def status(self) -> int:
        """The exit status that the page says."""
        return next((int(word.removeprefix("status=")) for word in self.words if word.startswith("status=")), 0)


def blocks(page: str) -> Iterator[Block]:
    """The shell blocks in their order."""
    found = [(tuple(fence["words"].split()), fence["text"]) for fence in _FENCE.finditer(page)]
    for place, (words, text) in enumerate(found):
        if words[:1] == ("sh",):
            has_output = place + 1 < len(found) and found[place + 1][0] == ("output",)
            yield Block(words=words, script=text, shown=found[place + 1][1] if has_output else None)


def looks_like(shown: str, output: str) -> bool:
    """Whether the output is what the page shows."""
    lines = (
        "(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.rstrip().split("…"))) + " *\n"
        for line in shown.strip("\n").split("\n")
    )
    return re.fullmatch("".join(lines), output.strip("\n") + "\n") is not None


class Reader:
    """Someone who follows a page in a folder beside a running service, word by word."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._folder = folder
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
        self._environment |= {"COLUMNS": "120", "TERM": "dumb"}
        (folder / ".venv").mkdir()
        (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        (folder / "examples").symlink_to(ROOT / "examples")

    def follow(self, page: str) -> None:
        """Run every block; AssertionError with what came out where that is not what the page shows."""
        for block in blocks(page):
            if "start" not in block.words:
                self._run(block)

    def _run(self, block: Block) -> None:
        until = time.monotonic() + (_SOON_SECONDS if "soon" in block.words else 0)
        while True:
            done = subprocess.run(
                ["bash", "-c", _KEEP_STATE + self._of_service(block.script)],
                cwd=self._folder,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            output = self._of_page(done.stdout)
            if done.returncode == block.status and (block.shown is None or looks_like(block.shown, output)):
                return
            if time.monotonic() > until:
                raise AssertionError(
                    f"$ {block.script}\nexit status {done.returncode}\n{output}\n{done.stderr}\nThe page shows:\n"
                    f"{block.shown}"
                )
            time.sleep(0.2)

    def _of_service(self, text: str) -> str:
        return text.replace("8443", str(self._service.api_port)).replace("8444", str(self._service.app_port))

    def _of_page(self, text: str) -> str:
        return text.replace(str(self._service.api_port), "8443").replace(str(self._service.app_port), "8444")


FollowPage = Callable[[str], None]


@pytest.fixture
def beside_a_service(tmp_path: Path) -> Iterator[Callable[..., FollowPage]]:
    """Takes the data folder's name and MILEPOST_ settings, starts the service, gives what follows a page beside it."""
    with ExitStack() as stack:

        def start(data: str, **environment: str) -> FollowPage:
            service = stack.enter_context(running_service(tmp_path / data, tls="auto", environment=environment))
            return Reader(service, tmp_path).follow

        yield start


@pytest.fixture(scope="module")
def trial_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for many pages; none of them may count on another."""
    with running_service(tmp_path_factory.mktemp("shared") / "trial", tls="auto") as service:
        yield service


@pytest.fixture
def follow(trial_service: Service, tmp_path: Path) -> FollowPage:
    """Follows a page in a folder of its own, where the shared service's data folder is `trial`."""
    (tmp_path / "trial").symlink_to(trial_service.data)
    return Reader(trial_service, tmp_path).follow
