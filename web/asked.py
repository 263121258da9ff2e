"""A value that a page asks for: how it is asked for, by the declaration's own model, and how what is typed is read.

Kinds and bounds come from the model, so that a page asks for nothing that the model refuses. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from web.money import Unclear, read_dirhams
from workflows.bodies.fields import AMOUNT, FIRST_BIRTH, MOST_DIRHAMS
from workflows.bodies.text import canonical
from workflows.identifiers.typed import Mistake

MEMBER = re.compile(r"members\[\d+\]")
PARTS_OF_DATE = ("day", "month", "year")
PARTS_ASKED: Mapping[str, int] = {"year": 1, "month": 2, "day": 3}  # of a date known to so much, from the year on
MOST_AMOUNTS = 3  # of bills for water and electricity
SHOULD = "should."  # how the fields begin in which somebody says what a value should be
# What may be wrong with a field of a form: the codes of `FieldProblem`.
WRONG = {
    "secret",
    "wait",
    "code",
    "code_over",
    "who",
    "nobody",
    "too_many_codes",
    "empty",
    "choose",
    "amount",
    "amount_bounds",
    "amount_unclear",
    "count",
    "count_bounds",
    "date",
    "birth",
    "future",
    "before_register",
    "joined_before",
    "same",
    "empty_text",
    "long_text",
    "text",
    "choose_value",
    "name",
    "script",
    *Mistake,
    "twice",
    "phone",
    "email",
    "cin",
    "too_many",
    "choose_ground",
}
# A birth is a date of which the day, or the day and the month, may be unknown: "1950", "1950-03", "1950-03-24".
Kind = Literal[
    "amount", "amounts", "count", "flag", "choice", "country", "date", "birth", "text", "phone", "email", "digits"
]


class Asked(NamedTuple):
    """A value that a form asks for: its path, its name in the catalogue (`field.NAME`), how it is asked for, as it is
    declared now (None: not yet), and whose.
    """

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
        """The field of a form that asks for it."""
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
    about: Asked | None = None


class Wrong(Exception):
    """A value that was typed cannot be so."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def described(path: str, field: FieldInfo, declared: Any) -> Asked:
    """One value, by the model's field."""
    kind, choices = kind_of(field.annotation)
    least, most = bound(field, "ge", 0), bound(field, "le", MOST_DIRHAMS)
    return Asked(path, MEMBER.sub("members", path), kind, declared, "", choices, least, most)


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


def read_values(
    chosen: Sequence[Asked], typed: Mapping[str, Sequence[str]], today: date
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """What each chosen value should be, by path, and what is wrong with what was typed."""
    said, problems = {}, []
    for each in chosen:
        try:
            said[each.path] = should_be(each, typed, today)
        except Wrong as wrong:
            problems.append(FieldProblem(each.field, wrong.code, wrong.values, each))
    return said, problems


def should_be(value: Asked, typed: Mapping[str, Sequence[str]], today: date) -> Any:
    """What a value should be, as an appeal says it. Raises Wrong where it cannot be so, or is so already."""
    read = read_typed(value, typed, today)
    if is_same(read, value.declared):
        raise Wrong("same")
    return read


def read_typed(value: Asked, typed: Mapping[str, Sequence[str]], today: date) -> Any:
    """What was typed for a value, as declarations have it. Raises Wrong where it cannot be so."""
    given = [canonical(each) for each in typed.get(value.field, ())]
    if value.kind in ("date", "birth"):
        given = [canonical(each) for part in PARTS_OF_DATE for each in typed.get(f"{value.field}.{part}", ("",))[:1]]
    if not any(given):
        raise Wrong("choose" if value.kind in ("flag", "choice") else "empty")
    read = READERS[value.kind](value, given)
    if value.kind in ("date", "birth") and (found := first_day(read)) > today:
        raise Wrong("future", day=found, today=today)
    return read


def is_same(read: Any, declared: Any) -> bool:
    """Whether what was typed is what was declared, however the digits were written."""
    if isinstance(read, list):
        return [Decimal(each) for each in read] == [Decimal(each) for each in declared]
    if isinstance(declared, str) and re.fullmatch(AMOUNT, declared) and re.fullmatch(AMOUNT, str(read)):
        return Decimal(str(read)) == Decimal(declared)
    return bool(read == declared)


def read_amount(value: Asked, given: Sequence[str]) -> str:
    """An amount of dirhams, however people write it."""
    try:
        text = read_dirhams(given[0])
    except Unclear as unclear:
        raise Wrong("amount_unclear", whole=unclear.whole, cents=unclear.with_cents) from None
    except ValueError:
        raise Wrong("amount") from None
    if not value.least <= Decimal(text) <= value.most:
        raise Wrong("amount_bounds", most=value.most)
    return text


def read_amounts(value: Asked, given: Sequence[str]) -> list[str]:
    """One to three amounts."""
    return [read_amount(value, [each]) for each in given[:MOST_AMOUNTS] if each]


def read_count(value: Asked, given: Sequence[str]) -> int:
    """A whole number within the model's bounds."""
    if not re.fullmatch(r"[0-9]{1,6}", given[0]):
        raise Wrong("count")
    if not value.least <= int(given[0]) <= value.most:
        raise Wrong("count_bounds", least=value.least, most=value.most)
    return int(given[0])


def read_flag(_: Asked, given: Sequence[str]) -> bool:
    """Yes or no."""
    if given[0] not in ("yes", "no"):
        raise Wrong("choose")
    return given[0] == "yes"


def read_choice(value: Asked, given: Sequence[str]) -> str:
    """One of the model's choices."""
    if given[0] not in value.choices:
        raise Wrong("choose")
    return given[0]


def read_date(_: Asked, given: Sequence[str]) -> str:
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


def read_birth(value: Asked, given: Sequence[str]) -> str:
    """A day of the calendar, or its month or year alone where no more is known."""
    known = [each for each in given if each]
    if known != list(given[-len(known) :]):  # a day without a month, or no year
        raise Wrong("birth")
    filled = ["1"] * (len(given) - len(known)) + known
    try:
        written = read_date(value, filled)
    except Wrong:
        raise Wrong("birth") from None
    return "-".join(written.split("-")[: len(known)])


def first_day(written: str) -> date:
    """The day of a date, or the first one of a month or year."""
    return date.fromisoformat("-".join([*written.split("-"), "01", "01"][:3]))


def precision_of(written: str) -> str:
    """To what a date is known: its day, its month or its year."""
    return next(name for name, parts in PARTS_ASKED.items() if parts == len(written.split("-")))


def known_of(written: str, precision: str | None) -> str:
    """As much of a date as is known."""
    return "-".join(written.split("-")[: PARTS_ASKED[precision or "day"]])


READERS: Mapping[Kind, Any] = {
    "amount": read_amount,
    "amounts": read_amounts,
    "count": read_count,
    "flag": read_flag,
    "choice": read_choice,
    "date": read_date,
    "birth": read_birth,
}
