"""What the register knows of households that change: their last versions, and what was declared for each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from models.arrays import array, columns
from models.database import Connection
from workflows.bodies.change import CORRECTION, Change, EarlierVersion
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE, fields_changed, merged
from workflows.casefile import CaseFile
from workflows.engine.chain import new_salt
from workflows.engine.opening import BODIES, sealed_body
from workflows.engine.record import copy
from workflows.events import Contribution, ScoreComputed
from workflows.evidence import Comparison, KnownPeriod
from workflows.flows import FLOWS
from workflows.registers.period_rows import known_periods

LAST = """
    select distinct on (household_id) household_id, version, case_id from household_version v
    where household_id = any(%s::bigint[])
    and not exists (select from household_end e where e.household_id = v.household_id)
    order by household_id, version desc
"""
STATES = f"""
    select v.household_id, v.version,
        (select facts::text from event e where e.case_id = v.case_id and e.kind = 'ScoreComputed'
            order by e.seq desc limit 1),
        array(select programme from eligibility e
            where (e.household_id, e.version) = (v.household_id, v.version) and e.eligible order by programme)
    from ({LAST}) v
"""
# What was declared for these versions: the body in force of the case that made each.
DECLARED = """
    select v.household_id, v.version, v.corrects, c.kind, b.body::text
    from unnest(%s::bigint[], %s::int[]) as wanted (household_id, version)
    join household_version v using (household_id, version) join cases c on c.id = v.case_id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where b.body is not null
"""
REDECLARE = """
    update cases set applicant_idcs = new.applicant, region = new.region, province = new.province
    from unnest(%s::bigint[], %s::text[], %s::smallint[], %s::text[]) as new (id, applicant, region, province)
    where cases.id = new.id
"""
Version = tuple[int, int]  # a household and the number of its version


class KnownHousehold(NamedTuple):
    """Where the register stands on a household; no last version: it is not, or no more, registered."""

    last_version: int = 0
    periods: tuple[KnownPeriod, ...] = ()
    policy: str | None = None
    contributions: tuple[Contribution, ...] = ()
    score: Decimal | None = None
    met: tuple[str, ...] = ()


def known_households(connection: Connection, household_ids: Sequence[int]) -> dict[int, KnownHousehold]:
    """Each of these households as it is known now."""
    periods = known_periods(connection, household_ids)
    found = {each: KnownHousehold() for each in household_ids}
    for household_id, version, facts, met in connection.execute(STATES, [array(household_ids)]):
        scored = msgspec.json.decode(facts, type=ScoreComputed) if facts else None
        known = tuple(KnownPeriod(each.number, each.known_since, *each.span) for each in periods.get(household_id, ()))
        found[household_id] = KnownHousehold(
            version,
            known,
            scored.policy if scored else None,
            scored.contributions if scored else (),
            scored.score if scored else None,
            tuple(met),
        )
    return found


def last_versions(connection: Connection, household_ids: Sequence[int]) -> dict[int, int]:
    """The number of each household's last version; absent where it is not, or no more, registered."""
    found = connection.execute(LAST, [array(household_ids)])
    return {household_id: version for household_id, version, _ in found}


def declarations(connection: Connection, versions: Sequence[Version]) -> dict[Version, Declaration]:
    """What was declared for each of these versions; absent where it was erased."""
    found: dict[Version, Declaration] = {}
    if versions:
        for household, version, corrects, kind, body in connection.execute(DECLARED, columns(list(versions))):
            restored: Any = FLOWS[kind].body.restored(body)
            declared = restored.declared(corrects) if isinstance(restored, Change) else restored.declaration
            found[household, version] = declared
    return found


def compare(connection: Connection, files: Sequence[CaseFile], now: datetime) -> dict[int, Comparison]:
    """Each change beside the last version of its household.

    Where another change came first, of other fields, the declaration with both is stored as the case's new body.
    """
    last = last_versions(connection, [file.household_id or 0 for file in files])
    wanted = {(file.household_id or 0, number) for file in files for number in (last.get(file.household_id or 0, 0),)}
    wanted |= {(file.household_id or 0, file.body.based_on) for file in files}
    known = declarations(connection, sorted(wanted))
    found, rebased = {}, []
    for file in files:
        found[file.id], body = comparison(file, last.get(file.household_id or 0, 0), known, now)
        rebased += [(file, found[file.id], body)] if body else []
    store(connection, [(file, answer, *body) for file, answer, body in rebased], now)
    return found


def comparison(
    file: CaseFile, last: int, known: Mapping[Version, Declaration], now: datetime
) -> tuple[Comparison, tuple[Change, bytes] | None]:
    """One change beside the household's last version, and its new body with that body's salt, if it needs one."""
    household, change = file.household_id or 0, file.body
    base, theirs = known.get((household, change.based_on)), known.get((household, last))
    if not last or change.based_on == last:
        fields = fields_changed(theirs, change.declaration) if theirs else ()
        return Comparison(at=now, last_version=last, fields=fields), None
    both = merged(base, theirs, change.declaration) if base and theirs else None
    if both is None or both.declaration is None:
        return Comparison(at=now, last_version=last, conflicts=both.conflicts if both else (WHOLE,)), None
    body, salt = rebased_on(change, last, both.declaration), new_salt()
    digest = sealed_body(salt, body.stored())
    return Comparison(at=now, last_version=last, body=file.body_number + 1, digest=digest), (body, salt)


def rebased_on(change: Change, last: int, declaration: Declaration) -> Change:
    """The change with this declaration, made on the household's last version."""
    earlier = change.earlier
    if change.change == CORRECTION:  # the version that it was made on held the wrong value too
        earlier = (
            *earlier,
            EarlierVersion(version=change.based_on, decided_on=change.true_from, declaration=change.declaration),
        )
    return change.model_copy(update={"declaration": declaration, "based_on": last, "earlier": earlier})


def store(connection: Connection, rebased: Sequence[tuple[CaseFile, Comparison, Change, bytes]], now: datetime) -> None:
    """Stores these bodies, and who asks by them and where."""
    if rebased:
        rows = [
            (file.id, answer.body, file.household_id, body.stored(), body.contact.phone, salt, now)
            for file, answer, body, salt in rebased
        ]
        copy(connection, "case_body", BODIES, rows)
        asked = [(file.id, body.applicant, *body.territory) for file, _, body, _ in rebased]
        connection.execute(REDECLARE, columns(asked))
