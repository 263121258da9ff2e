"""An enrolment: who somebody says that they are, and by which papers or people it is shown. Its subject is a person."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from models.errors import Problem
from workflows.bodies.body import Body, Contact, Declared, Language, Post, Territory
from workflows.bodies.declaration import Sex
from workflows.bodies.fields import CIN, NO_CONTROLS, BirthDate, Day, Email, Idcs, Key, Name, Phone, Province
from workflows.bodies.named import OTHER_SCRIPT, require_name, whole_name
from workflows.bodies.territory import require_region
from workflows.matching.script import folded, is_arabic, is_read

Proof = Literal["cin", "residence_card", "birth_act", "witnesses"]
Tie = Literal["mother", "father", "guardian"]
MOROCCAN = "MA"
OF_AGE = 18  # years (family code, art. 209)
NEWBORN = timedelta(days=366)  # later a birth is declared by a judgement only, and says nothing new of a household
COUNTRY_CODE = r"^[A-Z]{2}$"
# What belongs to each proof; nothing of it stands beside another one.
BELONGS: dict[str, tuple[str, ...]] = {
    "cin": ("cin",),
    "residence_card": ("residence_card", "residence_until"),
    "birth_act": ("birth_act", "birth_act_year", "birth_act_office", "guardian", "guardian_is"),
    "witnesses": ("witnesses",),
}
NAMES_IN = {"given_name_ar": True, "family_name_ar": True, "given_name_la": False, "family_name_la": False}
TWO = 2  # witnesses (decree 2-21-473, art. 3)


# What cannot be so, each with its sentence; the pages have words for the codes.
SENTENCES = {
    "born_later": "Must not lie in the future.",
    "born_too_early": "Must not lie before 1900.",
    "another_proof": "Does not belong to this proof.",
    "half_name": "Is missing: a name has both parts in a script, or none.",
    "script": OTHER_SCRIPT,
    "in_arabic": "Must be written in Arabic letters.",
    "in_latin": "Must be written in Latin letters.",
    "for_moroccans": "The national card is for Moroccans: foreign residents have a residence card.",
    "for_foreigners": "A residence card is for those who are not Moroccan.",
    "card_over": "The residence card is not valid any more.",
    "of_age": "A birth act is enough under 18 years only.",
    "act_year": "Must be a year from the birth until now.",
    "two_witnesses": "Two witnesses are needed.",
    "same_witness": "Is the first witness: two different people are needed.",
    "same_card": "Is the first witness's card: two different people are needed.",
    "letters_go_where": "Is missing: without a phone, letters go there.",
}
MISSING = "Is missing."
# What who asks may not have yet, and an officer completes: a parent who is enrolled on the same day, before the child.
AT_CENTRE = ("guardian",)


@cache
def countries() -> tuple[str, ...]:
    """The codes of all countries (ISO 3166-1), by which nationalities are named."""
    import pycountry  # takes a moment to load, which whoever reads no nationality need not wait for

    return tuple(sorted(each.alpha_2 for each in pycountry.countries))


def known_country(code: str) -> str:
    """Requires a code that a country has."""
    if code not in countries():
        raise ValueError("Must be the code of a country (ISO 3166-1), such as MA.")
    return code


Card = Annotated[str, AfterValidator(str.upper), Field(min_length=1, max_length=20, pattern=NO_CONTROLS)]
Cin = Annotated[str, Field(pattern=CIN), AfterValidator(str.upper)]
Place = Annotated[str, Field(min_length=1, max_length=80, pattern=NO_CONTROLS)]
Address = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]


class Witness(Declared):
    """Somebody who knows the person: enrolled, with a national card."""

    idcs: Idcs
    cin: Cin


class EnrolmentRequest(Declared):
    """What somebody sends who is to be enrolled, or who brings a child: whatever else is wrong, `objections` says."""

    given_name_ar: Name | None = None
    family_name_ar: Name | None = None
    given_name_la: Name | None = None
    family_name_la: Name | None = None
    birth_date: BirthDate
    birth_precision: Literal["day", "year"] = Field(
        "day", description="Where only the year is known, the date is its 1st day."
    )
    birth_place: Place = Field(description="The commune; abroad, the town and the country.")
    sex: Sex
    nationality: Annotated[str, Field(pattern=COUNTRY_CODE), AfterValidator(known_country)] = MOROCCAN
    proof: Proof = Field(description="What shows who it is; each has fields of its own.")
    cin: Cin | None = Field(None, description="Of `cin`: the number of the national card.")
    residence_card: Card | None = Field(None, description="Of `residence_card`: its number.")
    residence_until: Day | None = Field(None, description="Of `residence_card`: the last day of its validity.")
    birth_act: Card | None = Field(None, description="Of `birth_act`, for who is not of age: its number.")
    birth_act_year: Annotated[int, Field(ge=1890, le=2200)] | None = None
    birth_act_office: Place | None = Field(None, description="The registry office that has it.")
    guardian: Idcs | None = Field(
        None,
        description="Of `birth_act`: the identifier of the parent or guardian; without it they are enrolled first, and "
        "an officer adds it.",
    )
    guardian_is: Tie | None = None
    witnesses: Annotated[tuple[Witness, ...], Field(max_length=TWO)] = Field(
        (), strict=False, description="Of `witnesses`, for who has no papers: two enrolled people."
    )
    region: Annotated[int, Field(ge=1, le=12, description="Of the centre: 1 to 12, as for an application.")]
    province: Province | None = None
    commune: Place | None = Field(None, description="Where the person lives; needed without a phone, for letters.")
    address: Address | None = Field(None, description="The street and number, the village or the douar.")
    phone: Phone | None = None
    email: Email | None = None
    language: Language = "ar"

    has_a_name = model_validator(mode="after")(require_name)

    province_is_of_the_region = model_validator(mode="after")(require_region)

    @property
    def name(self) -> str:
        """The whole name, in Arabic where it is known in Arabic."""
        return whole_name(self)


class EnrolmentBody(EnrolmentRequest):
    """The body of the API: a request, with the key by which the sender knows it."""

    application: Key | None = Field(None, description="The sender's own key: sent twice, it counts once.")


class Enrolment(EnrolmentRequest, Body):
    """An enrolment as it is stored: as it was sent, then as an officer completed it from the papers.

    It is about no household, and holds no persons: its person has no identifier yet.
    """

    @property
    def contact(self) -> Contact:
        """How whoever asked is reached."""
        return Contact(self.language, self.phone, self.email)

    @property
    def territory(self) -> Territory:
        """That of the centre."""
        return Territory(self.region, self.province)

    @property
    def post(self) -> Post:
        """To the person, where they live."""
        return Post(self, self.address, self.commune, self.region, self.province)

    @property
    def parent(self) -> str | None:
        """The identifier of the mother or father who comes with a child; a guardian may be neither."""
        return self.guardian if self.guardian_is in ("mother", "father") else None

    def is_newborn(self, today: date) -> bool:
        """Whether the enrolment tells of a birth, and not of somebody who was there before."""
        return self.proof == "birth_act" and today - self.birth_date < NEWBORN

    @property
    def vouching(self) -> tuple[str, ...]:
        """The identifiers of those whose word it rests on: a parent or guardian, or witnesses."""
        return (self.guardian,) if self.guardian else tuple([each.idcs for each in self.witnesses])


def stored_enrolment(sent: EnrolmentRequest) -> Enrolment:
    """What was sent, as it is stored: of a date of which only the year is known, its first day."""
    said = {name: getattr(sent, name) for name in EnrolmentRequest.model_fields}
    if sent.birth_precision == "year":
        said["birth_date"] = sent.birth_date.replace(month=1, day=1)
    return Enrolment.model_construct(**said)


def objections(sent: EnrolmentRequest, today: date, *, at_centre: bool = False) -> list[Problem]:
    """Whatever cannot be so on this day, field by field; `at_centre`: nothing is left for an officer to complete."""
    found = (Problem(field, message) for field, message in wrong(sent, today))
    return [each for each in found if at_centre or not (each["message"] == MISSING and each["field"] in AT_CENTRE)]


def wrong(sent: EnrolmentRequest, today: date) -> Iterator[tuple[str, str]]:
    """The same: the path of each field, and its sentence."""
    yield from wrong_names(sent)
    if sent.birth_date > today:
        yield "birth_date", SENTENCES["born_later"]
    elif sent.birth_date.year < 1900:
        yield "birth_date", SENTENCES["born_too_early"]
    for name in (each for fields in BELONGS.values() for each in fields if each not in BELONGS[sent.proof]):
        if getattr(sent, name):
            yield name, SENTENCES["another_proof"]
    for name in BELONGS[sent.proof]:
        if not getattr(sent, name):
            yield name, MISSING
    if not (sent.phone or sent.commune):
        yield "commune", SENTENCES["letters_go_where"]
    yield from WRONG[sent.proof](sent, today)


def wrong_names(sent: EnrolmentRequest) -> Iterator[tuple[str, str]]:
    """Names in a script that is not that of their field; a part without the other."""
    for name, arabic in NAMES_IN.items():
        text = getattr(sent, name)
        other = getattr(sent, name.replace("given", "family") if "given" in name else name.replace("family", "given"))
        if not text and other:
            yield name, SENTENCES["half_name"]
        elif text and not is_read(text):
            yield name, SENTENCES["script"]
        elif text and is_arabic(folded(text)) != arabic:
            yield name, SENTENCES["in_arabic" if arabic else "in_latin"]


def wrong_card(sent: EnrolmentRequest, today: date) -> Iterator[tuple[str, str]]:
    """The national card is for Moroccans."""
    if sent.nationality != MOROCCAN:
        yield "proof", SENTENCES["for_moroccans"]


def wrong_residence(sent: EnrolmentRequest, today: date) -> Iterator[tuple[str, str]]:
    """The residence card is for others, and must be valid."""
    if sent.nationality == MOROCCAN:
        yield "nationality", SENTENCES["for_foreigners"]
    if sent.residence_until and sent.residence_until < today:
        yield "residence_until", SENTENCES["card_over"]


def wrong_birth_act(sent: EnrolmentRequest, today: date) -> Iterator[tuple[str, str]]:
    """A birth act is enough for who is not of age, and is not older than the birth."""
    if is_of_age(sent.birth_date, today):
        yield "proof", SENTENCES["of_age"]
    if sent.birth_act_year and not sent.birth_date.year <= sent.birth_act_year <= today.year:
        yield "birth_act_year", SENTENCES["act_year"]


def wrong_witnesses(sent: EnrolmentRequest, today: date) -> Iterator[tuple[str, str]]:
    """Two people, who are not the same."""
    if len(sent.witnesses) == 1:
        yield "witnesses", SENTENCES["two_witnesses"]
    if len({each.idcs for each in sent.witnesses}) < len(sent.witnesses):
        yield "witnesses[1].idcs", SENTENCES["same_witness"]
    elif len({each.cin for each in sent.witnesses}) < len(sent.witnesses):
        yield "witnesses[1].cin", SENTENCES["same_card"]


WRONG = {
    "cin": wrong_card,
    "residence_card": wrong_residence,
    "birth_act": wrong_birth_act,
    "witnesses": wrong_witnesses,
}


def is_of_age(born: date, today: date) -> bool:
    """Whether who was born then is of age today."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) >= OF_AGE
