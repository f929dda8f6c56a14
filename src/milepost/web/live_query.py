"""What the live tails take from a request: where to begin, and one of the places that there are for streams.

Refuses a position that is none (InvalidInputError), and one stream more than there may be (UnavailableError).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import Depends, Header, Query

from milepost.domain.errors import Fault, InvalidInputError
from milepost.store.position import Position
from milepost.web.deps import Deps
from milepost.web.live import TailStart


def tail_start(
    *,
    after: Annotated[str | None, Query(description="Go on after this `id`; from now on unless given.")] = None,
    last: Annotated[int, Query(ge=0, le=500, description="Begin with the latest so many, if no `id` is given.")] = 0,
    last_event_id: Annotated[str | None, Header(description="As `after`, and goes before it.")] = None,
) -> TailStart:
    """Where to begin. The header goes first: a browser that connects again sends it with the old address."""
    given, name = (last_event_id, "Last-Event-ID") if last_event_id else (after, "after")
    try:
        return TailStart(after=Position.parse(given) if given else None, last=last)
    except ValueError as error:
        raise InvalidInputError(
            "This is no place to go on from.", faults=(Fault(path=name, reason=str(error)),)
        ) from None


async def _tail(deps: Deps) -> AsyncIterator[None]:
    async with deps.live.tails.take():
        yield


async def _export(deps: Deps) -> AsyncIterator[AsyncExitStack]:
    async with deps.live.exports.take(), AsyncExitStack() as stack:
        yield stack


Start = Annotated[TailStart, Depends(tail_start)]
TailPlace = Annotated[None, Depends(_tail)]
ExportPlace = Annotated[AsyncExitStack, Depends(_export)]
"""Ends with the answer, however that ends, and lets go of what was put on it."""
