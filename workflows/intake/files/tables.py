"""Reads a table line by line: a row ends with its line, so that an unclosed quotation mark spoils no other row."""

import csv
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from models.errors import Refused
from workflows.bodies.text import canonical
from workflows.intake.files.jsonform import is_json
from workflows.intake.files.sources import SAVE_AS, Line

LONGEST_ROW = 100_000  # bytes; below the limit of the csv module, and far above any row of ours
SEPARATORS = ",;\t"
BLANK = f' {SEPARATORS}"'
COLUMN_NAMES = 3  # a row with so many names of columns is a header, or ends in one: no answer is a column's name
SAYS_SEPARATOR = re.compile(r'"?sep=(.)', re.IGNORECASE)  # Excel's own first line

OTHER_ENDS = re.compile("[\x85\u2028\u2029]")  # the line ends of some programs
CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0e-\x1f\x7f]")


class Header(NamedTuple):
    """The header row: the names of its columns, the separator, its line, and its cells, of which the last may be blank.

    `width` counts the blank ones, too: spreadsheets add columns without a name.
    """

    names: list[str]
    separator: str
    line: int
    width: int = 0

    def cells(self, text: str) -> list[str]:
        """A row's cells in canonical form. Raises csv.Error where its quotation marks do not match."""
        found = self.cells_with_blank_ones(text)
        return found if len(found) != self.width or any(found[len(self.names) :]) else found[: len(self.names)]

    def cells_with_blank_ones(self, text: str, strict: bool = True) -> list[str]:
        """A row's cells, those of columns without a name included.

        Raises csv.Error where its quotation marks do not match; where it is not `strict`, takes them as they come.
        """
        return [canonical(cell) for cell in next(csv.reader([text], delimiter=self.separator, strict=strict), [])]

    def cells_as_they_stand(self, text: str) -> list[str]:
        """The cells of a row whose quotation marks do not match, split as if there were none."""
        return [canonical(cell.strip(' "')) for cell in text.split(self.separator)]


class Row(NamedTuple):
    """A row that is not blank; its `flaw` is a sentence that names the line."""

    line: int
    text: str
    cells: list[str]
    flaw: str | None = None


def is_table(path: Path, head: bytes, known: Collection[str]) -> bool:
    """Whether a file is a table, by its first line or its name, with or without `.gz`.

    Raises Refused where it is neither a table nor JSON.
    """
    if is_json(head) or names_columns(head, known):
        return not is_json(head)
    if not head.strip(BLANK.encode() + b"\r\n"):
        raise Refused("empty", "The file is empty: it holds neither a row nor an object.")
    if is_binary(head):
        raise Refused("no_text", f"The file is no text, but some program's own form, which is not read here. {SAVE_AS}")
    if path.with_name(path.name.lower().removesuffix(".gz")).suffix in (".csv", ".tsv", ".tab", ".txt"):
        return True
    if not any(is_json(line) for line in head.splitlines()):
        said = "none of its first lines begins with { or [, and the first names no columns. docs/formats.md lists them."
        raise Refused("neither", f"The file is neither JSON nor a table: {said}")
    return False


def names_columns(head: bytes, known: Collection[str]) -> bool:
    """Whether the first line is a header of ours; a line that names the separator may stand before it."""
    lines = [line for line in map(canonical, head.decode(errors="ignore").splitlines()) if line.strip(BLANK)]
    first = next((line for line in lines if not SAYS_SEPARATOR.match(line)), "")
    return sum(cell.strip(' "') in known for cell in re.split(f"[{SEPARATORS}]", first)) >= COLUMN_NAMES


def is_binary(head: bytes) -> bool:
    """Whether this is not text: it holds a NUL, or a twentieth of it are other control characters."""
    return b"\0" in head or len(CONTROLS.findall(head)) * 20 > len(head)


def read_table(lines: Iterable[Line], known: Collection[str], needed: Collection[str]) -> tuple[Header, Iterator[Row]]:
    """The header and the rows of a table.

    Raises Refused where the header is not one of ours, or the text is not UTF-8.
    """
    texts = ((line, decode_line(line)) for line in lines)
    filled = ((line, text) for line, text in texts if text.strip(BLANK))
    header = read_header(filled)
    require_columns(header, known, needed)
    rows = (parse_row(header, known, line, text) for line, text in filled)
    return header, (row for row in rows if row.flaw or any(row.cells))


