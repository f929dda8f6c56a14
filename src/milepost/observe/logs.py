"""Structured logs, one JSON object a line on standard error (plain text on a terminal); never a payload or a secret."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


def configure_logs(process: str) -> None:
    """Set up logging for this process; `process` stands in every line."""
    on_terminal = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()

    def name_process(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process  # not by a context variable: those do not reach threads
        return event

    structlog.configure(
        processors=[
            name_process,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )


class _Stderr:
    """Standard error, whose failures end nobody: it may be a file on a disk that is full, or a pipe that was closed."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def logger(part: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines say which part of the product they come from."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(part=part))
