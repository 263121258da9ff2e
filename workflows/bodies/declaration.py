"""The declaration of a household, in the words of the form; the formula's variables follow from it elsewhere.

One model is the body of the API, a line of the import and, validated once and stored as JSON, the data of the stages.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from models.errors import Problem
from workflows.bodies.body import Body, Contact, Declared, Language, Post, Territory
from workflows.bodies.fields import CIN, NO_CONTROLS, BirthDate, Count, Email, Idcs, Key, Money, Name, Phone, Province
from workflows.bodies.named import OTHER_SCRIPT, require_name, whole_name
from workflows.bodies.territory import require_region
from workflows.matching.verdict import unread

Milieu = Literal["urban", "rural"]
Sex = Literal["female", "male"]
BirthPrecision = Literal["day", "month", "year"]
Relationship = Literal["head", "spouse", "child", "parent", "sibling", "grandchild", "other_relative", "unrelated"]
Education = Literal["none", "basic", "secondary", "higher"]
Diploma = Literal["none", "basic", "secondary", "technical", "higher"]
Schooling = Literal["none", "public", "private"]
Occupation = Literal[
    "none",
    "senior_manager",
    "middle_manager",
    "employer",
    "farmer",
    "craftsman",
    "machine_operator",
    "trader",
    "employee",
    "labourer",
    "retired",
    "rentier",
    "homemaker",
    "student",
]
HealthCover = Literal["none", "ramed_or_tadamon", "other"]
Disability = Literal["none", "moderate", "severe"]
Orphan = Literal["none", "father", "mother", "both"]
Custody = Literal["none", "custody", "kafala", "guardian"]
Dwelling = Literal[
    "villa", "flat", "traditional_house", "modern_house", "rural_stone", "rural_other", "room", "shack", "other"
]

MOST_READ = 200  # members, even where the settings allow more: a body of nonsense is not read to its end


class Member(Declared):
    """One member of the household, with given and family name in at least one script."""

    idcs: Idcs
    given_name_ar: Name | None = None
    family_name_ar: Name | None = None
    given_name_la: Name | None = None
    family_name_la: Name | None = None
    birth_date: BirthDate
    birth_precision: BirthPrecision = "day"
    sex: Sex
    cin: Annotated[str, Field(pattern=CIN)] | None = None
    relationship: Relationship = Field(description="To the head, who is `head`.")
    declarant: bool = False
    schooling: Schooling = Field("none", description="Where the member goes to school now.")
    education: Education = Field("none", description="Highest level reached.")
    diploma: Diploma = Field("none", description="Highest diploma held.")
    literate: bool = Field(False, description="Reads and writes.")
    occupation: Occupation = "none"
    earns_income: bool = False
    health_cover: HealthCover = "none"
    disability: Disability = "none"
    orphan: Orphan = "none"
    custody: Custody = Field("none", description="The member, a minor, is in this custody of the head.")

    has_a_name = model_validator(mode="after")(require_name)

    @property
    def born(self) -> str:
        """As much of the birth date as is known: the day, the month or the year."""
        return str(self.birth_date)[: {"year": 4, "month": 7, "day": 10}[self.birth_precision]]

    @property
    def name(self) -> str:
        """The whole name, in Arabic where the declaration has it in Arabic."""
        return whole_name(self)


class Housing(Declared):
    """The household's dwelling."""

    dwelling: Dwelling
    rooms: Annotated[int, Field(ge=1, le=50)]
    bath_or_shower: bool = False
    own_electric_meter: bool = False


class Belongings(Declared):
    """The household's belongings."""

    computer: bool = False
    antenna: bool = False
    landline: bool = False
    credit: bool = Field(False, description="From a bank, a finance company or an employer.")
    second_home: bool = False
    garage: bool = False
    business_premises: bool = False
    non_agricultural_land: bool = False
    irrigated_land: bool = Field(False, description="Owned or worked.")
    mobile_phones: Count = 0
    cars: Count = 0
    motorcycles: Count = 0
    cows: Count = 0


