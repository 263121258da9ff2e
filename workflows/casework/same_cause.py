"""Which households share the cause of an upheld appeal, and how a supervisor opens the review of all of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from models.database import Connection, scalar
from models.days import day_of
from models.errors import NotFound, Refused
from workflows.appeals.holding import SUPERVISOR, require_role
from workflows.audit.acts import Act
from workflows.bodies.appeal import MEMBER_PATH, Appeal, Contested, corrected, value_at
from workflows.bodies.change import UPDATE, Change
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile, NewCase
from workflows.casework.appeal_view import AppealView, appeal_of_reference, outcome
from workflows.casework.appeals import contested_file
from workflows.engine.lanes import APPEAL
from workflows.engine.opening import Opening, Origin, case_numbers, hash_of, insert_cases, opening, record_openings
from workflows.evidence import Submission
from workflows.intake.receipts import OPENED_BY_US
from workflows.intake.submit import keep_receipts
from workflows.policies import index_of_version
from workflows.policies.rules import in_force
from workflows.registers.households import days_decided, declarations
from workflows.registers.period_rows import known_periods
from workflows.registers.ports import Notices
from workflows.scoring.formula import RULES
from workflows.staff.noting import Doing, note_act
from workflows.staff.signatures import OFFICER, sign
from workflows.staff.territories import EVERYWHERE, Parameters, in_territory

OF_A_RULE, OF_A_REGISTER = (
    "rule_was_misapplied",
    "register_was_wrong",
)  # reasons by which a cause is not one household's
AT_ONCE = 500  # reviews that one transaction opens
CHANNEL = "office"
# The registered households whose index in force rests on one of these variables of the same version of the index; and
# those that declare one of these values, for the household or for a member; of the territory of who asks.
SHARE = f"""
    from household h
    cross join lateral (select v.version, v.case_id from household_version v
        where v.household_id = h.id order by v.version desc limit 1) as last
    cross join lateral (select s.seq, s.policy from score s where s.case_id = last.case_id
        order by s.seq desc limit 1) as index
    join event e on (e.case_id, e.seq) = (last.case_id, index.seq)
    join receipt r on r.case_id = last.case_id
    join cases c on c.id = last.case_id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) and b.body is not null
    cross join lateral (select coalesce(b.body::jsonb -> 'declaration', b.body::jsonb) as body) as said
    where h.id <> %(own)s and not exists (select from household_end where household_id = h.id)
    and {in_territory("c")}
    and (
        (index.policy = %(policy)s and exists (select from json_array_elements(e.facts -> 'contributions') as term
            where term ->> 0 = any(%(variables)s::text[])))
        or exists (
            select from unnest(%(parts)s::text[], %(fields)s::text[], %(values)s::jsonb[]) as w (part, field, value)
            where case part
                when 'members' then exists (select from jsonb_array_elements(said.body -> 'members') as member
                    where member -> field is not distinct from w.value)
                when '' then said.body -> field is not distinct from w.value
                else said.body -> part -> field is not distinct from w.value end
        )
    )
"""
COUNT = f"select count(*) {SHARE}"
FIRST = f"select r.reference {SHARE} order by h.id limit %(limit)s"
NOT_OPENED = f"""
    select h.id, last.version {SHARE}
    and not exists (select from receipt where idempotency_key = %(prefix)s || h.id) order by h.id limit %(limit)s
"""


class SaidValue(NamedTuple):
    """A value that a declaration holds: in which part (none: the household itself), in which field, as JSON."""

    part: str
    field: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """What was wrong with more than one household: variables by a rule, and values by a register's record."""

    policy: str
    variables: tuple[str, ...]
    values: tuple[SaidValue, ...]


class SharedValue(NamedTuple):
    """A contested value that an appeal upheld because of a record or a rule, and what another household says there.

    `declared`: what the appeal's household had declared (None: nothing, or it was erased); `here`: by path.
    """

    path: str
    reason: str
    declared: Any
    should_be: Any
    here: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """A supervisor's order to review the households that share the cause of an appeal."""

    reference: str
    name: str
    role: str
    where: Parameters = field(default_factory=lambda: EVERYWHERE)  # the territory of the supervisor


def of_common_cause(view: AppealView) -> tuple[list[Contested], dict[str, str]]:
    """The contested values that were upheld because of a record or a rule, and every reason by its path."""
    came_to = outcome(view.file)
    reasons = {each.path: each.reason for each in came_to.findings if each.upheld} if came_to else {}
    return [each for each in view.appeal.contested if reasons.get(each.path) in (OF_A_RULE, OF_A_REGISTER)], reasons


def cause_of(connection: Connection, view: AppealView) -> Cause | None:
    """The cause that other households may share; None where the appeal was not upheld for a record or a rule."""
    appeal = view.appeal
    found, reasons = of_common_cause(view)
    if not found:
        return None
    base = contested_file(connection, appeal).declaration
    policy = contested_policy(connection, appeal)
    by_rule = [each for each in found if reasons[each.path] == OF_A_RULE]
    values = [said_at(base, each.path) for each in found if reasons[each.path] == OF_A_REGISTER]
    return Cause(policy, moved_by(base, by_rule, day_of(appeal.decided_at), policy), tuple(values))


def moved_by(base: Declaration, contested: Sequence[Contested], day: date, policy: str) -> tuple[str, ...]:
    """The variables of the contested index that these values move."""
    compute, index = RULES[in_force(RULES)], index_of_version(policy)
    before = compute(base, day, index).contributions
    after = compute(corrected(base, contested), day, index).contributions if contested else before
    return tuple(each.variable for each in before if each not in after)


