"""Taking a file of applications in: in sets of 500, each set one transaction; the file may be sent again at any time.

What cannot be taken goes into a reject file with its lines and reasons; the rest is taken. Of a table no application is
taken before all rows were read.
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
from workflows.intake.files.jsonform import Text, objects_in
from workflows.intake.files.sources import lines_of, text_in
from workflows.intake.files.staging import Group, StagedRow, groups
from workflows.intake.files.summary import Summary, refusal
from workflows.intake.files.tables import LONGEST_ROW, Header, Row, is_table, table
from workflows.intake.files.textfiles import PRIVATE, all_different, discard, line, outcomes_in
from workflows.intake.submit import NOT_VALID, Accepted, Application, Outcome, Rejected, key_of, submit
from workflows.registers.ports import Notices

SET = 500


class Read(NamedTuple):
    """An application from a file: its lines, the sender's key, either its body or what is wrong with it, and how many
    rows it has.
    """

    lines: list[int]
    key: str | None
    body: ApplicationBody | None
    problems: list[Problem]
    rows: int = 1


@dataclass(frozen=True)
class Intake:
    """What an import is handed from the layers above: which messages are owed, and how the workers are woken after each
    commit.
    """

    notices: Notices
    wake: Callable[[], None]

    def submit(self, applications: Sequence[Application]) -> list[Outcome]:
        """One set of applications, committed; what became of each, in order."""
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
    """What became of the file. Raises Refused where the file itself cannot be read, before anything of it was taken.

    Every set is committed before its outcomes are written down; a second run with the same file doubles nothing.
    """
    summary = Summary()
    all_different(path, outputs.rejects, outputs.receipts)
    waiting = applications_in(path, summary.rows)
    batch = list(islice(waiting, SET))  # a file that is refused is so before anything is written
    with outcomes_in(outputs.rejects) as reject, receipts_in(outputs.receipts) as receipt:
        while batch:
            outcomes = intake.submit([application(each.body) for each in batch if each.body is not None])
            tell(batch, outcomes, summary, reject, receipt)
            progress(summary)
            batch = list(islice(waiting, SET))
    if not summary.counts["refused"]:
        discard(outputs.rejects)
    summary.prove()
    return summary


@contextmanager
def receipts_in(path: Path | None) -> Iterator[Callable[[str], object]]:
    """Writes into a file that only we may read, or nowhere."""
    if path is None:
        yield lambda text: None
        return
    with outcomes_in(path, mode=PRIVATE) as write:
        yield write


def tell(
    batch: list[Read],
    outcomes: list[Outcome],
    summary: Summary,
    reject: Callable[[str], object],
    receipt: Callable[[str], object],
) -> None:
    """Counts the outcomes of one committed set, and writes them down."""
    given = iter(outcomes)
    for each in batch:
        outcome: Outcome = Rejected("not_valid", NOT_VALID, each.problems) if each.body is None else next(given)
        if isinstance(outcome, Accepted):
            summary.count("repeated" if outcome.repeated else "taken", each.rows)
            receipt(
                line(
                    {
                        "line": each.lines[0],
                        "application": each.key,
                        "reference": outcome.reference,
                        "secret": outcome.secret,
                    }
                )
            )
        else:
            summary.count("refused", each.rows)
            told = {
                "application": each.key,
                "code": outcome.code,
                "message": outcome.message,
                "problems": outcome.problems,
            }
            reject(line(refusal(each.lines, each.rows) | told))


def application(body: ApplicationBody) -> Application:
    """As it goes in: in the bulk lane, under the sender's key or else the hash of what it says."""
    return Application(key_of(body), "import", BULK, body)


# Reading -------------------------------------------------------------------------------------------


def applications_in(path: Path, rows: Counter[str]) -> Iterator[Read]:
    """Every application of a file; `rows` counts those that were read.

    Raises Refused where the file cannot be read as a whole.
    """
    with text_in(path) as file:
        yield from reads(file, path, rows)


def reads(file: BufferedReader, path: Path, rows: Counter[str]) -> Iterator[Read]:
    """By what the file is:

    JSON where it begins so, a table by its first line or its name, else one application a line.
    """
    if is_table(path, file.peek(), csvform.HEADER):
        yield from from_table(file, rows)
        return
    for text in objects_in(file, settings().max_body):
        rows["read"] += 1
        yield from_json(text)


