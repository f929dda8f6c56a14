"""Where a connection stands."""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where a connection stands."""

    HEAD = auto()  # between two requests, or in the head of one
    BODY = auto()  # in the body of a request that the application wants
    ANSWERING = auto()  # the application has it whole
    LINGER = auto()  # answered early; the rest of the body is dropped
    CLOSED = auto()  # answered for the last time; whatever still comes is dropped


HEAD, BODY, ANSWERING, LINGER, CLOSED = State