def said_at(declaration: Declaration, path: str) -> SaidValue:
    """What the declaration says at a path, as it is stored."""
    said = declaration.model_dump(mode="json", exclude_defaults=True)
    part, _, field = path.rpartition(".")
    member = MEMBER_PATH.fullmatch(path)
    holder = said["members"][int(member[1])] if member else (said.get(part, {}) if part else said)
    value = holder.get(field)
    return SaidValue("members" if member else part, field, None if value is None else json.dumps(value))


def values_shared(connection: Connection, file: CaseFile) -> list[SharedValue]:
    """What the appeal for which a household is reviewed showed to be wrong, beside what the household says there.

    Empty where nobody ordered its review, and where the appeal was erased.
    """
    reference = file.body.reviewed_for if isinstance(file.body, Change) else None
    try:
        view = appeal_of_reference(connection, reference) if reference else None
    except NotFound:
        return []
    if view is None:
        return []
    base = declared_in(connection, view.appeal)
    found, reasons = of_common_cause(view)
    return [
        SharedValue(each.path, reasons[each.path], declared, each.should_be, said_there(file.declaration, each.path))
        for each in found
        for declared in [value_at(base, each.path) if base else None]
    ]


def declared_in(connection: Connection, appeal: Appeal) -> Declaration | None:
    """What the contested case declares; None where it was erased."""
    try:
        return contested_file(connection, appeal).declaration
    except NotFound:
        return None


def said_there(declaration: Declaration, path: str) -> dict[str, Any]:
    """What a household says at a path; of a member's value, what it says of every member."""
    member = MEMBER_PATH.fullmatch(path)
    places = range(len(declaration.members)) if member else ()
    paths = [f"members[{place}].{member[2]}" for place in places] if member else [path]
    return {each: value_at(declaration, each) for each in paths}


def contested_policy(connection: Connection, appeal: Appeal) -> str:
    """The version of the index by which the contested decision was taken."""
    found = "select policy from score where case_id = %s and seq <= %s order by seq desc limit 1"
    return str(scalar(connection, found, [appeal.case, appeal.seq]))


def sharing(
    connection: Connection, view: AppealView, limit: int, where: Parameters = EVERYWHERE
) -> tuple[int, list[str]]:
    """How many other households of a territory share the cause, and the references of the first of them."""
    cause = cause_of(connection, view)
    if cause is None:
        return 0, []
    asked = parameters(view, cause) | where | {"limit": limit}
    count = connection.execute(COUNT, asked).fetchone()
    return (count[0] if count else 0), [reference for (reference,) in connection.execute(FIRST, asked)]


def parameters(view: AppealView, cause: Cause) -> dict[str, object]:
    """The cause as the statements ask for it."""
    parts, fields, values = zip(*cause.values, strict=True) if cause.values else ((), (), ())
    return {
        "own": view.file.household_id,
        "policy": cause.policy,
        "variables": list(cause.variables),
        "parts": list(parts),
        "fields": list(fields),
        "values": list(values),
        "prefix": f"{OPENED_BY_US}{view.file.id}:",
    }


def order_reviews(connection: Connection, order: Order, now: datetime, notices: Notices) -> int:
    """Opens the review of the next of these households, each once for the appeal; returns how many, 0 at the end.

    Raises NotFound, and Refused for another role and for an appeal that showed no such cause.
    """
    require_role(order.role, SUPERVISOR)
    view = appeal_of_reference(connection, order.reference)
    cause = cause_of(connection, view)
    if cause is None:
        raise Refused(
            "no_common_cause",
            f"No value of {order.reference} was upheld because of a record ({OF_A_REGISTER}) or a rule ({OF_A_RULE}): "
            "no other household shares its cause.",
        )
    asked = parameters(view, cause) | order.where | {"limit": AT_ONCE}
    found = connection.execute(NOT_OPENED, asked).fetchall()
    evidence = Submission(at=now, by=sign(connection, OFFICER, order.name))
    bodies = changes(connection, view.file, found)
    numbers = case_numbers(connection, len(bodies))
    new = [(NewCase(UPDATE, APPEAL, household, body), f"{asked['prefix']}{household}") for household, body in bodies]
    made = [
        opening(number, case, Origin(CHANNEL, key), evidence, notices)
        for number, (case, key) in zip(numbers, new, strict=True)
    ]
    opened = open_new(connection, made, now)
    doing = Doing(Act.ORDER_REVIEWS, now, [view.file.id, *(each.file.id for each in opened)], order.role)
    note_act(connection, evidence.by, order.name, doing)
    return len(opened)


def changes(connection: Connection, appeal: CaseFile, versions: Sequence[tuple[int, int]]) -> list[tuple[int, Change]]:
    """For each household, the correction of its last version, with nothing changed yet; erased ones are left out."""
    said, days = declarations(connection, versions), days_decided(connection, versions)
    periods = known_periods(connection, [household for household, _ in versions])
    since = {(household, each.span.version): each.span.since for household, known in periods.items() for each in known}
    return [
        (
            version[0],
            Change(
                change="correction",
                cause="error",
                true_from=day_of(since[version]),
                based_on=version[1],
                decided_on=days[version],
                declaration=said[version],
                reviewed_for=appeal.reference,
            ),
        )
        for version in versions
        if version in said and version in since
    ]


def open_new(connection: Connection, made: Sequence[Opening], now: datetime) -> list[Opening]:
    """Opens those of these cases whose key is new; of two supervisors at once, one opens each."""
    receipts = [(each.file.reference, each.file.id, each.origin.key, hash_of(each.body)) for each in made]
    new = keep_receipts(connection, receipts) if receipts else set()
    opened = [each for each in made if each.origin.key in new]
    insert_cases(connection, opened)
    record_openings(connection, opened, now)
    return opened
