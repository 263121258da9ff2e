"""Imports a file of applications in sets of 500, each in one transaction; the same file may be given again at any time.

Refused applications go into a reject file with their lines and reasons; the others are taken. No application of a table
is taken before all rows were read.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from models import clock
from models.database import transact
from models.errors import Problem, Refused
from models.settings import settings
from workflows.bodies import reading
from workflows.bodies.declaration import MOST_READ, ApplicationBody
from workflows.bodies.problems import WHOLE
from workflows.bodies.text import canonical
from workflows.engine.lanes import BULK
from workflows.intake.files import csvform
from workflows.intake.files.jsonform import JsonText, objects_in
from workflows.intake.files.sources import lines_of, open_text
from workflows.intake.files.staging import Group, StagedRow, group_rows
from workflows.intake.files.summary import Summary, place_in_file
from workflows.intake.files.tables import LONGEST_ROW, Header, Row, is_table, read_table
from workflows.intake.files.textfiles import PRIVATE, discard, json_line, outcome_writer, require_different_files
from workflows.intake.submit import NOT_VALID, Accepted, Application, Outcome, Rejected, key_of, submit
from workflows.registers.ports import Notices

SET = 500


class ReadApplication(NamedTuple):
    """An application as a file has it: its lines, the sender's key, either its body or its problems, and its rows."""

    lines: list[int]
    key: str | None
    body: ApplicationBody | None
    problems: list[Problem]
    rows: int = 1


@dataclass(frozen=True)
class Intake:
    """How an import submits: which messages are owed, and how the workers are woken after each commit."""

    notices: Notices
    wake: Callable[[], None]

    def submit(self, applications: Sequence[Application]) -> list[Outcome]:
        """Submits one set of applications, commits it, and returns the outcome of each in order."""
        outcomes = (
            transact(lambda connection: submit(connection, applications, clock.now(), self.notices))
            if applications
            else []
        )
        self.wake()
        return outcomes


@dataclass(frozen=True)
class ImportOutputs:
    """Where the outcomes are written: rejects always, receipts (which hold secrets) only where asked for."""

    rejects: Path
    receipts: Path | None = None


def import_file(
    path: Path, outputs: ImportOutputs, intake: Intake, progress: Callable[[Summary], None] = lambda summary: None
) -> Summary:
    """Imports a file and returns its counts. Raises Refused, before it takes anything, where the file cannot be read.

    Every set is committed before its outcomes are written down; a second run with the same file doubles nothing.
    """
    summary = Summary()
    require_different_files(path, outputs.rejects, outputs.receipts)
    waiting = applications_in(path, summary.rows)
    batch = list(islice(waiting, SET))  # a file is refused here, before an output is opened
    with outcome_writer(outputs.rejects) as reject, receipt_writer(outputs.receipts) as receipt:
        while batch:
            outcomes = intake.submit([bulk_application(each.body) for each in batch if each.body is not None])
            write_outcomes(batch, outcomes, summary, reject, receipt)
            progress(summary)
            batch = list(islice(waiting, SET))
    if not summary.counts["refused"]:
        discard(outputs.rejects)
    summary.prove()
    return summary


@contextmanager
def receipt_writer(path: Path | None) -> Iterator[Callable[[str], object]]:
    """Opens a file that only its owner may read, and gives the function that writes into it; without a path, drops."""
    if path is None:
        yield lambda text: None
        return
    with outcome_writer(path, mode=PRIVATE) as write:
        yield write


def write_outcomes(
    batch: list[ReadApplication],
    outcomes: list[Outcome],
    summary: Summary,
    reject: Callable[[str], object],
    receipt: Callable[[str], object],
) -> None:
    """Counts the outcomes of one committed set, and writes them down."""
    submitted = iter(outcomes)
    for each in batch:
        outcome: Outcome = Rejected("not_valid", NOT_VALID, each.problems) if each.body is None else next(submitted)
        if isinstance(outcome, Accepted):
            summary.count("repeated" if outcome.repeated else "taken", each.rows)
            taken = {"line": each.lines[0], "application": each.key}
            receipt(json_line(taken | {"reference": outcome.reference, "secret": outcome.secret}))
        else:
            summary.count("refused", each.rows)
            refused = place_in_file(each.lines, each.rows) | {"application": each.key}
            why = {"code": outcome.code, "message": outcome.message, "problems": outcome.problems}
            reject(json_line(refused | why))


def bulk_application(body: ApplicationBody) -> Application:
    """An application of the bulk lane, under the sender's key or, where it has none, the hash of its content.

    The office that imports it vouches for who declares.
    """
    return Application(key_of(body), "import", BULK, body, proved=True)


# Reading -------------------------------------------------------------------------------------------