def decode_line(line: Line) -> str:
    """A line as text.

    Raises Refused where it is not UTF-8: then the whole file is in some other encoding, and nothing tells in which.
    """
    try:
        return line.raw.decode(errors="strict" if line.whole else "ignore")
    except UnicodeDecodeError:
        raise Refused(
            "not_utf8", f"Line {line.number} is not UTF-8, so nothing of the file was taken. {SAVE_AS}"
        ) from None


def read_header(filled: Iterator[tuple[Line, str]]) -> Header:
    """The header, which is the first row. Raises Refused where there is none, or one that cannot be read."""
    line, text = next_filled(filled)
    if other := OTHER_ENDS.search(text):
        raise Refused("line_ends", f"Line {line.number} holds U+{ord(other[0]):04X}, which ends no row here. {SAVE_AS}")
    said = SAYS_SEPARATOR.match(canonical(text))
    if said:
        line, text = next_filled(filled)
    separator = said[1] if said else max(SEPARATORS, key=text.count)
    if separator not in SEPARATORS:
        raise Refused("separator", "The first line names a separator that is none of comma, semicolon and tab.")
    try:
        cells = Header([], separator, line.number).cells(text) if line.whole else []
    except csv.Error:
        raise Refused(
            "no_header", f"Line {line.number}, the header, has a quotation mark that is not closed."
        ) from None
    named = max((place for place, name in enumerate(cells, 1) if name), default=0)
    return Header(cells[:named], separator, line.number, len(cells))


def next_filled(filled: Iterator[tuple[Line, str]]) -> tuple[Line, str]:
    """The next line that holds more than separators and marks. Raises Refused where there is none."""
    found = next((each for each in filled if canonical(each[1]).strip(BLANK)), None)
    if found is None:
        raise Refused("no_header", "The file is empty: the first line of a table names its columns.")
    return found


def require_columns(header: Header, known: Collection[str], needed: Collection[str]) -> None:
    """Raises Refused for columns that are unknown, missing, without a name, or there twice."""
    names, line = header.names, f"Line {header.line}"
    unknown = [name for name in names if name not in known]
    if len(unknown) == len(names):  # perhaps a row of data, whose cells the message must not show
        raise Refused(
            "no_header",
            f"{line} holds none of the columns: the first line of a table names them. docs/formats.md lists all.",
        )
    if "" in unknown:
        raise Refused("unknown_column", f"{line}: column {names.index('') + 1} has no name. Name it, or delete it.")
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f": is {near[0]} meant?" if near else "."
        raise Refused(
            "unknown_column", f"{line}: the column {unknown[0]!r} is not known{hint} docs/formats.md lists all columns."
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise Refused("column_twice", f"{line}: the column {twice[0]!r} is there twice.")
    if missing := [name for name in needed if name not in names]:
        raise Refused("column_missing", f"{line}: the column {missing[0]!r} is missing.")


def parse_row(header: Header, known: Collection[str], line: Line, text: str) -> Row:
    """One row, with its flaw where it has one. Raises Refused for a second header that names other columns."""
    if not line.whole:
        return flawed(header, line, text, f"is longer than {LONGEST_ROW:,} bytes.")
    if "\0" in text:
        return flawed(header, line, text, "holds a NUL character, which is no text.")
    try:
        cells = header.cells(text)
    except csv.Error:
        return flawed(
            header,
            line,
            text,
            "has a quotation mark that is opened and not closed, or not doubled inside a text: a row ends at its line.",
        )
    if cells == header.names:
        return Row(line.number, text, cells, f"Line {line.number} is the header again.")
    if sum(cell in known for cell in cells) >= COLUMN_NAMES:
        said = f"Line {line.number} is another header, with other columns than line {header.line}."
        raise Refused("second_header", f"{said} Make two files of them.")
    return Row(line.number, text, cells, wrong_count(header, line, text, cells))


def wrong_count(header: Header, line: Line, text: str, cells: Sequence[str]) -> str | None:
    """The flaw of a row that has not as many cells as the header; None where their numbers agree."""
    is_short = len(cells) == len(header.names) < header.width and not cells[-1]
    if is_short and len(header.cells_with_blank_ones(text)) < header.width:
        wanted = f"the header has {header.width}, and nothing tells which is missing."
    elif len(cells) != len(header.names):
        wanted = f"the header has {len(header.names)}: a text that holds the separator needs quotes."
    else:
        return None
    return f"Line {line.number} has {len(cells)} cells, {wanted}"


def flawed(header: Header, line: Line, text: str, flaw: str) -> Row:
    """A row that cannot be parsed, with its cells split without regard to quotation marks."""
    text = text.replace("\0", "")
    return Row(line.number, text, header.cells_as_they_stand(text), f"Line {line.number} {flaw}")
