"""A change that is declared anew is tried as it was at its filing: its kind, its members, and who is told besides."""

from collections.abc import Iterable

from models.database import Connection
from models.errors import Problem, Refused
from workflows.bodies.change import CONFIRMATION, CORRECTION, Change
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import fields_changed
from workflows.casefile import CaseFile
from workflows.casework.changes import member_problems, without
from workflows.events.update import ChangeConflicts
from workflows.registers.households import declarations, last_versions

CONFLICTING = "conflicting"  # the stage in which another change says something else


def redeclared(connection: Connection, file: CaseFile, declaration: Declaration) -> Change:
    """The change with another declaration, based on the version that the citizen was shown.

    A household that is in the register no more declares what it will: its change is void. Raises Refused where a new
    change could not be so, and where whoever left the household says anything else of it.
    """
    household, shown = file.household_id or 0, version_shown(file)
    change: Change = file.body.model_copy(update={"declaration": declaration, "based_on": shown})
    last = last_versions(connection, [household]).get(household)
    if last is None:
        return change
    known = declarations(connection, [(household, version) for version in sorted({shown, last})])
    if not {(household, shown), (household, last)} <= known.keys():
        raise Refused("erased", "What this household declared was erased by law. A service centre can help.")
    now = known[household, last]
    if change.left_by:
        return departed(file.body, declaration, now, last)
    refuse_other_kind(change, (now, known[household, shown]))
    return change.beside(now, file.body)


def version_shown(file: CaseFile) -> int:
    """The version of the household that the citizen was shown: of a conflict the later one, else the change's own."""
    in_conflict = file.stage == CONFLICTING  # also where it was kept open since
    version: int = file.last(ChangeConflicts).version if in_conflict else file.body.based_on
    return version


def departed(change: Change, said: Declaration, now: Declaration, last: int) -> Change:
    """The departure of an adult, on the household as it is registered now: they say nothing of it but that they left.

    Raises Refused where they say anything else, and where the register knows already that they left.
    """
    leaver = next((each for each in now.members if each.idcs == change.left_by), None)
    if leaver is None:
        raise Refused("no_departure", "The register has this person in this household no more. Withdraw the change.")
    rest = without(now, leaver)
    other = fields_changed(change.declaration, said) if said != rest else ()
    if other:
        text = "Whoever leaves a household changes nothing else of it."
        refuse([Problem(f"declaration.{field}", text) for field in other])
    return change.model_copy(update={"declaration": rest, "based_on": last, "known_phone": None})


def refuse_other_kind(change: Change, known: Iterable[Declaration]) -> None:
    """Raises Refused where the change would be one of another kind, beside every one of these: the household's last
    version, and the one that the citizen was shown.
    """
    found = [problems_of(change, each) for each in known]
    if all(found):
        refuse(found[0])


def problems_of(change: Change, known: Declaration) -> list[Problem]:
    """What is wrong with the members of a change that is declared anew, or that nothing changes by it."""
    must_change = not (change.change in (CORRECTION, CONFIRMATION) or change.ends_household)
    if must_change and not fields_changed(known, change.declaration):
        text = "Says what the register says already: nothing changes. To keep that, withdraw the change."
        return [Problem("declaration", text)]
    if change.change != CORRECTION:
        return [Problem("declaration", each["message"]) for each in member_problems(change, known)]
    if set(known.persons) == set(change.declaration.persons) or is_of_entries(change):
        return []
    return [Problem("declaration.members", "Nobody joins or leaves by a correction. Declare that as a change.")]


def is_of_entries(change: Change) -> bool:
    """Whether it was opened because two entries of the population register are of one person: one of them goes."""
    return change.life_event is not None and change.life_event.kind in ("merged", "merge_undone")


def refuse(problems: list[Problem]) -> None:
    """Raises Refused with these problems."""
    raise Refused("not_valid", "The declaration is not valid; problems names each field.", problems=problems)