def from_json(text: Text) -> Read:
    """One application as JSON."""
    if text.flaw:
        return Read([text.line], None, None, [Problem(WHOLE, text.flaw)])
    try:
        body = reading.application(text.text)
    except Refused as refused:
        return Read([text.line], key_in(text.text), None, refused.problems)
    return Read([text.line], body.application, body, [])


def key_in(text: str) -> str | None:
    """The sender's key of an application that is not valid, where it can be read."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    key = found.get("application") if isinstance(found, dict) else None
    return canonical(key) if isinstance(key, str) and len(key) <= 200 and not reading.HALF.search(key) else None


def from_table(file: BufferedReader, counts: Counter[str]) -> Iterator[Read]:
    """The applications of a table, in the order in which each begins, once all of it was read."""
    header, rows = table(lines_of(file, LONGEST_ROW), csvform.HEADER, csvform.NEEDED)
    for group in groups(staged(header, rows, counts), MOST_READ + 1, settings().max_body, csvform.beside_key(header)):
        yield from_group(header, group)


def staged(header: Header, rows: Iterable[Row], counts: Counter[str]) -> Iterator[StagedRow]:
    """Each row under the application to which it belongs; one that cannot be read, under each to which it may belong.

    A row that names no application may be one of the rows above it, as where cells were merged, or of those below:
    neither is taken in part.
    """
    above, nameless, before = "", None, None
    for row in rows:
        counts["read"] += 1
        row = csvform.with_sure_key(header, row)
        names = csvform.keys(header, row)
        for place, key in enumerate(names):
            yield StagedRow(
                key or None, row.line, "" if row.flaw else row.text, row.flaw, place == 0, csvform.is_torn(header, row)
            )
        if before:
            yield from halves(header, before, row)
        if not names[0]:
            nameless = row.line
            yield from may_belong(above, nameless)
        else:
            yield from may_belong(names[0], nameless)
            above, nameless = names[0], None
        before = row


def halves(header: Header, first: Row, second: Row) -> Iterator[StagedRow]:
    """Two rows that may be one, which a line break within a cell parted, under each application that it may be: what
    cannot be read of them refuses it.
    """
    for key in csvform.keys_of_halves(header, first, second):
        yield from (StagedRow(key, row.line, "", row.flaw, counted=False) for row in (first, second) if row.flaw)


def may_belong(key: str, nameless: int | None) -> Iterator[StagedRow]:
    """A row without a name of its own, under an application beside it."""
    if key and nameless:
        yield StagedRow(
            key,
            nameless,
            "",
            f"Line {nameless} names no application and stands beside this one's rows: it may be one of them.",
            counted=False,
        )


def from_group(header: Header, group: Group) -> Read:
    """One application of a table."""
    rows = (
        [(line, header.cells(text)) for line, text in zip(group.lines, group.texts or [], strict=False)]
        if not group.flaws
        else []
    )
    if problems := problems_of_rows(group) or csvform.contradictions(header, rows):
        return Read(group.lines, group.key, None, problems, group.rows)
    try:
        body = reading.valid(
            ApplicationBody, csvform.nested(header.names, [cells for _, cells in rows], csvform.decimal_of(header))
        )
    except Refused as refused:
        return Read(group.lines, group.key, None, refused.problems, group.rows)
    return Read(group.lines, group.key, body, [], group.rows)


def problems_of_rows(group: Group) -> list[Problem]:
    """What is wrong with the rows of an application before anything in them is looked at."""
    if group.flaws:
        return [Problem(WHOLE, flaw) for flaw in group.flaws]
    if group.key is None:
        return [Problem("application", "Is empty: it says which rows belong together.")]
    if group.rows > MOST_READ:
        return [
            Problem(
                "members", f"Has {group.rows:,} rows, of which the first is line {group.lines[0]}: a row is a member."
            )
        ]
    return [] if group.texts else [Problem(WHOLE, f"Its rows together are longer than {settings().max_body:,} bytes.")]
