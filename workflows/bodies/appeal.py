"""An appeal: which decision about a household is contested, on which grounds, and which values should be others."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from models.errors import Problem, Refused
from workflows.bodies import reading
from workflows.bodies.body import Body, Contact, Declared, Language, Territory
from workflows.bodies.change import EarlierVersion
from workflows.bodies.declaration import Belongings, Bills, Declaration, Housing, Member
from workflows.bodies.fields import VALUE_PATH, Email, Key, Phone, Province, Statement
from workflows.bodies.merging import MEMBERS, Path, fields_of, merged

# What may be contested: the index, a programme's threshold that is not met, a correction that is asked for, a refusal.
Decision = Literal["index", "threshold", "correction", "refusal"]
Ground = Literal["value_wrong", "register_wrong", "rule_wrong", "person_wrong", "not_heard", "other"]
WITH_VALUES = ("index", "threshold")  # these rest on values of the declaration, which the appeal names
WHOLE_DECISION = "decision"  # the path of a finding on a decision that rests on no value of the declaration
MOST_CONTESTED = 50
# Who somebody is, the population register corrects; how people are reached is no value of a decision.
IDENTITY = {"idcs", "cin", "declarant", "given_name_ar", "family_name_ar", "given_name_la", "family_name_la"}
PARTS: Mapping[str, type[Declared]] = {"housing": Housing, "belongings": Belongings, "bills": Bills}
OF_HOUSEHOLD = {"milieu", "region", "province", "commune"} | {
    f"{part}.{field}" for part, model in PARTS.items() for field in model.model_fields
}
OF_MEMBER = set(Member.model_fields) - IDENTITY
SENT = ("decision", "programme", "grounds", "contested")  # what an appeal keeps as it was sent
MEMBER_PATH = re.compile(r"members\[([0-9]{1,3})\]\.([a-z_]+)")


def as_text(value: object) -> object:
    """An amount with a point, as the text of its digits."""
    return str(value) if isinstance(value, Decimal) else value


def each_as_text(value: object) -> object:
    """A value, or a list of them, with amounts as texts."""
    return [as_text(each) for each in value] if isinstance(value, list) else as_text(value)


Short = Annotated[str, Field(max_length=80)]
Value = Annotated[
    bool | int | Short | Annotated[list[int | Short], Field(max_length=3)] | None, BeforeValidator(each_as_text)
]


class Contested(Declared):
    """A value of the declaration that should be another one."""

    path: Annotated[str, Field(pattern=VALUE_PATH, description="Such as `bills.telecom` or `members[2].occupation`.")]
    should_be: Value = Field(description="What it should be, as the declaration would say it.")


def each_once(contested: list[Contested]) -> list[Contested]:
    """Requires every value to be named once."""
    paths = [each.path for each in contested]
    if len(set(paths)) != len(paths):
        raise ValueError("Names a value twice.")
    return contested


Grounds = Annotated[list[Ground], Field(min_length=1, max_length=6)]
ContestedValues = Annotated[list[Contested], Field(max_length=MOST_CONTESTED), AfterValidator(each_once)]


class AppealRequest(Declared):
    """What a household contests, whether it sends that itself or says it to an officer."""

    decision: Decision
    programme: Key | None = Field(None, description="For a threshold: whose, such as `ASD`.")
    grounds: Grounds
    contested: ContestedValues = Field(default_factory=list)
    text: Statement | None = Field(None, description="What the household says, in its own words.")


class AppealBody(AppealRequest):
    """The body of the API: what is contested, by the receipt of the case in which it was decided."""

    reference: Annotated[str, Field(max_length=40, description="Of the receipt of the contested case.")]
    secret: Annotated[str, Field(max_length=40)]


class Appeal(Body):
    """An appeal as it is stored: the contested decision, and whom to write to. It holds no persons.

    Once it is upheld, a second body of the case holds the corrected declaration as well.
    """

    case: Annotated[int, Field(ge=1)]
    seq: Annotated[int, Field(ge=1)]
    reference: str
    decision: Decision
    event: str  # its kind
    programme: str | None = None
    decided_at: datetime
    decided_by: tuple[str, ...] = ()  # the staff who took it, by their pseudonyms
    policy: str | None = None  # the version of the index or threshold that it rests on
    grounds: Grounds
    contested: ContestedValues = Field(default_factory=list)
    language: Language = "ar"
    phone: Phone | None = None
    email: Email | None = None
    region: int
    province: Province | None = None
    corrected: Declaration | None = None  # the household's last version, as it should have been declared
    based_on: int | None = None  # the number of that version
    decided_on: date | None = None  # the day of its decision, whose rules count
    true_from: date | None = None  # the first day of the correction
    earlier: tuple[EarlierVersion, ...] = ()  # older versions that held a wrong value too

    @property
    def contact(self) -> Contact:
        """That of the household's last version when it was lodged, or upheld."""
        return Contact(self.language, self.phone, self.email)

    @property
    def territory(self) -> Territory:
        """That of the household's last version when it was lodged."""
        return Territory(self.region, self.province)

    def says(self, sent: AppealBody) -> bool:
        """Whether it contests what this one does, on the same grounds."""
        return all(getattr(self, name) == getattr(sent, name) for name in SENT)

    @property
    def paths(self) -> tuple[str, ...]:
        """What a decision must find on: each contested value, or else the decision as a whole."""
        return tuple([each.path for each in self.contested]) or (WHOLE_DECISION,)


