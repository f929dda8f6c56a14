"""Where an interrupted sending was: one small file per sending, replaced after each acknowledged batch."""

from __future__ import annotations

from pathlib import Path


class Resume:
    """`identity` names the sending: the same file to the same place, read the same way."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / identity

    def done(self) -> int:
        """The number of the last record that needs no sending any more; 0 at a beginning."""
        try:
            return int(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def remember(self, number: int) -> None:
        """All records up to this one are dealt with."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_text(str(number))
        draft.replace(self._path)

    def forget(self) -> None:
        """The sending is complete, or begins anew."""
        self._path.unlink(missing_ok=True)
