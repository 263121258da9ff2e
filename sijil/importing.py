"""Taking a file of applications in: streamed, in sets of 500, each set one transaction; the file may be sent again at any time.

What cannot be taken goes into a reject file with its line and reason; the rest is taken.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from models import clock
from models.database import transact
from models.errors import Problem, Refused
from models.settings import settings
from notifications.notices import notices
from sijil import csvform
from sijil.textfiles import line, opened, to_write
from tasks.wake import wake_after_intake
from workflows import reading
from workflows.declaration import ApplicationBody
from workflows.intake import NOT_VALID, Application, NotTaken, Outcome, Taken, key_of, submit
from workflows.lanes import BULK
from workflows.problems import WHOLE
from workflows.text import canonical

SET = 500
BEGINNING = 10_000  # bytes that are kept of a line that is too long
CUT_OFF = "\udc00"  # marks such a line; stands for no byte, and no text can hold it


class Read(NamedTuple):
    """An application from a file: where it begins, the sender's key, and either its body or what is wrong with it."""

    line: int
    key: str | None
    body: ApplicationBody | None
    problems: list[Problem]


@dataclass(frozen=True)
class ImportOutputs:
    """Where the outcomes are written: rejects always, receipts (which hold secrets) only where asked for."""

    rejects: Path
    receipts: Path | None = None


def import_file(path: Path, outputs: ImportOutputs, progress: Callable[[Counter[str]], None] = lambda counts: None) -> Counter[str]:
    """How many were `taken`, `repeated` (taken before), `refused`. Raises Refused where the file itself cannot be read.

    Every set is committed before its outcomes are written down; a second run with the same file doubles nothing.
    """
    counts = Counter(taken=0, repeated=0, refused=0)
    all_different(path, outputs)
    waiting = applications_in(path)
    batch = list(islice(waiting, SET))  # a wrong header refuses the file before anything is written
    with to_write(outputs.rejects) as rejects, receipts_in(outputs.receipts) as receipts:
        while batch:
            take(batch, counts, rejects.write, receipts)
            progress(counts)
            batch = list(islice(waiting, SET))
    if not counts["refused"]:
        outputs.rejects.unlink()
    return counts


def all_different(path: Path, outputs: ImportOutputs) -> None:
    """Raises Refused where an outcome would be written into the file that is read, or two into one."""
    named = [each.resolve() for each in (path, outputs.rejects, outputs.receipts) if each]
    if len(named) > len(set(named)) or any(each.exists() and each.samefile(path) for each in named[1:] if path.exists()):
        raise Refused("one_file", "The file that is read, the rejects and the receipts must be different files.")


@contextmanager
def receipts_in(path: Path | None) -> Iterator[Callable[[str], object]]:
    """Writes into a file that only we may read, or nowhere."""
    if path is None:
        yield lambda text: None
        return
    with to_write(path, mode=0o600) as file:
        yield file.write


def take(batch: list[Read], counts: Counter[str], reject: Callable[[str], object], receipt: Callable[[str], object]) -> None:
    """One set: a transaction, then its outputs, then a wake."""
    good = [(each, each.body) for each in batch if each.body is not None]
    applications = [application(body) for _, body in good]
    outcomes = transact(lambda session: submit(session, applications, clock.now(), notices)) if good else []
    wake_after_intake()
    told = dict(zip((each.line for each, _ in good), outcomes, strict=True))
    for each in batch:
        outcome: Outcome = told.get(each.line) or NotTaken("not_valid", NOT_VALID, each.problems)
        if isinstance(outcome, Taken):
            counts["repeated" if outcome.repeated else "taken"] += 1
            receipt(line({"line": each.line, "application": each.key, "reference": outcome.reference, "secret": outcome.secret}))
        else:
            counts["refused"] += 1
            reject(line({"line": each.line, "application": each.key, "code": outcome.code, "message": outcome.message, "problems": outcome.problems}))


def application(body: ApplicationBody) -> Application:
    """As it goes in: in the bulk lane, under the sender's key or else the hash of what it says."""
    return Application(key_of(body), "import", BULK, body)


