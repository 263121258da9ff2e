"""What a caseworker looks at before answering a review: the application, and the households that it is about.

Reads only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.database import Connection, scalar
from models.errors import Refused
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.events import StatementReceived
from workflows.fraud import raised
from workflows.intake.receipts import find
from workflows.stages.review import hearing

# In the words of the index.
UNDER_REVIEW = "kind = 'registration' and open and not machine and not waiting and stage = 'under_review'"
COUNT = f"select count(*) from cases where {UNDER_REVIEW}"
LONGEST = f"select {COLUMNS} from cases where {UNDER_REVIEW} order by stage_since, id limit %s"
ANY = f"select {COLUMNS} from cases where id = %s"
ONE = f"select {COLUMNS} from cases where {UNDER_REVIEW} and id = %s"
# Whoever was named may have let go since, and somebody else have claimed the person.
HOLD_NOW = "select case_id from person_claim where idcs = any(%s) and household_id <> %s"
STATEMENT = "select text from case_text where case_id = %s and seq = %s"
OTHERS = """
    select r.reference, c.stage, c.submitted_at, d.body::text, array(select idcs from person_claim p
        where p.case_id = c.id and p.idcs = any(%s)),
        exists (select from event e where e.case_id = c.id and e.kind = 'CaseErased'),
        array(
            select json_build_object('idcs', m.idcs, 'name', m.name, 'relationship', m.relationship)
            from household_version v join household_member m using (household_id, version)
            where (v.household_id, v.case_id) = (c.household_id, c.id) order by m.position
        )
    from cases c
    join receipt r on r.case_id = c.id
    left join case_body d on (d.case_id, d.number) = (c.id, c.body_number)
    where c.id = any(%s) order by c.id
"""


@dataclass(frozen=True, slots=True)
class RelatedCase:
    """Another application that the review is about.

    `declaration`: None once it is `erased` on request or was kept long enough.

    `holds`: the identifiers of the reviewed household's members that it holds now; none once it has let them go.
    `registered`: its members as the register keeps them, by idcs, name (None: erased) and relationship; none before it
    is registered.
    """

    reference: str
    stage: str
    submitted_at: datetime
    declaration: Declaration | None
    holds: frozenset[str]
    erased: bool
    registered: list[dict[str, Any]]


def waiting(connection: Connection, limit: int) -> tuple[int, list[CaseFile]]:
    """How many applications wait for a caseworker, and those that have waited longest."""
    rows = [CaseRow(*row) for row in connection.execute(LONGEST, [limit])]
    return int(scalar(connection, COUNT)), case_files(connection, rows) if rows else []


def under_review(connection: Connection, reference: str) -> tuple[CaseFile, list[RelatedCase]]:
    """An application that waits for a caseworker, and the others.

    Raises NotFound, and Refused where it waits for none.
    """
    case = find(connection, reference)
    row = connection.execute(ONE, [case.id]).fetchone()
    if row is None:
        raise Refused("not_under_review", f"{reference} waits for no caseworker: it is '{case.stage}'.")
    (file,) = case_files(connection, [CaseRow(*row)])
    named = (signal.cases for signal in raised(file))
    return file, others(connection, hold_now(connection, file).union(*named), persons_of(file))


def statement_of(connection: Connection, file: CaseFile) -> str | None:
    """What the citizen answered to the proposal of a refusal, in their own words; None where nobody answered."""
    heard = hearing(file)
    if heard is None or not isinstance(heard.event, StatementReceived):
        return None
    row = connection.execute(STATEMENT, [file.id, heard.seq]).fetchone()
    return row[0] if row else None


def holders(connection: Connection, reference: str) -> list[RelatedCase]:
    """Those who hold a member of this household now: whatever was said of a review, it comes back while they do.

    Raises NotFound.
    """
    row = connection.execute(ANY, [find(connection, reference).id]).fetchone()
    assert row is not None
    (file,) = case_files(connection, [CaseRow(*row)])
    return others(connection, hold_now(connection, file), persons_of(file))


def persons_of(file: CaseFile) -> list[str]:
    """The identifiers of its members."""
    return [member.idcs for member in file.declaration.members]


def hold_now(connection: Connection, file: CaseFile) -> set[int]:
    """The other cases that hold one of its members."""
    return {number for (number,) in connection.execute(HOLD_NOW, [persons_of(file), file.household_id])}


def others(connection: Connection, case_ids: Iterable[int], persons: Sequence[str]) -> list[RelatedCase]:
    """These cases as they stand now, with those of these persons whom each holds."""
    return [
        RelatedCase(
            reference,
            stage,
            submitted_at,
            Declaration.restored(body) if body else None,
            frozenset(holds),
            erased,
            registered,
        )
        for reference, stage, submitted_at, body, holds, erased, registered in connection.execute(
            OTHERS, [persons, list(case_ids)]
        )
    ]
