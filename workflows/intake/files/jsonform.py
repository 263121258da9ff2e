"""JSON as programs write it: one object a line, or a document that goes over lines (an array of objects, or objects one
after another).
"""

import codecs
import io
import json
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import NamedTuple

from models.errors import Refused
from workflows.intake.files.sources import CHUNK, lines_of

DECODER = json.JSONDecoder()


class Text(NamedTuple):
    """The text of one object and the line where it begins; or why it is none."""

    line: int
    text: str
    flaw: str | None = None


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON, whatever its name."""
    return head.lstrip().startswith((b"{", b"["))


def is_document(head: bytes) -> bool:
    """Whether JSON that begins so goes over lines: its first line is not whole, and the second begins
    no other object.
    """
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


def objects_in(file: io.BufferedReader, most: int) -> Iterator[Text]:
    """The objects of a file, by its beginning as lines or as a document."""
    head = file.peek()
    return objects_of_document(file, most) if is_json(head) and is_document(head) else lines_of_json(file, most)


def lines_of_json(file: io.BufferedReader, most: int) -> Iterator[Text]:
    """One object a line; blank lines are passed over."""
    for line in lines_of(file, most):
        if not line.whole:
            yield Text(line.number, "", f"The line is longer than {most:,} bytes.")
        elif line.raw.strip():
            yield decoded(line.number, line.raw)


def decoded(number: int, raw: bytes) -> Text:
    """A line's text."""
    try:
        return Text(number, raw.decode())
    except UnicodeDecodeError as error:
        return Text(number, "", f"Is not UTF-8 (byte {error.start} of the line).")


def objects_of_document(file: io.BufferedReader, most: int) -> Iterator[Text]:
    """The objects of a document, once it was read to its end.

    Raises Refused where it is no JSON: then no part of it can be trusted.
    """
    with TemporaryFile("w+", encoding="utf-8", newline="\n") as checked:
        for found in Scanner(file, most).objects():
            checked.write(f"{found.line} {found.text.replace(chr(10), ' ')}\n")
        checked.seek(0)
        for row in checked:
            number, _, text = row.partition(" ")
            yield Text(
                int(number), text, None if len(text.encode()) <= most else f"The object is longer than {most:,} bytes."
            )


class Scanner:
    """Reads a document piece by piece, never more of it at once than an object may be long."""

    def __init__(self, file: io.BufferedReader, most: int) -> None:
        self.file, self.most = file, most
        self.decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")(), translate=True)
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def objects(self) -> Iterator[Text]:
        """The text of each object. Raises Refused where the document is not JSON from its beginning to its end."""
        if in_array := self.next() == "[":
            self.at += 1
        while self.next() not in ("]", ""):
            yield self.value()
            if self.next() == ",":
                self.at += 1
            elif in_array and self.next() != "]":
                self.refuse(self.at)
        if in_array and self.next() == "]":
            self.at, in_array = self.at + 1, False
        if in_array or self.next():
            self.refuse(self.at)

    def next(self) -> str:
        """The next character that is no blank; none at the end."""
        while True:
            rest = self.text[self.at :].lstrip() if self.text[self.at : self.at + 1].isspace() else None
            if rest is not None:
                self.pass_over(len(self.text) - len(rest))
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.read_on()

    def value(self) -> Text:
        """The value that begins here."""
        while True:
            try:
                _, end = DECODER.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                if self.ended or len(self.text) - self.at > self.most:
                    self.refuse(getattr(error, "pos", self.at))
                self.read_on()
            else:
                found = Text(self.line, self.text[self.at : end])
                self.pass_over(end)
                return found

    def read_on(self) -> None:
        """The next piece, in place of what was passed over."""
        chunk = self.file.read(CHUNK)
        try:
            self.text, self.at = self.text[self.at :] + self.decoder.decode(chunk, final=not chunk), 0
        except UnicodeDecodeError:
            raise Refused(
                "not_utf8",
                f"The file is not UTF-8, near line {self.line}, so nothing of it was taken. Save it as UTF-8.",
            ) from None
        self.ended = not chunk

    def pass_over(self, end: int) -> None:
        """Goes on behind this place."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def refuse(self, at: int) -> None:
        """Raises Refused, with the line of what cannot be read."""
        line = self.line + self.text.count("\n", self.at, at)
        raise Refused(
            "not_json",
            f"The file is not JSON from line {line} on, or an object there is longer than {self.most:,} bytes. Nothing "
            f"was taken.",
        )
