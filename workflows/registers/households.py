"""What the register knows of households that change: their last versions, and what was declared for each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from models.arrays import array, columns
from models.database import Connection, scalar
from models.days import day_of
from workflows.bodies.change import CORRECTION, Change, EarlierVersion
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE, fields_changed, merged
from workflows.casefile import CaseFile
from workflows.engine.chain import new_salt
from workflows.engine.opening import BODIES, sealed_body
from workflows.engine.record import copy
from workflows.events.registration import Contribution, ScoreComputed
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
# When these versions were decided; one in the place of another, when that one was.
DECIDED = """
    with recursive origin (household_id, wanted, version) as (
        select household_id, version, version from unnest(%s::bigint[], %s::int[]) as w (household_id, version)
        union all
        select v.household_id, wanted, v.corrects from origin join household_version v using (household_id, version)
        where v.corrects is not null
    )
    select household_id, wanted, max(e.at) from (
        select household_id, wanted, min(version) as version from origin group by 1, 2
    ) as first
    join household_version v using (household_id, version)
    join event e on e.case_id = v.case_id and e.kind in ('HouseholdApproved', 'HouseholdChanged') group by 1, 2
"""
# The version that a case made, or the last one that a correction put in its place.
STANDS = """
    with recursive stands (version) as (
        select max(version) from household_version
        where (household_id, case_id) = (%(household)s, %(case)s) and corrects is null
        union all
        select v.version from stands join household_version v on v.corrects = stands.version
        where v.household_id = %(household)s
    ) select max(version) from stands
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


class KnownVersion(NamedTuple):
    """What was declared for a version; where a correction needs it, the day on which it was decided."""

    declaration: Declaration
    decided_on: date | None


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


def version_that_stands(connection: Connection, household_id: int, case_id: int) -> int | None:
    """The version that this case made of the household, or that was put in its place since; None where it made none."""
    found: int | None = scalar(connection, STANDS, {"household": household_id, "case": case_id})
    return found


def declarations(connection: Connection, versions: Sequence[Version]) -> dict[Version, Declaration]:
    """What was declared for each of these versions; absent where it was erased."""
    found: dict[Version, Declaration] = {}
    if versions:
        for household, version, corrects, kind, body in connection.execute(DECLARED, columns(list(versions))):
            restored: Any = FLOWS[kind].body.restored(body)
            declared = restored.declared(corrects) if isinstance(restored, Change) else restored.declaration
            found[household, version] = declared
    return found


def days_decided(connection: Connection, versions: Sequence[Version]) -> dict[Version, date]:
    """The day on which each of these versions was decided, in Morocco; of a correction's, that of the wrong version."""
    if not versions:
        return {}
    found = connection.execute(DECIDED, columns(list(versions)))
    return {(household, version): day_of(at) for household, version, at in found}


def compare(connection: Connection, files: Sequence[CaseFile], now: datetime) -> dict[int, Comparison]:
    """Each change beside the last version of its household.

    Where another change came first, of other fields, the declaration with both is stored as the case's new body.
    """
    last = last_versions(connection, [file.household_id or 0 for file in files])
    known = versions_known(connection, files, last)
    found, rebased = {}, []
    for file in files:
        found[file.id], body = comparison(file, last.get(file.household_id or 0, 0), known, now)
        rebased += [(file, found[file.id], body)] if body else []
    store(connection, [(file, answer, *body) for file, answer, body in rebased], now)
    return found


def versions_known(
    connection: Connection, files: Sequence[CaseFile], last: Mapping[int, int]
) -> dict[Version, KnownVersion]:
    """The versions that these changes were made on, and the last ones; for a correction also those in between."""
    wanted, corrected = set(), set()
    for file in files:
        household, based_on = file.household_id or 0, file.body.based_on
        wanted |= {(household, based_on), (household, last.get(household, 0))}
        if file.body.change == CORRECTION:
            corrected |= {(household, version) for version in range(based_on, last.get(household, 0) + 1)}
    found = declarations(connection, sorted(wanted | corrected))
    decided = days_decided(connection, sorted(corrected))
    return {version: KnownVersion(said, decided.get(version)) for version, said in found.items()}


def comparison(
    file: CaseFile, last: int, known: Mapping[Version, KnownVersion], now: datetime
) -> tuple[Comparison, tuple[Change, bytes] | None]:
    """One change beside the household's last version, and its new body with that body's salt, if it needs one."""
    household, change = file.household_id or 0, file.body
    base, theirs = known.get((household, change.based_on)), known.get((household, last))
    if not last or change.based_on == last:
        fields = fields_changed(theirs.declaration, change.declaration) if theirs else ()
        return Comparison(at=now, last_version=last, fields=fields), None
    # A correction leaves what was changed since as it is.
    stay = change.change == CORRECTION
    both = (
        merged(base.declaration, theirs.declaration, change.declaration, theirs_stay=stay) if base and theirs else None
    )
    if both is None or both.declaration is None:
        return Comparison(at=now, last_version=last, conflicts=both.conflicts if both else (WHOLE,)), None
    body = change.model_copy(update={"declaration": both.declaration, "based_on": last})
    if stay:
        since = {version: known.get((household, version)) for version in range(change.based_on, last + 1)}
        body = reaching(change, body, {version: each for version, each in since.items() if each})
    salt = new_salt()
    digest = sealed_body(salt, body.stored())
    return Comparison(at=now, last_version=last, body=file.body_number + 1, digest=digest), (body, salt)


def reaching(change: Change, rebased: Change, since: Mapping[int, KnownVersion]) -> Change:
    """A rebased correction that also reaches those versions since the one it was made on which hold the wrong value."""
    base = since[change.based_on].declaration
    found = {
        version: merged(base, each.declaration, change.declaration, theirs_stay=True).declaration
        for version, each in since.items()
    }
    more = [
        EarlierVersion(version=version, decided_on=day, declaration=said)
        for version, said in sorted(found.items())
        if said and (day := since[version].decided_on) and said != since[version].declaration
    ]
    last = rebased.based_on
    earlier = (*change.earlier, *(each for each in more if each.version != last))
    return rebased.model_copy(update={"decided_on": since[last].decided_on, "earlier": earlier})


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