def corrected(declaration: Declaration, contested: Sequence[Contested]) -> Declaration:
    """The declaration with these values. Raises Refused where there is no such value or it cannot be so."""
    if problems := list(unknown_values(declaration, contested)):
        raise Refused("not_valid", reading.NOT_VALID, problems=problems)
    said = declaration.model_dump(mode="json", exclude_none=True)
    for each in contested:
        put(said, each.path, each.should_be)
    try:
        return reading.valid(Declaration, said)
    except Refused as error:
        found = [Problem("contested", f"{each['field']}: {each['message']}") for each in error.problems]
        raise Refused("not_valid", reading.NOT_VALID, problems=found) from None


def corrected_later(base: Declaration, later: Declaration, contested: Sequence[Contested]) -> Declaration:
    """A later declaration with those of these values that it still says as the contested one did."""
    return merged(base, later, corrected(base, contested), keep="theirs").declaration or later


def changed_since(base: Declaration, later: Declaration, contested: Sequence[Contested]) -> list[str]:
    """The paths of those of these values that a later declaration says otherwise than they should have been."""
    right, said = fields_of(corrected(base, contested)), fields_of(later)
    places = {each.path: field_at(base, each.path) for each in contested}
    return [path for path, place in places.items() if right.get(place) != said.get(place)]


def field_at(declaration: Declaration, path: str) -> Path:
    """The field that a path names, its member by their identifier."""
    member = MEMBER_PATH.fullmatch(path)
    return (MEMBERS, declaration.members[int(member[1])].idcs, member[2]) if member else tuple(path.split("."))


def unknown_values(declaration: Declaration, contested: Sequence[Contested]) -> Iterator[Problem]:
    """A problem for each path at which the declaration has nothing that can be contested."""
    for position, each in enumerate(contested):
        if not is_value(declaration, each.path):
            yield Problem(f"contested[{position}].path", "Names no value of the declaration that can be contested.")


def is_value(declaration: Declaration, path: str) -> bool:
    """Whether a path names a value of the declaration on which a decision may rest."""
    member = MEMBER_PATH.fullmatch(path)
    if member:
        return int(member[1]) < len(declaration.members) and member[2] in OF_MEMBER
    return path in OF_HOUSEHOLD


def value_at(declaration: Declaration, path: str) -> Any:
    """What the declaration says at a path; None where it says nothing, or has no such member."""
    member, said = MEMBER_PATH.fullmatch(path), declaration.model_dump(mode="json")
    part, _, field = path.rpartition(".")
    if member:
        return said["members"][int(member[1])].get(member[2]) if int(member[1]) < len(said["members"]) else None
    return ((said.get(part) or {}) if part else said).get(field)


def put(said: dict[str, Any], path: str, value: object) -> None:
    """Puts a value into a declaration at a path that it has."""
    member = MEMBER_PATH.fullmatch(path)
    part, _, field = path.rpartition(".")
    holder = said["members"][int(member[1])] if member else said[part] if part else said
    holder[field] = value
