"""What a process is at, noted in a file: all that is left to say of one that a library has crashed.

Takes a few words, which name the place on disk that is worked on; nothing that goes wrong here ends anything.
"""

from __future__ import annotations

from pathlib import Path

from milepost.observe.unharmed import unharmed

_file: Path | None = None


def note_stages(file: Path) -> None:
    """From now on, in this file."""
    global _file  # noqa: PLW0603  # a process is at one stage
    _file = file


def at_stage(words: str) -> None:
    """To be said before the step that may crash; nothing where nobody asked for it."""
    if _file is not None:
        with unharmed("the stage"):
            _file.write_text(words)


def read_stage(file: Path) -> str:
    """What was said last; "starting" if nothing was."""
    try:
        return file.read_text(errors="replace") or STARTING
    except OSError:
        return STARTING


STARTING = "starting"
