"""Two changes of one declaration brought together: fields that one of them changed, and those that both did. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from workflows.bodies.body import Declared
from workflows.bodies.declaration import Declaration, Member

WHOLE = "declaration"
MEMBERS = "members"
ABSENT = object()  # a field that a declaration does not have
Path = tuple[str, ...]  # the names down to a field; a member is named by their identifier


class Merged(NamedTuple):
    """A declaration with both changes, or the names of the fields on which they differ."""

    declaration: Declaration | None
    conflicts: tuple[str, ...] = ()


class Difference(NamedTuple):
    """A field in which the register and a change differ; None: it is not there. A member is named by their place in the
    change, else, where they are not in it, in the register: `members[2].occupation`.
    """

    field: str
    registered: Any = None
    declared: Any = None


def merged(
    base: Declaration, theirs: Declaration, mine: Declaration, *, keep: Literal["theirs", "mine"] | None = None
) -> Merged:
    """What `mine` changed of `base`, applied to `theirs`.

    A field that both changed, to different values, is a conflict, unless one of them is to be kept; so is a result that
    is no declaration. Where mine are kept, what they change of a member who is not in `theirs` is left out.
    """
    old, new, own = fields_of(base), fields_of(theirs), fields_of(mine)
    conflicts, result = set(), dict(new)
    for path in old.keys() | new.keys() | own.keys():
        before, now, wanted = (each.get(path, ABSENT) for each in (old, new, own))
        if wanted in (before, now) or (keep == "theirs" and now != before):
            continue
        if keep == "mine" and path[0] == MEMBERS and now is ABSENT and before is not ABSENT:
            continue
        if now != before and not keep:
            conflicts.add(name_of(path))
        result[path] = wanted
    if conflicts:
        return Merged(None, tuple(sorted(conflicts)))
    return restored({path: value for path, value in result.items() if value is not ABSENT}, order_of(theirs, mine))


def fields_changed(before: Declaration, after: Declaration) -> tuple[str, ...]:
    """The names of the fields in which two declarations differ; they name no person.

    It looks into those parts alone that are not equal, because every change is compared so.
    """
    found: set[str] = set()
    for name in differing(before, after):
        old, new = getattr(before, name), getattr(after, name)
        if name == MEMBERS:
            found |= {f"{MEMBERS}.{field}" for field in member_fields_changed(old, new)}
        elif isinstance(old, Declared):
            found |= {f"{name}.{field}" for field in differing(old, new)}
        else:
            found.add(name)
    return tuple(sorted(found))


def member_fields_changed(before: Sequence[Member], after: Sequence[Member]) -> set[str]:
    """The fields in which the members differ, whatever their order; of one who joins or leaves, all that are told."""
    old, new = ({each.idcs: each for each in members} for members in (before, after))
    return {field for idcs in old.keys() | new.keys() for field in differing(old.get(idcs), new.get(idcs))}


def differing(before: Declared | None, after: Declared | None) -> list[str]:
    """The fields in which two of a kind differ, of which one may be missing."""
    if before == after:
        return []
    old, new = vars(before) if before else {}, vars(after) if after else {}
    return [name for name in old or new if old.get(name) != new.get(name)]


def differences(registered: Declaration, declared: Declaration, names: Collection[str]) -> tuple[Difference, ...]:
    """The fields of these names in which the two differ, with both values as JSON has them."""
    old, new = fields_of(registered, "json"), fields_of(declared, "json")
    places = {each.idcs: place for known in (registered, declared) for place, each in enumerate(known.members)}
    return tuple(
        Difference(placed(path, places), old.get(path), new.get(path))
        for path in dict.fromkeys([*new, *old])
        if name_of(path) in names and old.get(path) != new.get(path)
    )


def placed(path: Path, places: Mapping[str, int]) -> str:
    """A field's name with the place of the member: `members[2].occupation`."""
    return f"{MEMBERS}[{places[path[1]]}].{path[2]}" if path[0] == MEMBERS else ".".join(path)


def fields_of(declaration: Declaration, mode: Literal["python", "json"] = "python") -> dict[Path, Any]:
    """Every field with its value, by its path."""
    found: dict[Path, Any] = {}
    for name, value in declaration.model_dump(mode=mode).items():
        if name == MEMBERS:
            found |= {(MEMBERS, each["idcs"], field): told for each in value for field, told in each.items()}
        elif isinstance(value, dict):
            found |= {(name, field): told for field, told in value.items()}
        else:
            found[(name,)] = value
    return found


def name_of(path: Path) -> str:
    """A field's name without the identifier of a member: `bills.telecom`, `members.occupation`."""
    return ".".join(path if path[0] != MEMBERS else (path[0], path[-1]))


def order_of(*declarations: Declaration) -> list[str]:
    """The members of these declarations, each once, in the order in which they stand there."""
    return list(dict.fromkeys(member.idcs for each in declarations for member in each.members))


def restored(fields: Mapping[Path, Any], order: list[str]) -> Merged:
    """The declaration with these fields and with its members in this order."""
    body: dict[str, Any] = {}
    members: dict[str, dict[str, Any]] = {}
    for path, value in fields.items():
        place = members.setdefault(path[1], {}) if path[0] == MEMBERS else body
        if path[0] != MEMBERS and len(path) > 1:
            place = body.setdefault(path[0], {})
        place[path[-1]] = value
    body[MEMBERS] = [members[idcs] for idcs in order if idcs in members]
    try:
        return Merged(Declaration.model_validate(body))
    except ValidationError:
        return Merged(None, (WHOLE,))
