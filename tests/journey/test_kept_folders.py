"""Data folders of earlier versions open under this one and say the same, also when starting is interrupted.

The folders, and the script that makes them, are in `tests/kept`.
"""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from milepost.testing.service import Service, running_service

KEPT = Path(__file__).parents[1] / "kept"
FOLDERS = sorted(path.name.removesuffix(".tar.xz") for path in KEPT.glob("*.tar.xz"))
SECONDS_TO_KILL_AFTER = (0.2, 0.6, 1.0, 1.4, 1.8, 2.4, 3.0, 4.0)


def _make_folder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_folder", KEPT / "make_folder.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _differences(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """Where what was said before is no longer said; members that were added since are no difference."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            if name not in now:
                yield f"{path}.{name} is gone"
            else:
                yield from _differences(value, now[name], f"{path}.{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif _at_any_time(before) != _at_any_time(now):
        yield f"{path} was {json.dumps(before)[:300]}, is {json.dumps(now)[:300]}"


def _at_any_time(value: Any) -> Any:
    """A sentence says the same a day later."""
    return re.sub(r"\d+ days? ago", "some days ago", value) if isinstance(value, str) else value


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_an_earlier_version_opens_after_interrupted_starts_and_says_the_same(
    name: str, tmp_path: Path
) -> None:
    make_folder = _make_folder()
    with tarfile.open(KEPT / f"{name}.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    for seconds in SECONDS_TO_KILL_AFTER:
        _start_and_kill(tmp_path / "data", seconds, make_folder.ENVIRONMENT)
    with running_service(tmp_path / "data", environment=make_folder.ENVIRONMENT) as service:
        now = make_folder.answers(service)
    before = json.loads((KEPT / f"{name}.json").read_text())
    assert list(_differences(before, now)) == []


def _start_and_kill(data: Path, seconds: float, environment: dict[str, str]) -> None:
    """Kill -9 everything at a moment of the start; the children die with their supervisor."""
    service = Service(data=data, environment=environment)
    service.start(is_awaited=False)
    time.sleep(seconds)
    assert service.process is not None
    service.process.send_signal(signal.SIGKILL)
    service.process.wait(10)
