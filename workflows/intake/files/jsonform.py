"""Reads files of JSON: one object on each line, or one document over many lines (an array, or object after object)."""

import codecs
import io
import json
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import NamedTuple

from models.errors import Refused
from workflows.intake.files.sources import CHUNK, lines_of

DECODER = json.JSONDecoder()


class JsonText(NamedTuple):
    """The text of one object and the line where it begins, or the reason why it cannot be read."""

    line: int
    text: str
    flaw: str | None = None


def is_json(head: bytes) -> bool:
    """Whether a file with this beginning is JSON, whatever its name."""
    return head.lstrip().startswith((b"{", b"["))


def is_document(head: bytes) -> bool:
    """Whether JSON with this beginning goes over lines: the first is not whole, and the second begins no new object."""
    first, *others = [line for line in head.splitlines() if line.strip()]
    if first.lstrip().startswith(b"["):
        return not (others and is_whole(first))
    return bool(others) and not others[0].lstrip().startswith(b"{") and not is_whole(first)


def is_whole(line: bytes) -> bool:
    """Whether a line is JSON by itself."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def objects_in(file: io.BufferedReader, most: int) -> Iterator[JsonText]:
    """The objects of a file, whose beginning shows whether it is lines or a document."""
    head = file.peek()
    return objects_of_document(file, most) if is_json(head) and is_document(head) else lines_of_json(file, most)


def lines_of_json(file: io.BufferedReader, most: int) -> Iterator[JsonText]:
    """One object for each line; blank lines are skipped."""
    for line in lines_of(file, most):
        if not line.whole:
            yield JsonText(line.number, "", f"The line is longer than {most:,} bytes.")
        elif line.raw.strip():
            yield decode_line(line.number, line.raw)


def decode_line(number: int, raw: bytes) -> JsonText:
    """The text of a line, or the flaw that it is not UTF-8."""
    try:
        return JsonText(number, raw.decode())
    except UnicodeDecodeError as error:
        return JsonText(number, "", f"Is not UTF-8 (byte {error.start} of the line).")


def objects_of_document(file: io.BufferedReader, most: int) -> Iterator[JsonText]:
    """The objects of a document, after a first pass has read it to its end.

    Raises Refused where it is not JSON: then no part of it can be trusted.
    """
    with TemporaryFile("w+", encoding="utf-8", newline="\n") as checked:
        for found in Scanner(file, most).objects():
            checked.write(f"{found.line} {found.text.replace(chr(10), ' ')}\n")
        checked.seek(0)
        for row in checked:
            number, _, text = row.partition(" ")
            flaw = None if len(text.encode()) <= most else f"The object is longer than {most:,} bytes."
            yield JsonText(int(number), text, flaw)


class Scanner:
    """Reads a document piece by piece, and holds no more of it in memory than the longest object."""

    def __init__(self, file: io.BufferedReader, most: int) -> None:
        self.file, self.most = file, most
        self.decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(), translate=True)
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def objects(self) -> Iterator[JsonText]:
        """The text of each object. Raises Refused where the document is not JSON from its beginning to its end."""
        if in_array := self.peek() == "[":
            self.at += 1
        while self.peek() not in ("]", ""):
            yield self.read_value()
            if self.peek() == ",":
                self.at += 1
            elif in_array and self.peek() != "]":
                self.refuse(self.at)
        if in_array and self.peek() == "]":
            self.at, in_array = self.at + 1, False
        if in_array or self.peek():
            self.refuse(self.at)

    def peek(self) -> str:
        """The next character that is not blank, which stays to be read; empty at the end."""
        while True:
            rest = self.text[self.at :].lstrip() if self.text[self.at : self.at + 1].isspace() else None
            if rest is not None:
                self.skip_to(len(self.text) - len(rest))
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.read_on()

    def read_value(self) -> JsonText:
        """The value that begins at the current place."""
        while True:
            try:
                _, end = DECODER.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                if self.ended or len(self.text) - self.at > self.most:
                    self.refuse(getattr(error, "pos", self.at))
                self.read_on()
            else:
                found = JsonText(self.line, self.text[self.at : end])
                self.skip_to(end)
                return found

    def read_on(self) -> None:
        """Reads the next piece, and drops the text that was read already."""
        chunk = self.file.read(CHUNK)
        try:
            self.text, self.at = self.text[self.at :] + self.decoder.decode(chunk, final=not chunk), 0
        except UnicodeDecodeError:
            raise Refused(
                "not_utf8",
                f"The file is not UTF-8, near line {self.line}, so nothing of it was taken. Save it as UTF-8.",
            ) from None
        self.ended = not chunk

    def skip_to(self, end: int) -> None:
        """Moves to this place, and counts the lines until there."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def refuse(self, at: int) -> None:
        """Raises Refused, which names the line that cannot be read."""
        line = self.line + self.text.count("\n", self.at, at)
        raise Refused(
            "not_json",
            f"The file is not JSON from line {line} on, or an object there is longer than {self.most:,} bytes. "
            "Nothing was taken.",
        )
