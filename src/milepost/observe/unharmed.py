"""Watching must not end what is watched: whatever goes wrong in counting or reporting is logged and passed over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from milepost.observe.logs import logger

_log = logger("observe")


@contextmanager
def unharmed(what: str) -> Iterator[None]:
    """For a block that only observes: an error in it is logged, and what follows goes on."""
    try:
        yield
    except Exception as error:
        _log.warning("not_observed", what=what, reason=repr(error))