# Reading -------------------------------------------------------------------------------------------


def applications_in(path: Path) -> Iterator[Read]:
    """Every application of a file: a table where its name ends in .csv, else one of JSON a line. Raises Refused where it cannot be opened."""
    with opened(path) as file:
        yield from (from_table(file) if path.suffix.lower() == ".csv" else from_lines(file))


def from_lines(file: BinaryIO) -> Iterator[Read]:
    """One application a line; a line that is too long is passed over, not kept in memory."""
    for number, raw, whole in bounded_lines(file, settings().max_body):
        if not whole:
            yield wrong(number, f"The line is longer than {settings().max_body:,} bytes.")
        elif raw.strip(b" \t\r\n\xef\xbb\xbf"):
            yield from_line(number, raw)


def bounded_lines(file: BinaryIO, most: int) -> Iterator[tuple[int, bytes, bool]]:
    """Numbered lines, and whether each is whole: of one longer than `most`, only its beginning."""
    number = 0
    while raw := file.readline(most + 2):
        number += 1
        if len(raw) <= most + 1 and (raw.endswith(b"\n") or len(raw) <= most):
            yield number, raw, True
            continue
        beginning = raw[:BEGINNING]
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(most)
        yield number, beginning, False


def from_line(number: int, raw: bytes) -> Read:
    """One line of JSON."""
    try:
        body = reading.application(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return wrong(number, f"Is not UTF-8 (byte {error.start} of the line).")
    except Refused as refused:
        return Read(number, key_in(raw), None, refused.problems)
    return Read(number, body.application, body, [])


def key_in(raw: bytes) -> str | None:
    """The sender's key of an application that is not valid, where it can be read."""
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    key = found.get("application") if isinstance(found, dict) else None
    return canonical(key) if isinstance(key, str) and len(key) <= 200 else None


def from_table(file: BinaryIO) -> Iterator[Read]:
    """A table in UTF-8, with commas, semicolons or tabs, with a byte order mark or without."""
    lines = (row(raw, whole) for _, raw, whole in bounded_lines(file, settings().max_body))
    try:
        for cells in csvform.read(lines):
            yield from_cells(cells)
    except csv.Error as error:
        raise Refused("not_a_table", f"The table cannot be read: {error}.") from None


def row(raw: bytes, whole: bool) -> str:
    """A row's text. One that is too long is cut off and marked, so that its application is refused and not taken without a member."""
    text = raw.decode("utf-8", errors="surrogateescape")
    return text if whole else text + CUT_OFF + '"' * (text.count('"') % 2) + "\n"


def from_cells(cells: csvform.Cells) -> Read:
    """One application of a table."""
    if not cells.application:
        return Read(cells.line, None, None, [Problem("application", "Is empty: it says which rows belong together.")])
    if flaw := flaw_of(cells.body):
        return Read(cells.line, None if flaw_of(cells.application) else cells.application, None, [flaw])
    if cells.flaw:
        return Read(cells.line, cells.application, None, [Problem(WHOLE, cells.flaw)])
    try:
        body = reading.valid(ApplicationBody, cells.body)
    except Refused as refused:
        return Read(cells.line, cells.application, None, refused.problems)
    return Read(cells.line, cells.application, body, [])


def flaw_of(value: Any, path: str = "") -> Problem | None:
    """The first field that was cut off or has bytes that are not UTF-8; None where all is well."""
    if isinstance(value, str):
        if CUT_OFF in value:
            return Problem(WHOLE, f"One of its rows is longer than {settings().max_body:,} bytes.")
        return Problem(path or WHOLE, "Is not UTF-8.") if any("\udc80" <= each <= "\udcff" for each in value) else None
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = (flaw_of(each, f"{path}[{name}]" if isinstance(value, list) else f"{path}.{name}".strip(".")) for name, each in parts)
    return next(filter(None, found), None)


def wrong(number: int, message: str) -> Read:
    """An application that could not be read at all."""
    return Read(number, None, None, [Problem(WHOLE, message)])