class Bills(Declared):
    """The household's monthly bills in DH.

    Water and electricity count together, in the last one to three bills.
    """

    gas: Money = Decimal(0)
    water_electricity: Annotated[list[Money], Field(max_length=3)] = Field(default_factory=list)
    telecom: Money = Decimal(0)


def fitting_together(members: list[Member]) -> list[Member]:
    """Requires one head, one declarant, and no person twice."""
    problems = []
    if [member.relationship for member in members].count("head") != 1:
        problems.append("Exactly one member must be the head.")
    if [member.declarant for member in members].count(True) != 1:
        problems.append("Exactly one member must be the declarant.")
    everybody = [member.idcs for member in members]
    if len(set(everybody)) != len(everybody):
        places = [f"members[{i}]" for i, idcs in enumerate(everybody) if everybody.count(idcs) > 1]
        problems.append(f"The same person stands at {', '.join(places)}.")
    if problems:
        raise ValueError(" ".join(problems))
    return members


class Declaration(Body):
    """A household as its declarant describes it."""

    milieu: Milieu
    region: Annotated[
        int, Field(ge=1, le=12, description="1 to 12, as numbered by decree 2-15-40; names are in docs/formats.md.")
    ]
    province: Province | None = Field(
        None, description="By ISO 3166-2:MA, of this region. Left out: the region's desk sees to it."
    )
    commune: Annotated[str, Field(min_length=1, max_length=80, pattern=NO_CONTROLS)]
    street: Annotated[str, Field(min_length=1, max_length=120, pattern=NO_CONTROLS)] | None = Field(
        None, description="Number and street, or the douar: where letters go."
    )
    phone: Phone | None = None
    email: Email | None = Field(None, description="Where the household is written to besides, if it likes.")
    language: Language = "ar"
    housing: Housing
    belongings: Belongings = Belongings()
    bills: Bills = Bills()
    members: Annotated[list[Member], Field(min_length=1, max_length=MOST_READ), AfterValidator(fitting_together)]

    province_is_of_the_region = model_validator(mode="after")(require_region)

    @property
    def persons(self) -> tuple[str, ...]:
        """Every member is held."""
        return tuple([member.idcs for member in self.members])

    @property
    def applicant(self) -> str:
        """The declarant."""
        return self.declarant.idcs

    @property
    def contact(self) -> Contact:
        """The phone, e-mail address and language of the form."""
        return Contact(self.language, self.phone, self.email)

    @property
    def territory(self) -> Territory:
        """Where the household lives."""
        return Territory(self.region, self.province)

    @property
    def post(self) -> Post:
        """To who declared the household, where it lives."""
        return Post(self.declarant, self.street, self.commune, self.region, self.province)

    @property
    def declaration(self) -> "Declaration":
        """Itself: the household as it is declared by this body."""
        return self

    @property
    def head(self) -> Member:
        """The head of the household, to whom all others are related."""
        return next(member for member in self.members if member.relationship == "head")

    @property
    def declarant(self) -> Member:
        """The member who made this declaration and answers for it."""
        return next(member for member in self.members if member.declarant)


class ApplicationBody(Declaration):
    """The body of the API and a line of an import: a declaration, with the key by which the sender knows it."""

    application: Key | None = Field(None, description="The sender's own key: sent twice, it counts once.")

    def stored(self) -> str:
        """Without the sender's key, which is kept beside."""
        return self.model_dump_json(exclude_defaults=True, exclude={"application"})


def objections(declaration: Declaration, today: date, most_members: int) -> list[Problem]:
    """The problems that only count when a declaration arrives: dates to come, too many members, unknown scripts."""
    found = [
        Problem(f"members[{i}].birth_date", "Must not lie in the future.")
        for i, member in enumerate(declaration.members)
        if member.birth_date > today
    ]
    found += [
        Problem(f"members[{i}].{part}", OTHER_SCRIPT)
        for i, member in enumerate(declaration.members)
        for part in unread(member)
    ]
    if (count := len(declaration.members)) > most_members:
        said = f"A household may have at most {most_members} members; this one has {count}."
        found.append(Problem("members", said))
    return found
