"""What a caseworker looks at before answering a review: the application or change, and the households it is about.

Reads only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.database import Connection, scalar
from models.errors import Refused
from workflows.bodies.change import Change
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import Difference, differences, fields_changed
from workflows.casefile import CaseFile
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.events.registration import StatementReceived
from workflows.evidence import Holder
from workflows.flows import appeal, update
from workflows.fraud import raised
from workflows.intake.receipts import find
from workflows.registers.households import declarations, last_versions
from workflows.registers.person_claims import left_since
from workflows.registers.person_moves import about_to_leave
from workflows.staff.territories import EVERYWHERE, Parameters, in_territory
from workflows.stages.review import hearing, proposal

REVIEWED = ("registration", "update")  # the kinds of cases that a caseworker reviews
UPDATE, APPEAL = update.FLOW.kind, appeal.FLOW.kind
REVIEW, HEARING = "under_review", "hearing"  # in a hearing a caseworker may clear the review, and nothing else


def at_stage(*stages: str) -> str:
    """The condition for these stages, in the words of the index, which is read for one kind after the other."""
    return f"open and not machine and not waiting and stage in ({', '.join(repr(stage) for stage in stages)})"


def longest_at(stage: str) -> str:
    """The question for the cases that are at a stage longest; its parameters are a limit and a territory."""
    there = f"{at_stage(stage)} and {in_territory()}"
    of_each_kind = " union all ".join(
        f"(select {COLUMNS} from cases where kind = '{kind}' and {there} order by stage_since, id limit %(limit)s)"
        for kind in REVIEWED
    )
    return f"{of_each_kind} order by stage_since, id limit %(limit)s"


OF_REVIEWS = f"kind in ({', '.join(repr(kind) for kind in REVIEWED)})"
COUNT = f"select count(*) from cases where {OF_REVIEWS} and {at_stage(REVIEW)} and {in_territory()}"
COUNT_HEARD = f"select count(*) from cases where {OF_REVIEWS} and {at_stage(HEARING)} and {in_territory()}"
LONGEST, LONGEST_HEARD = longest_at(REVIEW), longest_at(HEARING)
ANY = f"select {COLUMNS} from cases where id = %s"
ONE = f"select {COLUMNS} from cases where {OF_REVIEWS} and {at_stage(REVIEW, HEARING)} and id = %s"
# Changes at a stage of the citizen that cannot lapse by silence, and did not: nothing but an answer ends them.
KEPT_OPEN = f"""
    from cases c where kind = '{UPDATE}' and {at_stage("needs_correction", "conflicting")}
    and 'ChangeKeptOpen' = (
        select kind from event where case_id = c.id and kind in ('ChangeKeptOpen', 'CorrectionReceived')
        order by seq desc limit 1
    )
