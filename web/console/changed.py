"""What a declaration changed, point by point in words: no code of ours, and no name of a field."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from web.asked import MEMBER, kind_of
from web.console.language import figure, text
from web.language import province
from workflows.bodies.appeal import PARTS
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.merging import Difference
from workflows.matching.verdict import PARTS as NAME_PARTS

PLACE = "members["
MODELS: Mapping[str, type[BaseModel]] = {"members": Member, **PARTS}


class ChangedPoint(NamedTuple):
    """A point of a declaration, in words: what it was, and what it is now. None: there is nothing to compare."""

    name: str
    before: str | None
    after: str | None


def changed_points(language: str, changed: Sequence[Difference], names: Sequence[str]) -> list[ChangedPoint]:
    """What changed, with the names of the members as they are now; of who joined or left, that alone."""
    groups = with_corrected_identifiers([*by_person(changed)])
    return [point for group in groups for point in points_of(language, group, names)]


def with_corrected_identifiers(groups: Sequence[Sequence[Difference]]) -> list[Sequence[Difference]]:
    """One who left and one who joined with the same name and birth date are one person, whose identifier is corrected:
    in the place of both stand the fields in which they differ.
    """
    left = {who_is(each): each for each in groups if side_of(each) == "registered"}
    came = {who_is(each): each for each in groups if side_of(each) == "declared"}
    found: list[Sequence[Difference]] = []
    for each in groups:
        side, who = side_of(each), who_is(each)
        if side == "declared" and who in left:
            found.append(corrected(left[who], each))
        elif side != "registered" or who not in came:
            found.append(each)
    return found


def side_of(group: Sequence[Difference]) -> str:
    """The declaration that alone has this person; empty where the group is no person who joined or left."""
    first = group[0]
    if not first.field.endswith("].idcs") or not is_of_one_side(first):
        return ""
    return "declared" if first.registered is None else "registered"


def who_is(group: Sequence[Difference]) -> tuple[tuple[str, Any], ...]:
    """What tells a person who joined or left from all others, beside the identifier."""
    known = {each.field.rpartition(".")[2]: getattr(each, side_of(group) or "declared") for each in group}
    return tuple((name, known.get(name)) for name in (*NAME_PARTS, "birth_date"))


def corrected(left: Sequence[Difference], came: Sequence[Difference]) -> list[Difference]:
    """The fields in which one person differs who left by one identifier and came by another."""
    before, after = ({each.field.rpartition(".")[2]: each for each in group} for group in (left, came))
    place = came[0].field.rpartition(".")[0]
    told = [
        Difference(
            f"{place}.{name}",
            before[name].registered if name in before else None,
            after[name].declared if name in after else None,
        )
        for name in dict.fromkeys([*after, *before])
    ]
    return [each for each in told if each.registered != each.declared]


def by_person(changed: Sequence[Difference]) -> Iterator[list[Difference]]:
    """The fields of each person who joined or left together, and every other field alone.

    They stand together, and begin with the identifier, by which a person is known: of nobody else that one differs.
    """
    person, number = "", 0

    def numbered(each: Difference) -> tuple[str, int]:
        nonlocal person, number
        place, _, field = each.field.partition(".")
        if field == "idcs" and place.startswith(PLACE):
            person, number = place, number + 1
        elif place != person or not is_of_one_side(each):
            person, number = "", number + 1
        return person, number

    for _, group in groupby(changed, numbered):
        yield list(group)


def is_of_one_side(each: Difference) -> bool:
    """Whether only one of the two declarations has this field."""
    return each.registered is None or each.declared is None


def points_of(language: str, group: Sequence[Difference], names: Sequence[str]) -> Iterator[ChangedPoint]:
    """The point of a person who joined or left, or of a field."""
    if side := side_of(group):
        joins = side == "declared"
        known = {each.field.rpartition(".")[2]: each.declared if joins else each.registered for each in group}
        who = person_in_words(language, known)
        name = text(language, "changed.joins" if joins else "changed.leaves")
        yield ChangedPoint(name, None if joins else who, who if joins else None)
        return
    for each in group:
        yield ChangedPoint(name_of(language, each.field, names), *sides(language, each))


def person_in_words(language: str, known: dict[str, Any]) -> str:
    """A person by name, kinship and day of birth."""
    arabic, latin = (
        " ".join(filter(None, (known.get(f"given_name_{each}"), known.get(f"family_name_{each}"))))
        for each in ("ar", "la")
    )
    kinship = value_in_words(language, f"{PLACE}0].relationship", known.get("relationship"))
    said = (arabic or latin, kinship, figure(language, known.get("birth_date") or ""))
    return text(language, ", ").join(filter(None, said))


def sides(language: str, each: Difference) -> tuple[str, str]:
    """Both values of a field in words."""
    return value_in_words(language, each.field, each.registered), value_in_words(language, each.field, each.declared)


def name_of(language: str, path: str, names: Sequence[str]) -> str:
    """The name of a field, and of the member whose it is."""
    name = text(language, f"field.{MEMBER.sub('members', path)}")
    if path.startswith(PLACE):
        place = int(path[len(PLACE) : path.index("]")])
        return f"{name} ({names[place] if place < len(names) else place + 1})"
    return name


def value_in_words(language: str, path: str, value: Any) -> str:
    """A value as the declaration's model has it, in words."""
    if value is None or value in ("", []):
        return text(language, "nothing")
    if isinstance(value, bool):
        return text(language, "yes" if value else "no")
    name = MEMBER.sub("members", path).rpartition(".")[2]
    if name == "region":
        return text(language, f"region.{value}")
    if name == "province":
        return province(language, str(value))
    field = field_at(path)
    if field is not None and kind_of(field.annotation)[0] == "choice":
        return text(language, f"choice.{name}.{value}")
    return " + ".join(figure(language, each) for each in (value if isinstance(value, list) else [value]))


def field_at(path: str) -> FieldInfo | None:
    """The field of the declaration's model at a path."""
    part, _, name = MEMBER.sub("members", path).rpartition(".")
    return MODELS.get(part, Declaration).model_fields.get(name)


def all_choices() -> Iterator[str]:
    """Every choice that a declaration has, as the catalogue names it."""
    models: list[type[BaseModel]] = [Declaration, *MODELS.values()]
    for model in models:
        for name, field in model.model_fields.items():
            if name != "region":
                yield from (f"{name}.{choice}" for choice in kind_of(field.annotation)[1])


def all_fields() -> Iterator[str]:
    """Every field that a declaration has, as the catalogue names it."""
    yield from (name for name in Declaration.model_fields if name not in MODELS)
    for part, model in MODELS.items():
        yield from (f"{part}.{name}" for name in model.model_fields)
