"""What programs write, as lines of UTF-8."""

import gzip
import io
import os
import threading
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from models.errors import Refused
from workflows.intake.files import sources
from workflows.intake.files.sources import CHUNK, Line, lines_of, open_text

TEXT = "key;ville\r\n1;\u0641\u0627\u0633\r\n"


def read(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with open_text(path) as file:
        return file.read().decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_text_is_the_same_in_utf_8_and_utf_16_with_a_mark_or_without_packed_or_not(
    tmp_path: Path, encoding: str, packed: bool
) -> None:
    content = TEXT.encode(encoding)
    assert read(tmp_path / "file", gzip.compress(content) if packed else content) == TEXT


def test_a_long_text_in_utf_16_is_read_to_its_end(tmp_path: Path) -> None:
    text = "\U0001f600\u0641" * CHUNK
    assert read(tmp_path / "file", b"\xff\xfe" + text.encode("utf-16-le")) == text


def a_workbook() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (a_workbook(), "CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "CSV UTF-8"),
        (b"%PDF-1.7", "CSV UTF-8"),
        (b"<html>", "CSV UTF-8"),
        (b"BZh91AY", "Unpack"),
        (b"\0\1\0\0Standard Jet DB\0", "CSV UTF-8"),
        (b"SQLite format 3\0\x10", "CSV UTF-8"),
        (b"$FL2@(#) IBM", "CSV UTF-8"),
        (b"PAR1\x15\x04", "CSV UTF-8"),
        (b"\xfd7zXZ\0", "Unpack"),
        (TEXT.encode("utf-32"), "CSV UTF-8"),
        (TEXT.encode("utf-16") + b"x", "CSV UTF-8"),
        (gzip.compress(a_workbook()), "CSV UTF-8"),
        (gzip.compress(TEXT.encode() * 99)[:-20], "damaged"),
        (b"\x1f\x8bnothing", "damaged"),
    ],
    ids=range(15),  # two of them hold the time
)
def test_what_is_no_text_is_refused_once_with_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(tmp_path / "file", content)


def test_what_was_packed_to_fill_a_disk_is_refused_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "UNPACKED_FREELY", 1_000_000)
    with pytest.raises(Refused, match="200 times"):
        read(tmp_path / "file", gzip.compress(b"\0\n" * 5_000_000))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_are_counted_whatever_ends_them_wherever_a_chunk_ends(
    end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in range(1, 12):
        monkeypatch.setattr(sources, "CHUNK", size)
        assert list(lines_of(io.BytesIO(end.join([b"ab", b"", b"cde", b"f"])), 5)) == [
            Line(1, b"ab"),
            Line(2, b""),
            Line(3, b"cde"),
            Line(4, b"f"),
        ]
        assert list(lines_of(io.BytesIO(b"ab" + end), 5)) == [Line(1, b"ab")]


def test_of_a_line_that_is_too_long_the_beginning_is_kept_and_the_next_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "BEGINNING", 2)
    for size in range(1, 20):
        monkeypatch.setattr(sources, "CHUNK", size)
        for end in (b"\n", b"\r\n", b"\r"):
            found = list(lines_of(io.BytesIO(b"abcde" + end + b"abcdefghijk" + end + b"xy" + end + b"abcdefg"), 5))
            assert found == [Line(1, b"abcde"), Line(2, b"ab", False), Line(3, b"xy"), Line(4, b"ab", False)]


def test_a_line_of_a_hundred_megabytes_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.writelines(b"x" * 1_000_000 for _ in range(100))
        file.write(b"\nnext\n")
    tracemalloc.start()
    try:
        with open_text(path) as file:
            assert [(line.number, line.whole) for line in lines_of(file, 1_000_000)] == [(1, False), (2, True)]
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_of_a_pipe_the_whole_first_block_is_seen_however_slowly_it_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def trickle() -> None:
        with pipe.open("wb", buffering=0) as file:
            for letter in TEXT.encode():
                file.write(bytes([letter]))
                time.sleep(0.001)

    writer = threading.Thread(target=trickle)
    writer.start()
    with open_text(pipe) as file:
        assert file.peek() == TEXT.encode()
    writer.join()
