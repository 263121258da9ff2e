"""Reads what pages and the API show of a household's change to a reader who has the secret."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from models.database import Connection, scalar
from models.days import midnight
from web.queries import Status
from workflows.bodies.change import UPDATE, Change
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import WHOLE, Difference, differences, merged
from workflows.casework.appeals import HAS_LEFT
from workflows.casework.redeclaring import CONFLICTING
from workflows.events.event import KINDS
from workflows.events.update import ChangeConflicts, DepartureDeclared, HouseholdChanged, HouseholdEnded, MovedVariable
from workflows.registers.households import days_decided, declarations, last_versions
from workflows.scoring.variables import ZERO, part_of

LAST = "select kind, facts::text from event where case_id = %s and kind = any(%s) order by seq desc limit 1"
DECLARED = """
    select b.body::text from cases c join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where c.id = %s
"""
OUTCOMES = (HouseholdChanged, HouseholdEnded)


# Amounts and counts, which a page can show beside each other.
WITH_VALUES = (
    "bills.gas",
    "bills.water_electricity",
    "bills.telecom",
    "belongings.mobile_phones",
    "belongings.cars",
    "belongings.motorcycles",
    "belongings.cows",
    "housing.rooms",
)


class Point(NamedTuple):
    """A field on which two changes differ, of amounts and counts with both values; or that the members differ."""

    name: str
    registered: tuple[Decimal, ...] = ()
    declared: tuple[Decimal, ...] = ()


class RegisteredChange(NamedTuple):
    """What a change came to in the register; of a household that ended, or that a reader left, only from when."""

    true_from: date | None  # None: erased
    version: int | None = None
    score: Decimal | None = None
    score_before: Decimal | None = None
    moved: tuple[MovedVariable, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    thresholds: Mapping[str, Decimal] = MappingProxyType({})  # by programme

    @property
    def since(self) -> datetime | None:
        """When its first day begins."""
        return midnight(self.true_from) if self.true_from else None

    def parts_moved(self, sign: int) -> tuple[str, ...]:
        """The parts of the declaration by which the index rose (1) or fell (-1)."""
        by_part: dict[str, Decimal] = {}
        for each in self.moved:
            part = part_of(each.variable)
            difference = (each.contribution_after or ZERO) - (each.contribution_before or ZERO)
            by_part[part] = by_part.get(part, ZERO) + difference
        return tuple(part for part, sum_ in by_part.items() if sum_ * sign > 0)


def household_version_of(connection: Connection, case: Status) -> int | None:
    """The number of the household's last version, on which a change must be based; None: it is not registered."""
    household_id = case.household_id or 0
    return last_versions(connection, [household_id]).get(household_id)


def based_on_of(connection: Connection, case: Status) -> int | None:
    """The version of the household that a change is made on: while it conflicts, that of the conflict, which an answer
    counts on. None of another kind of case, and where it was erased.
    """
    change = declared_by(connection, case)
    found = last_event(connection, case, ChangeConflicts) if change and case.stage == CONFLICTING else None
    return found.version if found else change.based_on if change else None


def conflicts_of(connection: Connection, case: Status) -> tuple[Difference, ...]:
    """The fields that another change changed, too, with both values; none where there are none, or they are erased.

    Whoever leaves or has left is shown nothing of that household: it is the whole declaration that conflicts.
    """
    change = declared_by(connection, case)
    if case.stage != CONFLICTING or change is None:
        return ()
    found = last_event(connection, case, ChangeConflicts)
    if found is None:
        return ()
    if change.left_by or scalar(connection, HAS_LEFT, [case.case_id]):
        return (Difference(WHOLE),)
    seen = (case.household_id or 0, found.version)
    theirs = declarations(connection, [seen]).get(seen)
    if theirs is None or found.fields == (WHOLE,):
        return tuple(Difference(field) for field in found.fields)
    return differences(theirs, change.declaration, found.fields)


