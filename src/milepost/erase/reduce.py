"""Anonymised payloads: what signals read of one, with pseudonyms for identifying values, and nothing else. Pure.

Takes a payload as it was sent and the paths to keep; what is kept keeps its bytes, so that it reads as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from milepost.criteria.convert import is_index, to_number, to_text
from milepost.erase.rules import Steps

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

_Tree = dict[str, Any]
"""Steps to what is kept, each with a tree of its own; an empty one keeps the whole value."""


class Reduction:
    """How payloads of one connection and event key are reduced. `identities` are the paths that get pseudonyms."""

    def __init__(self, kept: Iterable[Steps], identities: Iterable[Steps], pseudonyms: Mapping[str, str]) -> None:
        self._identities = frozenset(identities)
        self._pseudonyms = pseudonyms
        self._tree: _Tree = {}
        for path in (*kept, *self._identities):  # where one leads into the value of another, that alone is kept
