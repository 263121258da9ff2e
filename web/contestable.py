"""The values of a declaration that a citizen may contest on a page: what each is, and how it is asked for and read.

Kinds and bounds come from the declaration's own model, so that a page asks for nothing that the model refuses. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from web.index_values import given_name
from workflows.bodies.appeal import PARTS
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.fields import AMOUNT, FIRST_BIRTH, MOST_DIRHAMS
from workflows.bodies.text import canonical

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
MEMBER = re.compile(r"members\[\d+\]")
PARTS_OF_DATE = ("day", "month", "year")
MOST_AMOUNTS = 3  # of bills for water and electricity
SHOULD = "should."  # how the fields begin in which a citizen says what a value should be
# What may be wrong with a field of a form: the codes of `FieldProblem`.
WRONG = {
    "secret",
    "wait",
    "empty",
    "choose",
    "amount",
    "amount_bounds",
    "count",
    "count_bounds",
    "date",
    "future",
    "same",
    "empty_text",
    "long_text",
    "text",
    "choose_value",
    "choose_ground",
}
Kind = Literal["amount", "amounts", "count", "flag", "choice", "date"]


class Contestable(NamedTuple):
    """A value: its path, its name in the catalogue (`field.NAME`), how it is asked for, as declared, and whose."""

    path: str
    name: str
    kind: Kind
    declared: Any
    of: str = ""  # the member's given name
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = MOST_DIRHAMS

    @property
    def field(self) -> str:
        """The field of a form that asks what it should be."""
        return f"{SHOULD}{self.path}"

    @property
    def choice(self) -> str:
        """Under which name the catalogue has its choices."""
        return self.name.rpartition(".")[2]


class FieldProblem(NamedTuple):
    """What is wrong with a field of a form: the catalogue's `wrong.CODE`, with what stands in it.

    `about`: the value that the field asks for, where a form asks for several.
    """

    field: str
    code: str
    values: Mapping[str, Any] = MappingProxyType({})
    about: Contestable | None = None


class Wrong(Exception):
    """A value that was typed cannot be so."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def contestable_of(declaration: Declaration) -> list[Contestable]:
    """Every value that may be contested, as it is declared."""
    said = declaration.model_dump(mode="json")
    found = [described("milieu", Declaration.model_fields["milieu"], said["milieu"])]
    for part, model in PARTS.items():
        found += [described(f"{part}.{name}", field, said[part][name]) for name, field in model.model_fields.items()]
    for place, member in enumerate(declaration.members):
        for name in OF_MEMBER:
            path, field = f"members[{place}].{name}", Member.model_fields[name]
            value = described(path, field, said["members"][place][name])
            found.append(value._replace(of=given_name(member)))
    return found


def described(path: str, field: FieldInfo, declared: Any) -> Contestable:
    """One value, by the model's field."""
    kind, choices = kind_of(field.annotation)
    least, most = bound(field, "ge", 0), bound(field, "le", MOST_DIRHAMS)
    return Contestable(path, MEMBER.sub("members", path), kind, declared, "", choices, least, most)


def bound(field: FieldInfo, name: str, otherwise: int) -> int:
    """A bound that the model's field has; amounts keep theirs elsewhere."""
    return next((int(getattr(each, name)) for each in field.metadata if hasattr(each, name)), otherwise)


