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
            tree = self._tree
            for step in path:
                tree = tree.setdefault(step, {})

    def __call__(self, payload: bytes) -> bytes:
        """The reduced payload, an object as it was."""
        return bytes(self._reduced(msgspec.Raw(payload), self._tree, ()))

    def _reduced(self, raw: msgspec.Raw, tree: _Tree, path: Steps) -> msgspec.Raw:
        match bytes(raw).lstrip()[:1]:
            case b"{":
                members = _members(raw)
                kept = {
                    name: self._reduced(members[name], tree[name], (*path, name)) for name in tree if name in members
                }
                return msgspec.Raw(_encode(kept))
            case b"[" if tree:
                return self._array(_elements(raw), tree, path)
            case _:
                return self._leaf(raw, path)

    def _array(self, elements: list[msgspec.Raw], tree: _Tree, path: Steps) -> msgspec.Raw:
        """Elements that no path leads into become null, as far as places have to stay what they are."""
        kept = {
            int(step): self._reduced(elements[int(step)], tree[step], (*path, step))
            for step in tree
            if is_index(step) and int(step) < len(elements)
        }
        places = range(max(kept, default=-1) + 1)
        return msgspec.Raw(_encode([kept.get(place) for place in places]))

    def _leaf(self, raw: msgspec.Raw, path: Steps) -> msgspec.Raw:
        """A value that is read; of an object that is read as a whole, only that it is there."""
        pseudonym = self._pseudonyms.get(to_text(_value(raw)) or "") if path in self._identities else None
        if pseudonym is None:
            return raw
        is_text = bytes(raw).lstrip().startswith(b'"') or to_number(pseudonym) is None
        return msgspec.Raw(_encode(pseudonym) if is_text else pseudonym.encode())
