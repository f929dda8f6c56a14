"""Structured logs, one JSON object a line on standard error (plain text on a terminal); never a payload or a secret."""

from __future__ import annotations

import logging
import sys
from typing import cast

import structlog


def configure_logs(process: str) -> None:
    """Set up logging for this process; `process` stands in every line."""
    on_terminal = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def logger(part: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose lines say which part of the product they come from."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(part=part))