def applications_in(path: Path, rows: Counter[str]) -> Iterator[ReadApplication]:
    """Every application of a file, of a table or of JSON; `rows` counts the rows that were read.

    Raises Refused where the file cannot be read as a whole.
    """
    with open_text(path) as file:
        if is_table(path, file.peek(), csvform.HEADER):
            yield from applications_of_table(file, rows)
            return
        for text in objects_in(file, settings().max_body):
            rows["read"] += 1
            yield application_of_json(text)


def application_of_json(text: JsonText) -> ReadApplication:
    """One application from the text of one JSON object."""
    if text.flaw:
        return ReadApplication([text.line], None, None, [Problem(WHOLE, text.flaw)])
    try:
        body = reading.application(text.text)
    except Refused as refused:
        return ReadApplication([text.line], key_in(text.text), None, refused.problems)
    return ReadApplication([text.line], body.application, body, [])


def key_in(text: str) -> str | None:
    """The sender's key of an invalid application; None where it cannot be read."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    key = found.get("application") if isinstance(found, dict) else None
    return canonical(key) if isinstance(key, str) and len(key) <= 200 and not reading.HALF.search(key) else None


def applications_of_table(file: BufferedReader, counts: Counter[str]) -> Iterator[ReadApplication]:
    """The applications of a table, in the order of their first rows, after all rows were read."""
    header, rows = read_table(lines_of(file, LONGEST_ROW), csvform.HEADER, csvform.NEEDED)
    staged = stage_rows(header, rows, counts)
    for group in group_rows(staged, MOST_READ + 1, settings().max_body, csvform.neighbour_texts(header)):
        yield application_of_group(header, group)


def stage_rows(header: Header, rows: Iterable[Row], counts: Counter[str]) -> Iterator[StagedRow]:
    """Each row under its application; a row that cannot be read, under each to which it may belong.

    A row that names no application may belong to the rows above it, as where cells were merged, or to those below. It
    is staged under both, so that neither is taken in part.
    """
    above, nameless, before = "", None, None
    for row in rows:
        counts["read"] += 1
        row = csvform.with_sure_key(header, row)
        text, is_torn = "" if row.flaw else row.text, csvform.is_torn(header, row)
        keys = csvform.possible_keys(header, row)
        for place, key in enumerate(keys):
            yield StagedRow(key or None, row.line, text, row.flaw, place == 0, is_torn)
        if before:
            yield from stage_halves(header, before, row)
        if not keys[0]:
            nameless = row.line
            yield from stage_nameless(above, nameless)
        else:
            yield from stage_nameless(keys[0], nameless)
            above, nameless = keys[0], None
        before = row


def stage_halves(header: Header, first: Row, second: Row) -> Iterator[StagedRow]:
    """The flawed ones of two rows that may be halves of one, under each application that the whole may have.

    A line break within a cell parts a row so; the flaw then refuses the application.
    """
    for key in csvform.keys_of_halves(header, first, second):
        yield from (StagedRow(key, row.line, "", row.flaw, counted=False) for row in (first, second) if row.flaw)


def stage_nameless(key: str, line: int | None) -> Iterator[StagedRow]:
    """A row that names no application, under an application beside it."""
    if key and line:
        flaw = f"Line {line} names no application and stands beside this one's rows: it may be one of them."
        yield StagedRow(key, line, "", flaw, counted=False)


def application_of_group(header: Header, group: Group) -> ReadApplication:
    """One application from the rows of one key."""
    texts = [] if group.flaws else group.texts or []
    rows = [(line, header.cells(text)) for line, text in zip(group.lines, texts, strict=False)]
    if problems := problems_of_rows(group) or csvform.contradictions(header, rows):
        return ReadApplication(group.lines, group.key, None, problems, group.rows)
    body = csvform.body_of_rows(header.names, [cells for _, cells in rows], csvform.decimal_of(header))
    try:
        valid = reading.valid(ApplicationBody, body)
    except Refused as refused:
        return ReadApplication(group.lines, group.key, None, refused.problems, group.rows)
    return ReadApplication(group.lines, group.key, valid, [], group.rows)


def problems_of_rows(group: Group) -> list[Problem]:
    """The problems of an application's rows, found before their cells are read."""
    if group.flaws:
        return [Problem(WHOLE, flaw) for flaw in group.flaws]
    if group.key is None:
        return [Problem("application", "Is empty: it says which rows belong together.")]
    if group.rows > MOST_READ:
        said = f"Has {group.rows:,} rows, of which the first is line {group.lines[0]}: a row is a member."
        return [Problem("members", said)]
    return [] if group.texts else [Problem(WHOLE, f"Its rows together are longer than {settings().max_body:,} bytes.")]
