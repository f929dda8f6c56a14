"""Where an interrupted sending was: how far it got, and which records were refused, in two small files per sending.

Whatever moment it is killed at, what was counted is kept: refused records are on disk before they are counted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from milepost.cli.send.layout import BadRecord


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sending got: records dealt with, by their fate, and the length of the list of refused ones."""

    done: int = 0
    accepted: int = 0
    refused: int = 0
    refused_bytes: int = 0


class Resume:
    """`identity` names the sending: the same file to the same place, read the same way."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / identity
        self._refused = folder / f"{identity}.refused.ndjson"

    def place(self) -> Place:
        """Where to go on; the beginning, which repeats what was sent, if what is remembered cannot be read."""
        try:
            place = msgspec.json.decode(self._path.read_bytes(), type=Place)
        except (OSError, msgspec.DecodeError):
            return Place()
        length = self._refused.stat().st_size if self._refused.exists() else 0
        return place if place.accepted + place.refused == place.done and length >= place.refused_bytes else Place()

    def remember(self, place: Place, *, accepted: int, refused: Sequence[BadRecord]) -> Place:
        """The next records are dealt with: so many accepted, these refused. Gives the new place."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        length = place.refused_bytes
        if refused:
            length = self._append(place.refused_bytes, refused)
        place = Place(
            done=place.done + accepted + len(refused),
            accepted=place.accepted + accepted,
            refused=place.refused + len(refused),
            refused_bytes=length,
        )
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(place))
        draft.replace(self._path)
        return place

    def write_refused(self, place: Place, target: Path) -> None:
        """Write all refused records so far, those of earlier runs as well; nothing where there are none."""
        if not place.refused:
            return
        draft = target.with_name(f"{target.name}.part")
        with self._refused.open("rb") as kept, draft.open("wb") as file:
            left = place.refused_bytes
            while left and (piece := kept.read(min(left, 1 << 20))):
                file.write(piece)
                left -= len(piece)
        draft.replace(target)

    def forget(self) -> None:
        """The sending is complete, or begins anew."""
        self._path.unlink(missing_ok=True)
        self._refused.unlink(missing_ok=True)

    def _append(self, length: int, refused: Sequence[BadRecord]) -> int:
        """What stands behind `length` belongs to a batch that was never counted."""
        descriptor = os.open(self._refused, os.O_CREAT | os.O_RDWR, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            file.truncate(length)
            file.seek(length)
            for bad in refused:
                told = {"record": bad.number, "line": bad.line, "reason": bad.reason, "text": bad.text}
                file.write(json.dumps(told).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