def chosen_of_conflict(connection: Connection, case: Status) -> Declaration | None:
    """What a conflicting change says where both say something else, and the other change everywhere else; None where
    that was erased.
    """
    change, seen = declared_by(connection, case), registered_in_conflict(connection, case)
    if change is None or seen is None:
        return change.declaration if change else None
    made_on = (case.household_id or 0, change.based_on)
    base = declarations(connection, [made_on]).get(made_on)
    both = merged(base, seen, change.declaration, keep="mine").declaration if base else None
    return both or change.declaration


def conflicts_of_choice(connection: Connection, case: Status) -> tuple[Difference, ...]:
    """The fields of a conflict, their members at their places in what `chosen_of_conflict` says; the members as a whole
    where the two changes have others.
    """
    found = last_event(connection, case, ChangeConflicts)
    chosen, seen = chosen_of_conflict(connection, case), registered_in_conflict(connection, case)
    if found is None or chosen is None or seen is None or set(chosen.persons) != set(seen.persons):
        return (Difference(WHOLE),)
    return differences(seen, chosen, found.fields) or (Difference(WHOLE),)


def registered_in_conflict(connection: Connection, case: Status) -> Declaration | None:
    """The household as the other change of a conflict left it; None where there is no conflict, or it was erased."""
    found = last_event(connection, case, ChangeConflicts) if case.stage == CONFLICTING else None
    seen = (case.household_id or 0, found.version if found else 0)
    return declarations(connection, [seen]).get(seen) if found else None


def registered_change_of(connection: Connection, case: Status) -> RegisteredChange | None:
    """What the change came to in the register; None while it is not there, and where that was erased.

    Whoever left is shown from when, and nothing of the household that they left.
    """
    event = last_event(connection, case, *OUTCOMES) if case.kind == UPDATE else None
    if event is None:
        return None
    change = declared_by(connection, case)
    true_from = change.true_from if change else None
    if isinstance(event, HouseholdEnded) or DepartureDeclared.__name__ in case.reached:
        return RegisteredChange(true_from)
    thresholds = {each.programme: each.threshold for each in event.eligibilities}
    return RegisteredChange(
        true_from, event.version, event.score, event.score_before, event.moved, event.gained, event.lost, thresholds
    )


def points_of(conflicts: Iterable[Difference]) -> tuple[Point, ...]:
    """What pages say of these fields, each once."""
    return tuple(dict.fromkeys(map(point_of, conflicts)))


def point_of(conflict: Difference) -> Point:
    """What a page says of one field."""
    if conflict.field in WITH_VALUES:
        return Point(conflict.field, amounts(conflict.registered), amounts(conflict.declared))
    return Point(conflict.field.partition("[")[0])


def amounts(value: Any) -> tuple[Decimal, ...]:
    """An amount, a count or several of them as a page shows them; nothing declared counts as 0."""
    return tuple([Decimal(each) for each in (value if isinstance(value, list) else [value]) if each]) or (ZERO,)


def other_registered_on(connection: Connection, case: Status) -> datetime | None:
    """The day on which the other change of a conflict was registered; None where there is no conflict."""
    found = last_event(connection, case, ChangeConflicts) if case.stage == CONFLICTING else None
    seen = (case.household_id or 0, found.version if found else 0)
    decided = days_decided(connection, [seen]).get(seen) if found else None
    return midnight(decided) if decided else None


def declared_by(connection: Connection, case: Status) -> Change | None:
    """The change as it is declared now; None of another kind of case, and where it was erased."""
    row = connection.execute(DECLARED, [case.case_id]).fetchone() if case.kind == UPDATE else None
    return Change.restored(row[0]) if row and row[0] else None


def last_event(connection: Connection, case: Status, *kinds: type[Any]) -> Any:
    """The last event of these kinds; None where there is none, or its facts were erased."""
    row = connection.execute(LAST, [case.case_id, [each.__name__ for each in kinds]]).fetchone()
    return msgspec.json.decode(row[1], type=KINDS[row[0]]) if row and row[1] else None
