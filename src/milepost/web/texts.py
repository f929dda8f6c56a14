"""Refuses what no text can be, in every body, address and query of the console API, before anything else reads it."""

from __future__ import annotations

from json import JSONDecodeError

from fastapi import Request
from fastapi.routing import APIRoute

from milepost.domain.errors import Fault, InvalidInputError
from milepost.domain.text import first_text_fault, text_fault
from milepost.web.callers_first import refuse

_SIGNS = (b"\\u", b"\xed", b"\x00")
"""What a body must have that is to be looked through: an escape, half a letter as bytes, or another encoding."""


async def check_texts(request: Request) -> None:
    """InvalidInputError that names the place; see `domain/text.py` for the rule."""
    for name, value in (*request.query_params.multi_items(), *request.path_params.items()):
        if fault := text_fault(name):
            await refuse(request, _refusal("", f"a parameter whose name {fault}"))
        if isinstance(value, str) and (fault := text_fault(value)):
            await refuse(request, _refusal(name, fault))
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None:
        return
    body = await request.body()
    if not any(sign in body for sign in _SIGNS):
        return
    try:
        found = first_text_fault(await request.json())
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        return  # which is told as what it is
    if found is not None:
        await refuse(request, _refusal(*found))


def _refusal(path: str, reason: str) -> InvalidInputError:
    return InvalidInputError(
        "The input is not valid; each fault says where and why.", faults=(Fault(path=path, reason=reason),)
    )