def kind_of(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    """How a field of this type is asked for, and its choices."""
    if get_origin(annotation) is Literal:
        return "choice", get_args(annotation)
    if get_origin(annotation) is list:
        return "amounts", ()
    kinds: dict[Any, Kind] = {bool: "flag", int: "count", date: "date"}
    return kinds.get(annotation, "amount"), ()


def chosen_of(values: Sequence[Contestable], paths: Sequence[str]) -> list[Contestable]:
    """Those of the values that were chosen, in the order of the declaration."""
    return [each for each in values if each.path in paths]


def focused(values: Sequence[Contestable], path: str) -> list[Contestable]:
    """The values that a link was about: one, or the same one of each member."""
    return [each for each in values if path and path in (each.path, each.name)]


def read_values(
    chosen: Sequence[Contestable], typed: Mapping[str, Sequence[str]], today: date
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """What each chosen value should be, by path, and what is wrong with what was typed."""
    said, problems = {}, []
    for each in chosen:
        try:
            said[each.path] = should_be(each, typed, today)
        except Wrong as wrong:
            problems.append(FieldProblem(each.field, wrong.code, wrong.values, each))
    return said, problems


def should_be(value: Contestable, typed: Mapping[str, Sequence[str]], today: date) -> Any:
    """What a value should be, as an appeal says it. Raises Wrong where it cannot be so, or is so already."""
    given = [canonical(each) for each in typed.get(value.field, ())]
    if value.kind == "date":
        given = [canonical(each) for part in PARTS_OF_DATE for each in typed.get(f"{value.field}.{part}", ("",))[:1]]
    if not any(given):
        raise Wrong("choose" if value.kind in ("flag", "choice") else "empty")
    read = READERS[value.kind](value, given)
    if value.kind == "date" and date.fromisoformat(read) > today:
        raise Wrong("future")
    if is_same(read, value.declared):
        raise Wrong("same")
    return read


def is_same(read: Any, declared: Any) -> bool:
    """Whether what was typed is what was declared, however the digits were written."""
    if isinstance(read, list):
        return [Decimal(each) for each in read] == [Decimal(each) for each in declared]
    if isinstance(declared, str) and re.fullmatch(AMOUNT, declared) and re.fullmatch(AMOUNT, str(read)):
        return Decimal(str(read)) == Decimal(declared)
    return bool(read == declared)


def read_amount(value: Contestable, given: Sequence[str]) -> str:
    """An amount of dirhams, with a comma or a point before its cents."""
    text = re.sub(r"\s", "", given[0]).replace(",", ".").replace("٫", ".")
    if not re.fullmatch(AMOUNT, text):
        raise Wrong("amount")
    if not value.least <= Decimal(text) <= value.most:
        raise Wrong("amount_bounds", most=value.most)
    return text


def read_amounts(value: Contestable, given: Sequence[str]) -> list[str]:
    """One to three amounts."""
    return [read_amount(value, [each]) for each in given[:MOST_AMOUNTS] if each]


def read_count(value: Contestable, given: Sequence[str]) -> int:
    """A whole number within the model's bounds."""
    if not re.fullmatch(r"[0-9]{1,6}", given[0]):
        raise Wrong("count")
    if not value.least <= int(given[0]) <= value.most:
        raise Wrong("count_bounds", least=value.least, most=value.most)
    return int(given[0])


def read_flag(_: Contestable, given: Sequence[str]) -> bool:
    """Yes or no."""
    if given[0] not in ("yes", "no"):
        raise Wrong("choose")
    return given[0] == "yes"


def read_choice(value: Contestable, given: Sequence[str]) -> str:
    """One of the model's choices."""
    if given[0] not in value.choices:
        raise Wrong("choose")
    return given[0]


def read_date(_: Contestable, given: Sequence[str]) -> str:
    """A day of the calendar, from its day, month and year."""
    if len(given) != len(PARTS_OF_DATE) or not all(re.fullmatch(r"[0-9]{1,4}", each) for each in given):
        raise Wrong("date")
    day, month, year = map(int, given)
    try:
        found = date(year, month, day)
    except ValueError:
        raise Wrong("date") from None
    if found < FIRST_BIRTH:
        raise Wrong("date")
    return found.isoformat()


READERS: Mapping[Kind, Any] = {
    "amount": read_amount,
    "amounts": read_amounts,
    "count": read_count,
    "flag": read_flag,
    "choice": read_choice,
    "date": read_date,
}


def names_of_choices() -> Iterator[str]:
    """Every choice that a page may show, as the catalogue names it: `occupation.farmer`."""
    models: list[tuple[str, FieldInfo]] = [("milieu", Declaration.model_fields["milieu"])]
    models += [(name, field) for model in PARTS.values() for name, field in model.model_fields.items()]
    models += [(name, Member.model_fields[name]) for name in OF_MEMBER]
    for name, field in models:
        yield from (f"{name}.{choice}" for choice in kind_of(field.annotation)[1])
