"""The last word of a process whose main has broken: one line of its log, with the trace."""

from __future__ import annotations

from milepost.observe.logs import logger

_log = logger("child")


def say_it_broke() -> None:
    """To be called while the exception is handled."""
    _log.exception("process_broke")
