"""Text out of a file or an upload: takes bytes as they are stored; gives lines, with the packing and encoding found.

Refuses with InvalidInputError what is no text: a workbook, an archive of several files, a damaged one.
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final, cast

from milepost.domain.errors import Fault, InvalidInputError

_Open = Callable[[], AbstractContextManager[IO[bytes]]]
"""Opens the bytes of a text, from their beginning."""

_CHUNK_BYTES: Final = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHOWN: Final = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "cp1252": "Windows-1252"}
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_NOT_ASCII: Final = re.compile("[\u0080-\ud7ff\ue000-\U0010ffff]")
_LINE_END: Final = re.compile("\r\n|\r|\n")
_NOT_IN_CP1252: Final = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")
_OTHERS: Final = (
    (b"PAR1", "a Parquet file"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"SQLite format 3\0", "an SQLite database"),
)
_DAMAGE: Final = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """A text that can be read any number of times.

    `name` is the file's, or that of the one file in the archive. `not_utf8_line` is the first line that is not valid
    UTF-8, if any; `guess` says why the encoding is a guess, or None where it is certain.
    """

    name: str
    packing: str | None
    encoding: str
    guess: str | None
    not_utf8_line: int | None
    bytes_in: _Open

    @property
    def shown_encoding(self) -> str:
        """As people write it."""
        return _SHOWN.get(self.encoding, self.encoding.upper())

    @contextmanager
    def lines(self) -> Iterator[io.TextIOWrapper]:
        """The text, open; its line ends stay as they are. What is not valid UTF-8 comes as lone surrogates."""
        errors = "surrogateescape" if self.encoding in {"utf-8", "utf-8-sig"} else "strict"
        with _told(), self.bytes_in() as file:
            yield io.TextIOWrapper(file, encoding=self.encoding, errors=errors, newline="")


def text_of_file(path: Path, *, encoding: str | None = None) -> TextSource:
    """The text of a regular file; it is read through once, to know its encoding."""
    if not path.is_file():
        raise InvalidInputError(f"{path} is not a regular file; it is read more than once, so save it as one first.")
    return _text_of(lambda: path.open("rb"), path.name, encoding)


def text_of_bytes(content: bytes, *, most_bytes: int) -> TextSource:
    """The text of an upload, which may expand to so many bytes."""
    source = _text_of(lambda: io.BytesIO(content), "", None, most_bytes=most_bytes)
    if source.packing is None:
        return source
    with _told(), source.bytes_in() as file:
        expanded = file.read(most_bytes)
    return _text_of(lambda: io.BytesIO(expanded), source.name, None)


def _text_of(stored: _Open, name: str, encoding: str | None, *, most_bytes: int | None = None) -> TextSource:
    with _told():
        packing, name, bytes_in = _unpacked(stored, name)
        if most_bytes is not None and packing is not None:
            _require_small(bytes_in, most_bytes)
        with bytes_in() as file:
            start = file.read(4096)
        _refuse_other(start)
        marked = encoding or next((one for mark, one in _MARKS if start.startswith(mark)), None)
        if marked is not None and marked not in {"utf-8", "utf-8-sig"}:
            found: tuple[str, str | None, int | None] = (_known(marked), None, None)
        else:
            found = _examined(bytes_in, start, marked)
    return TextSource(
        name=name, packing=packing, encoding=found[0], guess=found[1], not_utf8_line=found[2], bytes_in=bytes_in
    )


def _unpacked(stored: _Open, name: str) -> tuple[str | None, str, _Open]:
    with stored() as file:
        start = file.read(4)
        if start[:2] == b"\x1f\x8b":
            return "gzip", re.sub(r"\.gz(ip)?$", "", name, flags=re.IGNORECASE), partial(_gunzipped, stored)
        if start not in {b"PK\x03\x04", b"PK\x05\x06"}:
            return None, name, stored
        with zipfile.ZipFile(file) as archive:
            members = [
                one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
            ]
        names = [one.filename for one in members]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise _unreadable("file", "is a workbook or document, not text; save the sheet as CSV in UTF-8")
    if len(members) != 1:
        raise _unreadable("file", f"is an archive of {len(members)} files; it must hold one")
    if members[0].flag_bits & 1:
        raise _unreadable("file", "is an archive with a password; unpack it first")
    return "zip", Path(names[0]).name, partial(_member, stored, names[0])


@contextmanager
def _gunzipped(stored: _Open) -> Iterator[IO[bytes]]:
    with stored() as file, gzip.GzipFile(fileobj=file) as text:
        yield cast("IO[bytes]", text)


@contextmanager
def _member(stored: _Open, name: str) -> Iterator[IO[bytes]]:
    with stored() as file, zipfile.ZipFile(file) as archive, archive.open(name) as text:
        yield text


def _require_small(bytes_in: _Open, most_bytes: int) -> None:
    with bytes_in() as file:
        size = 0
        while chunk := file.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise _unreadable("file", f"expands to more than {most_bytes // 1024 // 1024} MiB")


def _refuse_other(start: bytes) -> None:
    for magic, what in _OTHERS:
        if start.startswith(magic):
            raise _unreadable("file", f"is {what}, not text; gzip and zip are the packings that are read")


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "a".encode(name)
        b"".decode(name)
    except (LookupError, ValueError, TypeError):
        raise InvalidInputError(
            f"There is no text encoding {encoding!r}; use a name such as utf-8, utf-16, windows-1252 or latin-1."
        ) from None
    return name


def _examined(bytes_in: _Open, start: bytes, said: str | None) -> tuple[str, str | None, int | None]:
    """The encoding, why it is a guess, and the first line that is not UTF-8, of a text without another mark."""
    wide = None if said else _wide(start)
    if wide is not None:
        return wide, f"it has no byte order mark, and looks like {wide.upper()}", None
    has_others = is_in_cp1252 = True
    bad_line, has_others, lines = None, False, 1
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    with bytes_in() as file:
        is_last = False
        while not is_last:
            chunk = file.read(_CHUNK_BYTES)
            is_last = not chunk
            text = decode(chunk, is_last)
            if text.isascii():
                lines += 0 if bad_line else text.count("\n")
                continue
            if bad := _NOT_UTF8.search(text):
                bad_line = bad_line or lines + len(_LINE_END.findall(text, 0, bad.start()))
                is_in_cp1252 = is_in_cp1252 and not _NOT_IN_CP1252.search(text)
            has_others = has_others or _NOT_ASCII.search(text.removeprefix("\ufeff")) is not None
            lines += text.count("\n")
    if bad_line is None or said is not None or has_others:
        return said or "utf-8", None, bad_line
    if not is_in_cp1252:
        reason = "is neither UTF-8 nor Windows-1252; save it in UTF-8, or say its encoding"
        raise _unreadable(f"line {bad_line}", reason)
    return "cp1252", f"line {bad_line} is not UTF-8, and no other mark says what it is", bad_line


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: of Latin text every other byte is zero."""
    if len(start) < 4 or len(start) % 2:
        start = start[: len(start) // 2 * 2]
    if not start:
        return None
    even, odd = start[::2].count(0) * 2 / len(start), start[1::2].count(0) * 2 / len(start)
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.1 else None


@contextmanager
def _told() -> Iterator[None]:
    """What reading may raise, as a sentence."""
    try:
        yield
    except UnicodeError as error:
        raise _unreadable("file", f"is not the text that it seems to be: {error}") from error
    except _DAMAGE as error:
        raise _unreadable("file", f"is a damaged archive: {error}") from error
    except OSError as error:
        raise _unreadable("file", f"cannot be read: {error.strerror or error}") from error


def _unreadable(path: str, reason: str) -> InvalidInputError:
    what = "it" if path == "file" else path
    return InvalidInputError(f"The file cannot be read: {what} {reason}.", faults=(Fault(path=path, reason=reason),))
