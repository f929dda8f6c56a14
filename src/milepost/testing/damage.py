"""What happens to files of a data folder: every way in which one of them is lost, altered, or replaced by another.

Takes a folder, an earlier copy of it, and the folder of another account; makes damaged copies of the first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple


class Originals(NamedTuple):
    """Folders that stay as they are."""

    now: Path
    earlier: Path
    foreign: Path


class Damage(NamedTuple):
    """A file, by its name within the folder, and what happened to it."""

    name: Path
    way: str


def _empty(file: Path, _other: Path) -> None:
    file.write_bytes(b"")


def _cut(file: Path, _other: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 97 // 100])


def _flip(file: Path, _other: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _replace_by_folder(file: Path, _other: Path) -> None:
    file.unlink()
    file.mkdir()


def _replace_by_link(file: Path, _other: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def _copy(file: Path, other: Path) -> None:
    shutil.copyfile(other, file)


WAYS: Final[Mapping[str, Callable[[Path, Path], None]]] = {
    "removed": lambda file, _: file.unlink(),
    "emptied": _empty,
    "cut": _cut,
    "flipped": _flip,
    "aged": _copy,
    "a folder": _replace_by_folder,
    "a link to nothing": _replace_by_link,
    "unreadable": lambda file, _: file.chmod(0),
    "another account's": _copy,
}


def _other(originals: Originals, damage: Damage) -> Path:
    folder = {"aged": originals.earlier, "another account's": originals.foreign}.get(damage.way, originals.now)
    return folder / damage.name


def all_damages(originals: Originals) -> Iterator[Damage]:
    """Every file in every way that changes something."""
    for file in sorted(originals.now.rglob("*")):
        if not file.is_file() or file.is_symlink():
            continue
        name = file.relative_to(originals.now)
        content = file.read_bytes()
        for way in WAYS:
            other = _other(originals, Damage(name, way))
            if way in ("aged", "another account's") and not (other.is_file() and other.read_bytes() != content):
                continue
            if content or way not in ("emptied", "cut", "flipped"):
                yield Damage(name, way)


def damaged(originals: Originals, damage: Damage, target: Path, *, without: frozenset[str] = frozenset()) -> Path:
    """A copy with that damage, made at the target. Of files in the parts of the store's tables, which are never written
    again, it has further names instead of copies.
    """
    discard(target)
    for folder, folders, files in os.walk(originals.now):
        place = target / Path(folder).relative_to(originals.now)
        place.mkdir()
        if place == target:
            folders[:] = [name for name in folders if name not in without]
        is_part = "checksums.txt" in files
        for name in [*files, *(each for each in folders if Path(folder, each).is_symlink())]:
            is_final = is_part and place / name != target / damage.name
            _bring(Path(folder, name), place / name, is_final=is_final)
    WAYS[damage.way](target / damage.name, _other(originals, damage))
    return target


def _bring(file: Path, target: Path, *, is_final: bool) -> None:
    if is_final:
        os.link(file, target)
    else:
        shutil.copy2(file, target, follow_symlinks=False)


def discard(folder: Path) -> None:
    """Delete a damaged copy, if there is one."""
    for place, folders, _files in os.walk(folder):
        for name in folders:
            with suppress(OSError):
                Path(place, name).chmod(0o700, follow_symlinks=True)
    shutil.rmtree(folder, ignore_errors=True)
