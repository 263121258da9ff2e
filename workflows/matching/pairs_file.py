"""Scores a file of pairs of names: tab-separated, first line `arabic`, `latin` or `a`, `b`, in any order, among others.

The scored file has the same rows in the same order, as they stand, with a column `score` behind. It appears whole or
not at all: rows go into a file beside it, which takes its place at the end.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkstemp
from typing import IO, NamedTuple

from models.errors import Refused
from workflows.intake.files.textfiles import open_to_read, refuse_unwritable
from workflows.matching.score import score
from workflows.matching.words import name_of

COLUMNS = (("arabic", "latin"), ("a", "b"))
SCORE = "score"
LONGEST_LINE = 1 << 20  # bytes
BOM = "\ufeff"


class Scored(NamedTuple):
    """What became of a file: where its scores are, how many rows it had, and in how many a name has no letter."""

    output: Path
    rows: int
    nameless: int


class Header(NamedTuple):
    """The first line: how many columns there are, and at which places the names stand."""

    width: int
    first: int
    second: int


def score_file(path: Path) -> Scored:
    """Scores every row. Raises Refused, with the line and what to do, and leaves no output behind."""
    output = scored_path(path)
    with open_to_read(path) as lines:
        texts = decoded(lines)
        _, text = next(texts, (1, ""))
        header = read_header(text)
        with refuse_unwritable(output):
            descriptor, beside = mkstemp(prefix=f".{output.name}.", dir=output.parent)
        try:
            with refuse_unwritable(output), os.fdopen(descriptor, "wb") as file:
                write(file, f"{text}\t{SCORE}")
                rows, nameless = write_rows(file, header, texts)
                file.flush()
                os.fsync(file.fileno())
                os.replace(beside, output)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    return Scored(output, rows, nameless)


def scored_path(path: Path) -> Path:
    """FILE.tsv becomes FILE.scored.tsv; a file of another name keeps it whole."""
    return path.with_name(f"{path.name.removesuffix('.tsv')}.scored.tsv")


def write_rows(file: IO[bytes], header: Header, texts: Iterator[tuple[int, str]]) -> tuple[int, int]:
    """Writes each row with its score; gives how many there are, and how many have a name without letters."""
    rows = nameless = 0
    for number, text in texts:
        cells = text.split("\t")
        if len(cells) != header.width:
            raise Refused("broken_line", broken(number, len(cells), header.width))
        one, other = cells[header.first], cells[header.second]
        write(file, f"{text}\t{score(one, other):.6f}")
        rows += 1
        nameless += not name_of(one).words or not name_of(other).words
    return rows, nameless


def broken(number: int, found: int, wanted: int) -> str:
    """The sentence for a row with too few or too many cells."""
    return (
        f"Line {number} has {found} cells and the first line has {wanted}: give each row a cell for each column, with "
        "one tab between two, and give the file again. Nothing was written."
    )


def write(file: IO[bytes], row: str) -> None:
    """Writes one row."""
    file.write(f"{row}\n".encode())


def decoded(lines: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Each line with its number, without its end. Raises Refused for a line that is too long or no UTF-8."""
    number = 0
    while raw := lines.readline(LONGEST_LINE):
        number += 1
        if len(raw) == LONGEST_LINE:
            raise Refused(
                "long_line", f"Line {number} is longer than {LONGEST_LINE:,} bytes: no row with two names is."
            )
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise Refused(
                "not_utf8", f"Line {number} is not UTF-8: save the file as UTF-8, and give it again."
            ) from None
        text = text.removesuffix("\n").removesuffix("\r")
        yield number, text.removeprefix(BOM) if number == 1 else text


def read_header(text: str) -> Header:
    """Where the names stand. Raises Refused where a column is missing, or there twice."""
    names = text.split("\t")
    if SCORE in names:
        raise Refused("scored", f"Line 1 has a column {SCORE!r} already: take it out, or give another file.")
    for first, second in COLUMNS:
        if first in names or second in names:
            for name in (first, second):
                if names.count(name) != 1:
                    what = "is missing" if name not in names else "is there twice"
                    raise Refused("column_missing", f"Line 1: the column {name!r} {what}; a row has one of each name.")
            return Header(len(names), names.index(first), names.index(second))
    raise Refused(
        "column_missing",
        "Line 1 names no columns: it must hold `arabic` and `latin`, or `a` and `b`, with a tab between them.",
    )
