"""Refusals of what stands in a request, before its handler runs: who is not known at all is told that first."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from milepost.domain.errors import InvalidInputError
from milepost.web.auth import identify


async def refuse(request: Request, refusal: InvalidInputError) -> None:
    """Raise it; of an address that asks who is calling, UnauthenticatedError for a caller who is not known."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and any(one.call is identify for one in _dependants(route.dependant)):
        await run_in_threadpool(identify, request, request.app.state.deps)
    raise refusal


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _dependants(one)
