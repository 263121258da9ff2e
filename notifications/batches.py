"""Batches of letters for a printer: which letters a batch holds is settled first, then its file is written.

A batch whose file was cut off is begun already: whoever writes next writes it again, under its number, with the same
letters. So no letter is lost, and none is in two batches. Erased letters are left out.
"""

import csv
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from models.database import Connection, scalar
from models.days import day_of
from notifications.letterpage import Addressee, LetterPage, page_of
from notifications.places import province_in, region_in
from workflows.bodies.appeal import Appeal
from workflows.bodies.body import Body, Post
from workflows.bodies.declaration import Declaration
from workflows.bodies.named import name_in
from workflows.flows import FLOWS
from workflows.flows.grammar import BESIDES
from workflows.intake.files.textfiles import PRIVATE, refuse_unwritable
from workflows.policies import index_in_force
from workflows.registers.households import declarations

MOST = 1000  # letters of a batch
MANIFEST = "manifest.csv"
COLUMNS = ("letter", "reference", "language", "name", "street", "commune", "province", "region", "file", "sha256")
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the time of every file in a batch, so that the same letters make the same bytes
FORMULAS = ("=", "+", "-", "@")  # by which a spreadsheet would compute what somebody declared
BEGIN_LOCK = 7226  # advisory: one batch is begun at a time
BEGUN = "select number from letter_batch where done_at is null order by number limit 1"
BEGIN = "insert into letter_batch (begun_at) values (%s) returning number"
TAKE = """
    with waiting as (
        select l.id from letter l where l.batch is null and exists (
            select from message m where m.id = l.id and m.case_id = l.case_id and m.body is not null
        ) order by l.set_aside_at, l.id limit %s for update of l
    )
    update letter l set batch = %s from waiting where l.id = waiting.id
"""
COUNT_WAITING = "select count(*) from letter where batch is null"
LOCK = "select begun_at from letter_batch where number = %s and done_at is null for update"
DONE = "update letter_batch set done_at = %s where number = %s"
LETTERS = """
    select m.id, m.case_id, m.language, m.body, e.at, r.reference, m.template, c.household_id, c.kind, b.body::text
    from letter l
    join message m on m.id = l.id and m.case_id = l.case_id
    join event e on (e.case_id, e.seq) = (m.case_id, m.seq)
    join cases c on c.id = m.case_id
    join receipt r on r.case_id = c.id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
    where l.batch = %s and m.body is not null and b.body is not null order by m.id
"""
# What the contested case says of who lives where: an appeal itself does not.
DECLARED = """
    select c.id, c.kind, b.body::text from cases c
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where c.id = any(%s) and b.body is not null
"""


class Written(NamedTuple):
    """A batch whose file is whole: where it is, the cases of its letters, and how many letters wait still."""

    number: int
    path: Path
    letters: int
    case_ids: Sequence[int]
    left: int


class Printed(NamedTuple):
    """A letter of a batch: its number, its case, in which language, to whom, and its page."""

    id: UUID
    case_id: int
    reference: str
    language: str
    to: Addressee
    page: bytes

    @property
    def file(self) -> str:
        """Its file in the batch."""
        return f"{self.id}.html"

    def line(self) -> Sequence[str]:
        """Its line of the manifest."""
        digest = sha256(self.page).hexdigest()
        return [str(self.id), self.reference, self.language, *map(cell, self.to), self.file, digest]


def cell(text: str) -> str:
    """A text that no spreadsheet computes."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def begin(connection: Connection, now: datetime) -> int | None:
    """The number of the batch to write: one that was begun and not written, else a new one; None if no letter waits.

    The caller commits before it writes.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [BEGIN_LOCK])
    if begun := connection.execute(BEGUN).fetchone():
        return int(begun[0])
    if not scalar(connection, COUNT_WAITING):
        return None
    number = int(scalar(connection, BEGIN, [now]))
    connection.execute(TAKE, [MOST, number])
    return number


def write(connection: Connection, number: int, folder: Path, now: datetime) -> Written | None:
    """Writes the file of a batch that was begun, and records that it is whole; None if somebody else did meanwhile.

    The caller commits. Raises Refused where the file cannot be written.
    """
    row = connection.execute(LOCK, [number]).fetchone()
    if row is None:
        return None
    letters = letters_of(connection, number)
    path = folder / f"letters-{number:06d}.zip"
    with refuse_unwritable(path):
        write_file(path, zipped(letters))
    connection.execute(DONE, [now, number])
    left = int(scalar(connection, COUNT_WAITING))
    return Written(number, path, len(letters), sorted({each.case_id for each in letters}), left)


def letters_of(connection: Connection, number: int) -> list[Printed]:
    """The letters of a batch, in the order of their numbers."""
    found = connection.execute(LETTERS, [number]).fetchall()
    bodies: dict[int, Body] = {case_id: FLOWS[kind].body.restored(body) for _, case_id, *_, kind, body in found}
    contested = {case_id: body.case for case_id, body in bodies.items() if isinstance(body, Appeal)}
    theirs: dict[int, Body] = {
        case_id: FLOWS[kind].body.restored(body)
        for case_id, kind, body in connection.execute(DECLARED, [list(contested.values())])
    }
    registered = registered_of(connection, found, bodies)
    sent = [(row, registered.get(row[0]) or theirs.get(contested.get(row[1], 0)) or bodies[row[1]]) for row in found]
    return [printed(row, body.post) for row, body in sent if body.post]


def registered_of(
    connection: Connection, found: Sequence[Sequence[Any]], bodies: Mapping[int, Any]
) -> dict[UUID, Declaration]:
    """By letter, the household as it was registered before a change of which it is told besides: whoever took over a
    receipt may have declared another place, too.
    """
    before = {
        id: (household_id, bodies[case_id].based_on)
        for id, case_id, _, _, _, _, template, household_id, *_ in found
        if template.endswith(BESIDES)
    }
    known = declarations(connection, sorted(set(before.values())))
    return {id: known[version] for id, version in before.items() if version in known}


def printed(row: Sequence[Any], post: Post) -> Printed:
    """A letter from its row, and where it goes."""
    id, case_id, language, text, at, reference, *_ = row
    to = addressee(post, language, at)
    return Printed(id, case_id, reference, language, to, page_of(LetterPage(language, to, reference, at, text)))


def addressee(post: Post, language: str, at: datetime) -> Addressee:
    """To whom a letter goes and where, in the words of its language; a name in its script, if known in it."""
    province = province_in(language, post.province) if post.province else ""
    region = region_in(language, post.region, index_in_force(day_of(at)).region_names[post.region])
    return Addressee(name_in(language, post.to), post.street or "", post.commune or "", province, region)


def zipped(letters: Sequence[Printed]) -> bytes:
    """The file of a batch: a manifest, and a page for each letter. The same letters make the same bytes."""
    lines = io.StringIO()
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    table.writerows(each.line() for each in letters)
    files = {MANIFEST: lines.getvalue().encode(), **{each.file: each.page for each in letters}}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return content.getvalue()


def write_file(path: Path, content: bytes) -> None:
    """Writes the file, for its owner alone, to disk before it gets its name, and its name before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)  # half a file, where the disk was full: it holds names and addresses
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def known(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """Those of these letters that were given to a printer, each with its case."""
    rows = connection.execute("select id, case_id from letter where id = any(%s) and batch is not null", [list(ids)])
    return dict(rows.fetchall())
