"""Reads what a visit shows of the household: its index, the thresholds that it meets, what counted, what changed."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from models.database import Connection, scalar
from web.asked import Asked
from web.changes import Point, declared_by, points_of
from web.contestable import contestable_of, should_be_in
from web.index_values import Group, given_name, groups_of
from web.queries import Status, last_facts
from web.states import MUST, WORK, turn_of
from workflows.bodies.appeal import Appeal
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import differences, fields_changed
from workflows.casework.appeals import HAS_LEFT
from workflows.events.registration import DuplicateSuspected, ReviewReopened, ScoreComputed
from workflows.flows import FLOWS
from workflows.flows.appeal import FLOW as APPEAL
from workflows.registers.households import declarations, last_versions, version_that_stands
from workflows.registers.period_rows import known_periods

MADE = """
    select v.case_id, v.corrects, (select facts::text from event e where e.case_id = v.case_id
        and e.kind = 'ScoreComputed' order by e.seq desc limit 1),
        (select max(b.version) from household_version b
            where b.household_id = v.household_id and b.version < v.version and b.case_id <> v.case_id)
    from household_version v where (v.household_id, v.version) = (%s, %s)
"""
SCORE = """
    select (e.facts ->> 'score')::numeric from household_version v join event e on e.case_id = v.case_id
    where (v.household_id, v.version) = (%s, %s) and e.kind = 'ScoreComputed' order by e.seq desc limit 1
"""
THRESHOLDS = """
    select programme, threshold, eligible from eligibility where (household_id, version) = (%s, %s) order by threshold
"""
IN_FORCE = """
    select c.kind, b.body::text from cases c join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
    where c.id = %s
"""
PERSONAL = {
    "phone",
    "email",
    "language",
    "idcs",
    "cin",
    "declarant",
}  # what changed of these is nothing that counts in an index


class ProgrammeThreshold(NamedTuple):
    """A programme's threshold, and whether the household's index meets it."""

    programme: str
    threshold: Decimal
    met: bool


class Standing(NamedTuple):
    """A household as the register has it now.

    `contestable`: the index is the one that this case came to, so that its receipt contests it. `corrected`: an appeal,
    or the agency, corrected it. `before`: the index of the version before, and `changed` what differs from that one.
    """

    declaration: Declaration
    score: Decimal
    since: datetime | None
    thresholds: tuple[ProgrammeThreshold, ...]
    groups: tuple[Group, ...]
    contestable: bool
    corrected: bool = False
    before: Decimal | None = None
    changed: tuple[Point, ...] = ()


def standing_of(connection: Connection, case: Status) -> Standing | None:
    """The household of a receipt as it is registered; None where it is not, where that was erased, and for whoever
    left it.
    """
    household = case.household_id or 0
    version = None if case.kind == APPEAL.kind else last_versions(connection, [household]).get(household)
    if version is None or is_stranger(connection, case):
        return None
    declared = declarations(connection, [(household, version)]).get((household, version))
    made = connection.execute(MADE, [household, version]).fetchone()
    if declared is None or made is None or made[2] is None:
        return None
    scored = msgspec.json.decode(made[2], type=ScoreComputed)
    return Standing(
        declared,
        scored.score,
        since(connection, household, version),
        tuple(ProgrammeThreshold(*row) for row in connection.execute(THRESHOLDS, [household, version])),
        tuple(groups_of(declared, scored)),
        contestable=version_that_stands(connection, household, case.case_id) == version,
        corrected=made[1],
        before=scalar(connection, SCORE, [household, made[3]]) if made[3] else None,
        changed=changed_since(connection, household, made[3], declared),
    )


def is_stranger(connection: Connection, case: Status) -> bool:
    """Whether whoever asked in this case has left its household, or says in it that they do."""
    return is_departure(connection, case) or bool(scalar(connection, HAS_LEFT, [case.case_id]))


def is_departure(connection: Connection, case: Status) -> bool:
    """Whether the case is somebody's who says that they left: they are shown nothing of whom they leave."""
    change = declared_by(connection, case)
    return bool(change and change.left_by)


def since(connection: Connection, household: int, version: int) -> datetime | None:
    """From when a version is true, as far as that is known now."""
    spans = [
        each.span.since
        for each in known_periods(connection, [household]).get(household, [])
        if each.span.version == version
    ]
    return min(spans, default=None)


def changed_since(connection: Connection, household: int, before: int | None, now: Declaration) -> tuple[Point, ...]:
    """What differs from the version before, with both values where a page can show them beside each other."""
    earlier = declarations(connection, [(household, before)]).get((household, before)) if before else None
    if earlier is None:
        return ()
    names = [each for each in fields_changed(earlier, now) if each.rpartition(".")[2] not in PERSONAL]
    return points_of(differences(earlier, now, names))


def declaration_of(connection: Connection, case: Status) -> Declaration | None:
    """What the case declares, or contests; None where that was erased."""
    body = body_of(connection, case.case_id)
    if isinstance(body, Appeal):
        body = body_of(connection, body.case)
    found = getattr(body, "declaration", None)
    return found if isinstance(found, Declaration) else None


def body_of(connection: Connection, case_id: int) -> Any:
    """The body of a case in force; None where it was erased."""
    row = connection.execute(IN_FORCE, [case_id]).fetchone()
    return FLOWS[row[0]].body.restored(row[1]) if row and row[1] else None


def names_of(declaration: Declaration | None) -> list[str]:
    """The given name of each member, at their place in the declaration."""
    return [given_name(each) for each in declaration.members] if declaration else []


def persons_meant(connection: Connection, case: Status) -> Sequence[int]:
    """The places of the members whom the case's last review was about; none where that is not known."""
    found = last_facts(connection, case.case_id, DuplicateSuspected, ReviewReopened)
    return sorted({member for signal in found.signals for member in signal.members}) if found else ()


def contested_values(
    connection: Connection, case: Status, declaration: Declaration | None
) -> list[tuple[Asked, object]]:
    """The values that an appeal contests, each with what it should be; none of another kind of case."""
    appeal = body_of(connection, case.case_id) if case.kind == APPEAL.kind else None
    if appeal is None or declaration is None:
        return []
    contested = {each.path: each.should_be for each in appeal.contested}
    said = [(each, should_be_in(each, contested)) for each in contestable_of(declaration)]
    return [(each, should_be) for each, should_be in said if should_be is not None]


def office_of(connection: Connection, case: Status) -> int | None:
    """The region whose office has the case in hand; None of a case that has ended."""
    region: int = scalar(connection, "select region from cases where id = %s", [case.case_id])
    return region if turn_of(case) in (MUST, WORK) else None
