"""Query parameters that an address does not take are refused: a mistyped filter would show everything, in silence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from milepost.domain.errors import Fault, InvalidInputError
from milepost.web.callers_first import refuse


async def refuse_unknown_parameters(request: Request) -> None:
    """InvalidInputError with a fault for each; a dependency of every route."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = tuple(sorted(set(_names(route.dependant))))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        faults = tuple(Fault(path=name, reason=_reason(name, known)) for name in unknown)
        await refuse(
            request, InvalidInputError("The query has parameters that this address does not take.", faults=faults)
        )


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for dependency in dependant.dependencies:
        yield from _names(dependency)


def _reason(name: str, known: tuple[str, ...]) -> str:
    if close := difflib.get_close_matches(name, known, n=1):
        return f"is not known here; did you mean {close[0]}?"
    return f"is not known here; there are: {', '.join(known)}" if known else "is not known here; there are none"
