"""Reads any program's text file as lines of UTF-8: it unpacks gzip, converts UTF-16, and knows every kind of line end.

A file that is not text is refused once, with the advice how to save it.
"""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from models.errors import Refused
from workflows.intake.files.textfiles import open_to_read

CHUNK = 1 << 16
BEGINNING = 10_000  # bytes that are kept of a line that is too long
# Packing shrinks a table to a twentieth. A file that grows past both of these was made to fill a disk.
UNPACKED_FREELY, RATIO = 64 << 20, 200
SAVE_AS = "Open it in the program that wrote it and save it as \u201cCSV UTF-8\u201d, with dates as YYYY-MM-DD."
UNPACK = "Unpack it first, and give the file that was inside."
# What a file is, and what to do with it, by its first bytes.
NO_TEXT: dict[bytes, tuple[str, str]] = {
    b"PK\x03\x04": ("a workbook (.xlsx, .ods) or another zip archive", SAVE_AS),
    b"PK\x05\x06": ("an empty zip archive", UNPACK),
    b"\xd0\xcf\x11\xe0": ("an old workbook (.xls), or one with a password", SAVE_AS),
    b"\x00\x01\x00\x00Standard": ("an Access database (.mdb, .accdb)", SAVE_AS),
    b"SQLite format 3\x00": ("an SQLite database", SAVE_AS),
    b"$FL2": ("an SPSS file (.sav)", SAVE_AS),
    b"$FL3": ("an SPSS file (.zsav)", SAVE_AS),
    b"PAR1": ("a Parquet file", SAVE_AS),
    b"%PDF": ("a PDF", SAVE_AS),
    b"7z\xbc\xaf": ("a 7z archive", UNPACK),
    b"Rar!": ("a rar archive", UNPACK),
    b"BZh": ("packed with bzip2", UNPACK),
    b"\xfd7zXZ": ("packed with xz", UNPACK),
    b"\x28\xb5\x2f\xfd": ("packed with zstd", UNPACK),
    b"\xff\xfe\x00\x00": ("in UTF-32", SAVE_AS),
    b"\x00\x00\xfe\xff": ("in UTF-32", SAVE_AS),
    b"<": ("a web page or XML", SAVE_AS),
}


class Line(NamedTuple):
    """A line without its line end; of one that is too long, `raw` holds only the beginning and `whole` is False."""

    number: int
    raw: bytes
    whole: bool = True


@contextmanager
def open_text(path: Path) -> Iterator[io.BufferedReader]:
    """Opens a file as bytes of UTF-8. Raises Refused where it cannot be read or is not text."""
    with open_to_read(path) as raw:
        # The buffer shows a whole block at the beginning, even of a pipe.
        file: io.BufferedReader = raw if raw.seekable() else io.BufferedReader(Bounded(raw, sys.maxsize), CHUNK)
        try:
            yield as_utf8(unpacked(file, path.stat().st_size))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Refused(
                "damaged",
                f"{path} is damaged: it cannot be unpacked to its end. Give the whole file again; what was taken is "
                "not taken twice.",
            ) from None


def unpacked(file: io.BufferedReader, size: int) -> io.BufferedReader:
    """The content of a file that is packed with gzip; any other file as it is."""
    if not file.peek(2).startswith(b"\x1f\x8b"):
        return file
    return io.BufferedReader(Bounded(gzip.GzipFile(fileobj=file), max(UNPACKED_FREELY, RATIO * size)), CHUNK)


class Bounded(io.RawIOBase):
    """A stream that refuses to give more than `most` bytes: an honest file does not unpack to more."""

    def __init__(self, inner: io.BufferedIOBase, most: int) -> None:
        self.inner, self.left = inner, most

    def readable(self) -> bool:
        """Readable, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Reads the next bytes. Raises Refused after `most` of them."""
        count = self.inner.readinto(buffer)
        self.left -= count
        if self.left < 0:
            raise Refused("too_large", f"What was packed is more than {RATIO} times as long as the file. {UNPACK}")
        return count


class Transcoded(io.RawIOBase):
    """A stream that gives a file of UTF-16 as UTF-8."""

    def __init__(self, inner: io.BufferedReader, encoding: str) -> None:
        self.inner, self.decoder, self.rest = inner, codecs.getincrementaldecoder(encoding)(), b""

    def readable(self) -> bool:
        """Readable, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Reads the next bytes. Raises Refused where they are not UTF-16."""
        while not self.rest:
            read = self.inner.read1(CHUNK)
            try:
                self.rest = self.decoder.decode(read, final=not read).encode()
            except UnicodeError:
                raise Refused("not_utf16", f"The file begins as UTF-16 and does not go on so. {SAVE_AS}") from None
            if not read:
                break
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


def as_utf8(file: io.BufferedReader) -> io.BufferedReader:
    """The file's text as UTF-8. Raises Refused where it is not text."""
    head = file.peek()
    for beginning, (kind, advice) in NO_TEXT.items():
        if head.startswith(beginning):
            raise Refused("no_text", f"The file is {kind}, which is not read here. {advice}")
    head = head[:8]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.BufferedReader(Transcoded(file, "utf-16"), CHUNK)
    if head.startswith(codecs.BOM_UTF8):
        file.read(len(codecs.BOM_UTF8))
    # UTF-16 without a mark: the first letters of a header or of JSON are ASCII, so every other byte is 0.
    if len(head) >= 4 and (head[1::2].strip(b"\0") == b"") != (head[::2].strip(b"\0") == b""):
        return io.BufferedReader(Transcoded(file, "utf-16-le" if head[1] == 0 else "utf-16-be"), CHUNK)
    return file


def lines_of(file: BinaryIO, most: int) -> Iterator[Line]:
    """The lines of a text with any kind of line end (LF, CR LF, CR), each cut where it is longer than `most` bytes."""
    number, rest, dropped = 0, b"", False
    while chunk := file.read(CHUNK):
        lines = (rest + chunk).splitlines(keepends=True)
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()  # after a CR, its LF may begin the next chunk
        for line in lines:
            number += 1
            yield cut_line(number, line.rstrip(b"\r\n"), most, dropped)
            dropped = False
        if len(rest) > most + 1:
            rest, dropped = rest[:BEGINNING] + b"\r" * rest.endswith(b"\r"), True
    if rest:
        yield cut_line(number + 1, rest.rstrip(b"\r"), most, dropped)


def cut_line(number: int, raw: bytes, most: int, dropped: bool) -> Line:
    """The line, cut where it is too long; `dropped` says that a part of it was skipped already."""
    return Line(number, raw[:BEGINNING], False) if dropped or len(raw) > most else Line(number, raw)
