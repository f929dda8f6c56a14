"""Two people who edit one thing: every answer about it carries its version, and a write may say which one it changes.

Gives the ETag of what is answered; refuses a write with PreconditionFailedError where `If-Match` names another version.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from milepost.domain.errors import PreconditionFailedError

_M = TypeVar("_M", bound=BaseModel)
_TAG_DIGITS: Final = 32


class Version:
    """Of the one thing that a request is about; a dependency of its route."""

    def __init__(
        self,
        request: Request,
        response: Response,
        if_match: Annotated[
            str | None,
            Header(description="The ETag of what is changed: 412 with both versions if it has changed since."),
        ] = None,
    ) -> None:
        self._response = response
        lines = request.headers.getlist("if-match")  # several of them are one list
        self._wanted = None if if_match is None else [tag.strip() for tag in ",".join(lines).split(",")]

    def require(self, current: BaseModel, submitted: BaseModel | None = None, *, of: BaseModel | None = None) -> None:
        """PreconditionFailedError unless `If-Match` is absent, `*`, or names what is there now.

        `of` is the part of `current` whose version counts, as given to `tagged`.
        """
        if self._wanted is None or self._wanted == ["*"]:
            return
        tag = _tag(of or current)
        if tag in self._wanted:
            return
        if f"W/{tag}" in self._wanted:
            said = "If-Match has the weak form of the ETag, which never matches; something on the way has made it weak."
        elif tag.strip('"') in self._wanted:
            said = "If-Match has the ETag without its quotes, which are a part of it."
        else:
            said = "Somebody has changed it since you read it. Compare both versions."
        raise PreconditionFailedError(
            f"{said} Send what should stand with the ETag {tag} as If-Match.",
            current=current.model_dump(mode="json"),
            submitted=None if submitted is None else submitted.model_dump(mode="json"),
        )

    def tagged(self, answer: _M, *, of: BaseModel | None = None) -> _M:
        """The answer, whose ETag header is the version of it or of the part `of` that people edit."""
        self._response.headers["etag"] = _tag(of or answer)
        return answer


Versioned = Annotated[Version, Depends(Version)]


def _tag(model: BaseModel) -> str:
    return f'"{sha256(model.model_dump_json().encode()).hexdigest()[:_TAG_DIGITS]}"'
