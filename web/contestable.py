"""The values of a declaration that a citizen may contest on a page. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from web.asked import Asked, described, first_day, kind_of, known_of, precision_of
from web.index_values import given_name
from workflows.bodies.appeal import PARTS
from workflows.bodies.declaration import Declaration, Member

BIRTH = "birth_date"
# What the formula counts of a member; the rest of a member is no value that an index rests on.
OF_MEMBER = (
    "birth_date",
    "relationship",
    "schooling",
    "education",
    "diploma",
    "literate",
    "occupation",
    "earns_income",
    "health_cover",
)


def contestable_of(declaration: Declaration) -> list[Asked]:
    """Every value that may be contested, as it is declared."""
    said = declaration.model_dump(mode="json")
    found = [described("milieu", Declaration.model_fields["milieu"], said["milieu"])]
    for part, model in PARTS.items():
        found += [described(f"{part}.{name}", field, said[part][name]) for name, field in model.model_fields.items()]
    for place, member in enumerate(declaration.members):
        for name in OF_MEMBER:
            path, field = f"members[{place}].{name}", Member.model_fields[name]
            value = described(path, field, said["members"][place][name])
            if name == BIRTH:
                value = value._replace(kind="birth", declared=known_of(value.declared, member.birth_precision))
            found.append(value._replace(of=given_name(member)))
    return found


def contested_in(value: Asked, should_be: Any) -> Mapping[str, Any]:
    """What an appeal says, by path, that a value should be: of a birth both its date and how much of it is known, as
    far as they are others.
    """
    if value.kind != "birth":
        return {value.path: should_be}
    declared, known = first_day(value.declared), precision_of(value.declared)
    said = {value.path: first_day(should_be).isoformat()} if first_day(should_be) != declared else {}
    return said | ({precision_path(value): precision_of(should_be)} if precision_of(should_be) != known else {})


def should_be_in(value: Asked, contested: Mapping[str, Any]) -> Any:
    """What a value should be by what an appeal says, the other way round; None where it does not contest it."""
    if value.kind != "birth" or not {value.path, precision_path(value)} & contested.keys():
        return contested.get(value.path)
    written = contested.get(value.path) or first_day(value.declared).isoformat()
    return known_of(str(written), contested.get(precision_path(value)) or precision_of(value.declared))


def precision_path(value: Asked) -> str:
    """The path of how much of a birth is known."""
    return value.path.replace(BIRTH, "birth_precision")


def chosen_of(values: Sequence[Asked], paths: Sequence[str]) -> list[Asked]:
    """Those of the values that were chosen, in the order of the declaration."""
    return [each for each in values if each.path in paths]


def focused(values: Sequence[Asked], path: str) -> list[Asked]:
    """The values that a link was about: one, or the same one of each member."""
    return [each for each in values if path and path in (each.path, each.name)]


def names_of_choices() -> Iterator[str]:
    """Every choice that a page may show, as the catalogue names it: `occupation.farmer`."""
    models: list[tuple[str, FieldInfo]] = [("milieu", Declaration.model_fields["milieu"])]
    models += [(name, field) for model in PARTS.values() for name, field in model.model_fields.items()]
    models += [(name, Member.model_fields[name]) for name in OF_MEMBER]
    for name, field in models:
        yield from (f"{name}.{choice}" for choice in kind_of(field.annotation)[1])
