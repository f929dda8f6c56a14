"""Header fields as llhttp gives them, to names in lower case with their values as text; refuses a second Host."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from milepost.receive.http.errors import FramingError

_HOST: Final = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]*")


def headers_of(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """See the module; values of one name are joined by commas."""
    try:
        headers = {_key(name): value.decode().rstrip(" \t") for name, value in fields}
    except UnicodeDecodeError:
        headers = {}
    if len(headers) == len(fields):  # as nearly always: all of it UTF-8, and no name there twice
        return headers
    headers = {}
    for name, value in fields:
        key, text = _key(name), _text(value)
        if key == "host" and key in headers:
            raise FramingError("There are two Host headers.")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


@lru_cache(maxsize=256)
def is_host(text: str) -> bool:
    """Whether it may be the value of Host."""
    return _HOST.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _key(name: bytes) -> str:
    return name.decode("ascii").lower()


def _text(value: bytes) -> str:
    try:
        return value.decode().rstrip(" \t")
    except UnicodeDecodeError:
        return value.decode("latin-1").rstrip(" \t")
