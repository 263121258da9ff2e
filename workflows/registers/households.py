"""What the register knows of households that change: their last versions, and what was declared for each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from models.arrays import array, columns
from models.database import Connection, scalar
from models.days import day_of, midnight
from workflows.bodies.change import CORRECTION, REMOVAL, Change, EarlierVersion
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE, Merged, fields_changed, merged
from workflows.casefile import CaseFile
from workflows.desk.search_keys import FIND_BY, keys_of_body
from workflows.engine.chain import new_salt
from workflows.engine.opening import BODIES, sealed_body
from workflows.engine.record import copy
from workflows.events.registration import Contribution, ScoreComputed
from workflows.evidence import Comparison, KnownPeriod
from workflows.flows import FLOWS
from workflows.registers.period_rows import known_periods
from workflows.registers.periods import spans_from

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
    select v.household_id, v.version, v.replaces, c.kind, b.body::text
    from unnest(%s::bigint[], %s::int[]) as wanted (household_id, version)
    join household_version v using (household_id, version) join cases c on c.id = v.case_id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where b.body is not null
"""
# When these versions were decided; one in the place of a wrong one, when that one was.
DECIDED = """
    with recursive origin (household_id, wanted, version) as (
        select household_id, version, version from unnest(%s::bigint[], %s::int[]) as w (household_id, version)
        union all
        select v.household_id, wanted, v.replaces from origin join household_version v using (household_id, version)
        where v.corrects
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
        where (household_id, case_id) = (%(household)s, %(case)s) and not corrects
        union all
        select v.version from stands join household_version v on v.replaces = stands.version
        where v.household_id = %(household)s and v.corrects
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
        for household, version, replaces, kind, body in connection.execute(DECLARED, columns(list(versions))):
            restored: Any = FLOWS[kind].body.restored(body)
            declared = restored.declared(replaces) if isinstance(restored, Change) else restored.declaration
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

    Where another change came first, of other fields, the declaration with both is stored as the case's new body; where
    one of a later day did, so is each version that this change reaches.
    """
    last = last_versions(connection, [file.household_id or 0 for file in files])
    older = older_versions(connection, files, last)
    known = versions_known(connection, files, last, older)
    found, rebased = {}, []
    for file in files:
        reached = [version for version in older.get(file.id, ()) if version in known]
        found[file.id], body = comparison(file, last.get(file.household_id or 0, 0), known, reached, now)
        rebased += [(file, found[file.id], body)] if body else []
    store(connection, [(file, answer, *body) for file, answer, body in rebased], now)
    return found


def older_versions(
    connection: Connection, files: Sequence[CaseFile], last: Mapping[int, int]
) -> dict[int, list[Version]]:
    """By case, the versions before the household's last that are true of some time from the change's day on.

    A correction names the versions that it reaches itself.
    """
    days = {
        file.id: (file.household_id or 0, midnight(file.body.true_from))
        for file in files
        if file.body.change not in (CORRECTION, REMOVAL)
    }
    periods = known_periods(connection, sorted({household for household, _ in days.values()}))
    return {
        case_id: sorted(
            {(household, span.version) for span in spans_from(periods.get(household, ()), since)}
            - {(household, last.get(household, 0))}
        )
        for case_id, (household, since) in days.items()
    }


def versions_known(
    connection: Connection, files: Sequence[CaseFile], last: Mapping[int, int], older: Mapping[int, Sequence[Version]]
) -> dict[Version, KnownVersion]:
    """The versions that these changes were made on, the last ones, and those that they reach."""
    wanted, corrected = set(), set()
    for file in files:
        household, based_on = file.household_id or 0, file.body.based_on
        wanted |= {(household, based_on), (household, last.get(household, 0)), *older.get(file.id, ())}
        if file.body.change == CORRECTION:
            corrected |= {(household, version) for version in range(based_on, last.get(household, 0) + 1)}
    found = declarations(connection, sorted(wanted | corrected))
    decided = days_decided(connection, sorted(corrected))
    return {version: KnownVersion(said, decided.get(version)) for version, said in found.items()}


def comparison(
    file: CaseFile, last: int, known: Mapping[Version, KnownVersion], older: Sequence[Version], now: datetime
) -> tuple[Comparison, tuple[Change, bytes] | None]:
    """One change beside the household's last version, and its new body with that body's salt, if it needs one."""
    household, change = file.household_id or 0, file.body
    base, theirs = known.get((household, change.based_on)), known.get((household, last))
    if not last or (theirs is None and change.based_on == last):
        return Comparison(at=now, last_version=last), None
    if theirs is None:
        return Comparison(at=now, last_version=last, conflicts=(WHOLE,)), None
    both = brought_together(change, base, theirs) if change.based_on != last else Merged(change.declaration)
    if both.declaration is None:
        return Comparison(at=now, last_version=last, conflicts=both.conflicts), None
    body = change.model_copy(update={"declaration": both.declaration, "based_on": last})
    if change.based_on != last:
        body = body.beside(theirs.declaration, change)
    if change.change != CORRECTION:
        body = reaching_back(body, theirs.declaration, {version: known[household, version] for _, version in older})
    elif change.based_on != last:
        since = {version: known.get((household, version)) for version in range(change.based_on, last + 1)}
        body = reaching(change, body, {version: each for version, each in since.items() if each})
    if body == change:
        fields = fields_changed(theirs.declaration, change.declaration)
        return Comparison(at=now, last_version=last, fields=fields), None
    salt = new_salt()
    digest = sealed_body(salt, body.stored())
    return Comparison(at=now, last_version=last, body=file.body_number + 1, digest=digest), (body, salt)


def brought_together(change: Change, base: KnownVersion | None, theirs: KnownVersion) -> Merged:
    """The change beside another one that came first; a correction leaves what was changed since as it is. What else was
    declared of somebody who died goes with them.
    """
    if base is None:
        return Merged(None, (WHOLE,))
    keep: Literal["theirs", "mine"] | None = "theirs" if change.change == CORRECTION else None
    if change.life_event and change.life_event.kind == "death":
        keep = "mine"
    return merged(base.declaration, theirs.declaration, change.declaration, keep=keep)


def reaching_back(change: Change, last: Declaration, older: Mapping[int, KnownVersion]) -> Change:
    """A change of an earlier day than the last version's: each older version that is true of some of its time has its
    fields, too, and not those that changed on the later day.
    """
    found = {
        version: merged(last, each.declaration, change.declaration, keep="mine").declaration
        for version, each in older.items()
    }
    earlier = tuple(
        EarlierVersion(version=version, declaration=said)
        for version, said in found.items()
        if said and said != older[version].declaration
    )
    return change.model_copy(update={"earlier": earlier})


def reaching(change: Change, rebased: Change, since: Mapping[int, KnownVersion]) -> Change:
    """A rebased correction that also reaches those versions since the one it was made on which hold the wrong value."""
    base = since[change.based_on].declaration
    found = {
        version: merged(base, each.declaration, change.declaration, keep="theirs").declaration
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
        for file, _, body, _ in rebased:
            connection.execute(FIND_BY, [file.id, keys_of_body(body)])