"""
COUNT_KEPT_OPEN = f"select count(*) {KEPT_OPEN} and {in_territory('c')}"
LONGEST_KEPT_OPEN = f"select {COLUMNS} {KEPT_OPEN} and {in_territory('c')} order by stage_since, id limit %(limit)s"
ONE_KEPT_OPEN = f"select {COLUMNS} {KEPT_OPEN} and id = %s"
# Whoever was named may have let go since, and somebody else have claimed the person.
HOLD_NOW = "select idcs, case_id, household_id from person_claim where idcs = any(%s) and household_id <> %s"
STATEMENT = "select text from case_text where case_id = %s and seq = %s"
OTHERS = """
    select r.reference, c.stage, c.submitted_at, coalesce(d.body -> 'declaration', d.body)::text,
        array(select idcs from person_claim p where p.case_id = c.id and p.idcs = any(%s)),
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
    `lets_go`: those of them whom a change of it, which is under way, lets go.
    `registered`: its members as the register keeps them, by idcs, name (None: erased) and relationship; none before it
    is registered.
    """

    reference: str
    stage: str
    submitted_at: datetime
    declaration: Declaration | None
    holds: frozenset[str]
    lets_go: frozenset[str]
    erased: bool
    registered: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ReviewedChange:
    """A change under review: what it changes, beside the household as the register has it now (None: erased)."""

    change: Change
    registered: Declaration | None
    version: int  # the household's last
    differences: tuple[Difference, ...]


def waiting(connection: Connection, limit: int, where: Parameters = EVERYWHERE) -> tuple[int, list[CaseFile]]:
    """How many applications and changes of a territory wait for a caseworker, and those that have waited longest."""
    return int(scalar(connection, COUNT, where)), longest(connection, LONGEST, limit, where)


def being_heard(connection: Connection, limit: int, where: Parameters = EVERYWHERE) -> tuple[int, list[CaseFile]]:
    """How many of a territory are in a hearing, in which a caseworker may clear them, and those heard longest."""
    return int(scalar(connection, COUNT_HEARD, where)), longest(connection, LONGEST_HEARD, limit, where)


def kept_open(connection: Connection, limit: int, where: Parameters = EVERYWHERE) -> tuple[int, list[CaseFile]]:
    """How many changes of a territory nobody answers that cannot lapse, for a person who leaves by them was given to
    another household, and those that have waited longest.
    """
    return int(scalar(connection, COUNT_KEPT_OPEN, where)), longest(connection, LONGEST_KEPT_OPEN, limit, where)


def one_kept_open(connection: Connection, reference: str) -> CaseFile | None:
    """This change, where nobody answers it and it cannot lapse; None of any other case. Raises NotFound."""
    row = connection.execute(ONE_KEPT_OPEN, [find(connection, reference).id]).fetchone()
    return case_files(connection, [CaseRow(*row)])[0] if row else None


def longest(connection: Connection, question: str, limit: int, where: Parameters) -> list[CaseFile]:
    """The files of the cases that are longest where the question looks."""
    rows = [CaseRow(*row) for row in connection.execute(question, {"limit": limit, **where})]
    return case_files(connection, rows) if rows else []


def under_review(connection: Connection, reference: str) -> tuple[CaseFile, list[RelatedCase]]:
    """An application that waits for a caseworker or is in a hearing, and the others.

    Raises NotFound, and Refused where a caseworker can do nothing.
    """
    case = find(connection, reference)
    refuse_appeal(case, reference)
    row = connection.execute(ONE, [case.id]).fetchone()
    if row is None:
        raise Refused("not_under_review", f"{reference} is not under review: it is '{case.stage}'.")
    (file,) = case_files(connection, [CaseRow(*row)])
    named = (signal.cases for signal in raised(file))
    held = hold_now(connection, file)
    return file, others(connection, {each.case_id for each in held}.union(*named), file, held)


def refusal_proposed_by(connection: Connection, case: CaseRow) -> str | None:
    """The pseudonym of who proposed a refusal that was heard, so that another caseworker may agree to it."""
    (file,) = case_files(connection, [case])
    proposed = proposal(file)
    return proposed.actor if proposed else None


def refuse_appeal(case: CaseRow, reference: str) -> None:
    """Raises Refused for an appeal, which has commands of its own."""
    if case.kind == APPEAL:
        raise Refused("not_under_review", f"{reference} is an appeal: sijil appeals show {reference}")


def reviewed_change(connection: Connection, file: CaseFile) -> ReviewedChange | None:
    """The change that is under review; None of an application."""
    if not isinstance(file.body, Change):
        return None
    household = file.household_id or 0
    version = last_versions(connection, [household]).get(household, 0)
    registered = declarations(connection, [(household, version)]).get((household, version))
    if registered is None:
        return ReviewedChange(file.body, None, version, ())
    names = fields_changed(registered, file.declaration)
    return ReviewedChange(file.body, registered, version, differences(registered, file.declaration, names))


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
    held = hold_now(connection, file)
    return others(connection, {each.case_id for each in held}, file, held)


def still_held(related: Iterable[RelatedCase]) -> bool:
    """Whether one of these holds a person whom no change of its own lets go: a review that is cleared comes back."""
    return any(each.holds - each.lets_go for each in related)


def persons_of(file: CaseFile) -> list[str]:
    """The identifiers of its members."""
    return [member.idcs for member in file.declaration.members]


def hold_now(connection: Connection, file: CaseFile) -> list[Holder]:
    """The other households' cases that hold one of its members, but for those who left since a change was made."""
    persons, left = persons_of(file), left_since(connection, [file]).get(file.id, set())
    found = connection.execute(HOLD_NOW, [[idcs for idcs in persons if idcs not in left], file.household_id])
    return [Holder(persons.index(idcs), case_id, household_id) for idcs, case_id, household_id in found]


def others(
    connection: Connection, case_ids: Iterable[int], file: CaseFile, held: Sequence[Holder]
) -> list[RelatedCase]:
    """These cases as they stand now, with those of the file's members whom each holds, and lets go."""
    persons = persons_of(file)
    leaving = about_to_leave(connection, [file], {file.id: held}).get(file.id, ())
    lets_go = {persons[member] for member in leaving}
    return [
        RelatedCase(
            reference,
            stage,
            submitted_at,
            Declaration.restored(body) if body else None,
            frozenset(holds),
            frozenset(holds) & lets_go,
            erased,
            registered,
        )
        for reference, stage, submitted_at, body, holds, erased, registered in connection.execute(
            OTHERS, [persons, list(case_ids)]
        )
    ]
