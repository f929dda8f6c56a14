"""Every refusal of the console API in one shape: application/problem+json after RFC 9457.

`{title, status, code, detail, faults: [{path, reason}]}`; `code` is stable and for programs, `detail` is for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from milepost.domain.errors import (
    Fault,
    MilepostError,
    PreconditionFailedError,
    TooManyAttemptsError,
    UnauthenticatedError,
    UnavailableError,
)
from milepost.observe.logs import logger

_log = logger("web")

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_content_type"}
_MOST_FAULTS = 20


class ProblemFault(BaseModel):
    """One thing wrong with the input: where, and why."""

    path: str
    reason: str


class Problem(BaseModel):
    """Why a request was refused."""

    title: str
    status: int
    code: str
    detail: str
    faults: list[ProblemFault]
    current: dict[str, Any] | None = Field(default=None, description="With 412: what is there now.")
    submitted: dict[str, Any] | None = Field(default=None, description="With 412: what was sent, read and completed.")


def add_error_handlers(app: FastAPI) -> None:
    """Let every error of the app leave in the one shape."""
    app.add_exception_handler(MilepostError, _on_milepost_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_surprise)


def problem(
    status: int,
    code: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    *,
    versions: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """The response for a refusal."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        faults=[ProblemFault(path=fault.path, reason=fault.reason) for fault in faults[:_MOST_FAULTS]],
        **(versions or {}),
    )
    return JSONResponse(
        body.model_dump(exclude_unset=True), status_code=status, headers=headers, media_type="application/problem+json"
    )


async def _on_milepost_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MilepostError)
    return answer_to(error)


def answer_to(error: MilepostError) -> JSONResponse:
    """What its caller gets."""
    headers: dict[str, str] = {}
    if isinstance(error, UnauthenticatedError):
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, (UnavailableError, TooManyAttemptsError)):
        headers["retry-after"] = str(error.retry_after_seconds)
    versions = None
    if isinstance(error, PreconditionFailedError):
        versions = {"current": error.current, "submitted": error.submitted}
    return problem(error.status, error.code, error.message, error.faults, headers, versions=versions)


async def _on_validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):
        return problem(415, _CODES[415], "The body must be JSON, with content-type: application/json.")
    faults = _together([_fault(one, error.body) for one in error.errors() if not _is_echo(one)])
    return problem(400, "invalid_input", "The input is not valid; each fault says where and why.", faults)


async def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    return problem(error.status_code, code, _sentence(error), headers=error.headers)


async def _on_surprise(request: Request, error: Exception) -> JSONResponse:
    _log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    return problem(500, "internal_error", "Something went wrong on our side; it is in the server's log.")


def _sentence(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "Nothing is at this address; GET /api/docs lists what is."
        case 405:
            return "This address does not take that method; GET /api/docs lists what it takes."
        case _:
            return str(error.detail)


_IN_OUR_WORDS: Final = {
    "model_attributes_type": "must be an object",
    "union_tag_not_found": "must be an object whose member {discriminator} says which kind it is",
    "union_tag_invalid": "has {tag!r} as {discriminator}; the kinds are {expected_tags}",
    "too_short": "must have at least {min_length} of them, not {actual_length}",
    "string_type": "must be a text",
    "int_type": "must be a number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "int_parsing": "must be a number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
}
"""For what Pydantic says in words of its own making."""


def _fault(one: Mapping[str, Any], body: Any) -> Fault:
    if one["type"] == "json_invalid":
        return Fault(path="", reason=f"is not JSON: {one['ctx']['error']} at character {one['loc'][-1]}")
    words = _IN_OUR_WORDS.get(one["type"])
    reason = str(one["msg"]).removeprefix("Value error, ") if words is None else words.format(**one.get("ctx", {}))
    return Fault(path=_path(one["loc"], body, is_missing=one["type"] == "missing"), reason=reason)


_MUST_BE: Final = "must be "


def _together(faults: Sequence[Fault]) -> list[Fault]:
    """One fault for each place: where a value may be of several types, Pydantic has one for each that it is not.

    Of a list that may stand there the entries' faults are enough.
    """
    by_path: dict[str, list[str]] = {}
    for fault in faults:
        reasons = by_path.setdefault(fault.path, [])
        if fault.reason not in reasons:
            reasons.append(fault.reason)
    return [
        Fault(path=path, reason=reason)
        for path, reasons in by_path.items()
        if len(reasons) == 1 or not any(other.startswith(f"{path}[") for other in by_path)
        for reason in _alternatives(reasons)
    ]


def _alternatives(reasons: Sequence[str]) -> Sequence[str]:
    if len(reasons) > 1 and all(reason.startswith(_MUST_BE) for reason in reasons):
        return [_MUST_BE + " or ".join(reason.removeprefix(_MUST_BE) for reason in reasons)]
    return reasons


def _is_echo(one: Mapping[str, Any]) -> bool:
    """Pydantic counts good entries alone, so that of a list with a bad one it also says that it is too short."""
    return one["type"] == "too_short" and bool(len(one["input"]) >= one["ctx"]["min_length"])


def _path(location: Sequence[int | str], body: Any, *, is_missing: bool) -> str:
    """`fields[0].name` for ("body", "fields", 0, "name"), without the types that Pydantic puts in between.

    A place is in the body, but for what is missing there, which comes last.
    """
    source, *steps = location
    if source != "body":
        return _joined([step for place, step in enumerate(steps) if place == 0 or isinstance(step, int)])
    missing = [steps.pop()] if is_missing and steps else []
    inside, places, after_type = body, list[int | str](), False
    for step in steps:
        after_type = _is_type(step, inside, after_type)
        if not after_type:
            places.append(step)
            inside = _step_into(inside, step)
    return _joined(places + missing)


def _is_type(step: int | str, inside: Any, after_type: bool) -> bool:
    """Whether this is no step into the value, but Pydantic's word for what it took the value to be."""
    match inside:
        case dict():
            return step not in inside or (inside.get("kind") == step and not after_type)
        case list():
            return not isinstance(step, int)
        case _:
            return True


def _joined(places: Sequence[int | str]) -> str:
    return "".join(f"[{place}]" if isinstance(place, int) else f".{place}" for place in places).removeprefix(".")


def _step_into(inside: Any, step: int | str) -> Any:
    if isinstance(inside, dict) and isinstance(step, str):
        return inside.get(step)
    if isinstance(inside, list) and isinstance(step, int) and step < len(inside):
        return inside[step]
    return None
