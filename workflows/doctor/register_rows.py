"""What a case wrote into the register, beside what `workflows/engine/projections.py` makes of its events; and the
persons it holds.
"""

from collections.abc import Collection, Iterable
from typing import Any

from psycopg.types.range import Range
from sqlmodel import SQLModel

from models import tables  # noqa: F401 - fills the metadata
from workflows.bodies.body import Body
from workflows.bodies.change import Change
from workflows.doctor.recomputed import Recomputed
from workflows.engine.projections import AWAITED, REGISTER, Projection, Transition, Transitions
from workflows.engine.record import holds_persons as holds_at
from workflows.events.event import Event
from workflows.events.registration import HouseholdApproved, NothingSuspicious, PersonAwaited
from workflows.events.update import HouseholdChanged
from workflows.flows import PARKED
from workflows.history.retelling import GONE, Told


def compare_register(case: Recomputed) -> None:
    """Every row that its events make, in every column, and no other."""
    for table in REGISTER:
        compare_table(case, table)
    compare_claims(case)
    compare_awaited(case)


def compare_table(case: Recomputed, table: Projection) -> None:
    """One table. Of what was erased, rows are there, whatever they say."""
    keys = table.key or tuple(column.name for column in SQLModel.metadata.tables[table.name].primary_key)
    stand = {tuple(row[key] for key in keys): row for row in case.found.get(table.name, [])}
    told = [each for each in case.told if not (table.of_body and each.before.body is GONE)]
    for row in rows_of(table, told):
        said = stand.pop(tuple(row[key] for key in keys), None)
        if said is None:
            case.wrong(table.name, "")
        else:
            compare_row(case, table.name, said, row)
    silent = case.events[len(case.told) :] if len(told) == len(case.told) else case.events
    if any(each.kind in {kind.__name__ for kind in table.on} for each in silent) != bool(stand):
        case.wrong(table.name, "")


def rows_of(table: Projection, told: list[Told]) -> list[dict[str, Any]]:
    """What these events make of it, by column."""
    transitions = Transitions([transition_of(each) for each in told])
    rows = [dict(zip(table.columns.split(", "), row, strict=True)) for row in table.rows_of(transitions)]
    # The keys of a person follow every change of their values: person_rows.py looks at them.
    return [{name: value for name, value in row.items() if name != "keys"} for row in rows]


def transition_of(told: Told) -> Transition:
    """An event as it was recorded."""
    return Transition(told.before, told.stored.sealed(told.event), ())


def compare_row(case: Recomputed, table: str, said: dict[str, Any], should: dict[str, Any]) -> None:
    """One row; the name of a member may be gone by law."""
    if table == "household_member" and said["name"] is None and case.may_be_gone():
        should = {**should, "name": None}
    case.differ(table, {name: as_written(value) for name, value in said.items()}, should)


def as_written(value: Any) -> Any:
    """A range without an end as `projections.py` writes it."""
    return f"[{value.lower},)" if isinstance(value, Range) and value.upper is None and value.bounds == "[)" else value


def compare_claims(case: Recomputed) -> None:
    """Whom it holds: as the last case that registered or changed its household, every member; under way, each member
    whom no other case of the household holds; at all other times nobody.
    """
    said = {(row["idcs"], row["household_id"]) for row in case.found.get("person_claim", [])}
    body = case.body
    if is_followed(case):
        holds = set()
    elif not body:
        holds = said if holds_there(case, case.now.stage) else set()
    elif PersonAwaited in kinds_of(case) and not holds_persons(case) and holds_there(case, case.now.stage):
        holds = said & of_household(case, body.persons)  # some of them are held by others still
    elif holds_persons(case) and is_overtaken(case):
        holds = said & of_household(case, body.persons)  # who left the household since is claimed no more
    elif holds_persons(case):
        holds = of_household(case, body.persons) - held_by_others(case, said) - (to_be_taken_over(case) - said)
    else:
        holds = set()
    for _ in said ^ holds:
        case.wrong("person_claim", "")


def of_household(case: Recomputed, persons: Iterable[str]) -> set[tuple[str, int]]:
    """Claims of these persons for the case's household."""
    return {(idcs, case.now.household_id or 0) for idcs in persons}


def held_by_others(case: Recomputed, said: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """Of its persons, those that another case holds: of its own household, whose change is under way, or of another
    one, to which a caseworker gave them.
    """
    own = case.now.household_id or 0
    return {(row["idcs"], own) for row in case.found.get("claims_of_persons", []) if (row["idcs"], own) not in said}


def to_be_taken_over(case: Recomputed) -> set[tuple[str, int]]:
    """The persons whom a caseworker gave to its household, and whom another one holds until it is registered.

    They stand in the body that was screened; one that was compared anew since may have other members.
    """
    kinds = (NothingSuspicious, HouseholdApproved, HouseholdChanged)
    last = next((each for each in reversed(case.told) if isinstance(each.event, kinds)), None)
    if last is None or not isinstance(last.event, NothingSuspicious) or last.before.body is GONE:
        return set()
    screened: Body = last.before.body
    return of_household(case, (screened.persons[member] for member in last.event.taken_over))


def is_followed(case: Recomputed) -> bool:
    """Whether a later case changed or ended its household, and took its claims over."""
    own = [row["version"] for row in case.found.get("household_version", [])]
    last = case.found.get("last_version", [])
    ended = case.found.get("household_end_of_other", [])
    return bool(own) and (bool(ended) or any(row["version"] > max(own) for row in last))


def is_overtaken(case: Recomputed) -> bool:
    """Whether its household changed or ended since this change was made, which will be compared anew."""
    if not isinstance(case.body, Change) or case.found.get("household_version"):
        return False
    based_on = case.body.based_on
    changed = any(row["version"] > based_on for row in case.found.get("last_version", []))
    return changed or bool(case.found.get("household_end_of_other"))


def kinds_of(case: Recomputed) -> set[type[Event]]:
    """The kinds of its events."""
    return {type(each.event) for each in case.told}


def compare_awaited(case: Recomputed) -> None:
    """The persons it waits for now: those of the event that began the wait."""
    said = {(row["idcs"], row["household_id"]) for row in case.found.get("person_awaited", [])}
    begun = case.told[-1] if case.told and isinstance(case.told[-1].event, PersonAwaited) else None
    if begun is None and case.now.stage == PARKED:
        return
    should = {row[1:] for row in AWAITED.rows(transition_of(begun), begun.event)} if begun else set()
    for _ in said ^ should:
        case.wrong("person_awaited", "")


def holds_persons(case: Recomputed) -> bool:
    """Whether it was found unsuspicious since it was last where it holds nobody, or began to wait for a person."""
    holds = False
    for each in case.told:
        there = each.after is not None and holds_there(case, each.after.stage)
        waits = isinstance(each.event, PersonAwaited)
        holds = there and not waits and (holds or isinstance(each.event, NothingSuspicious))
    return holds


def holds_there(case: Recomputed, stage: str) -> bool:
    """Whether its kind holds persons at this stage; one that no flow knows may."""
    try:
        return holds_at(case.now.kind, stage)
    except LookupError:
        return True
