"""The questions of an application, page by page, and how what is typed on a page is read.

Each question is a field of the declaration's own model, which says its kind, its choices and its bounds. What neither
the formula nor the register needs is not asked: disability and family status belong to other services (the official
questions on alhoukouma.gov.ma). Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, NamedTuple
from unicodedata import category

from models.errors import Refused
from web.asked import Asked, FieldProblem, Kind, Wrong, described, first_day, known_of, precision_of, read_typed
from workflows.bodies import reading
from workflows.bodies.appeal import PARTS
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.territory import provinces
from workflows.bodies.text import canonical
from workflows.identifiers.typed import NotAnIdentifier, identifier
from workflows.matching.script import folded, is_arabic
from workflows.matching.verdict import unread
from workflows.scoring.variables import ADULT, age

SECTIONS = ("members", "place", "home", "belongings", "bills", "contact")
# Fields that are texts of a kind of their own; every other one is asked as its type says.
TEXTS: Mapping[str, Kind] = {
    "commune": "text",
    "street": "text",
    "phone": "phone",
    "email": "email",
    "birth_date": "birth",
    "idcs": "digits",
    "cin": "text",
    "given_name_ar": "text",
    "family_name_ar": "text",
    "given_name_la": "text",
    "family_name_la": "text",
    "province": "choice",
    "region": "choice",
}
# What may be left empty: then it is left out, and the model's default counts.
OPTIONAL = {
    "province",
    "street",
    "phone",
    "email",
    "cin",
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "belongings.mobile_phones",
    "belongings.cars",
    "belongings.motorcycles",
    "belongings.cows",
}
SCHOOL_AGE = range(3, 30)  # years at which somebody may go to school or university
IN_VILLAGES = ("rural_stone", "rural_other")  # dwellings
NAMES = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
WHOLE_NAME = "members.name"  # what the catalogue calls the four together
BIRTH, PRECISION = "birth_date", "birth_precision"  # one question asks for both: old people often know the year alone


class Page(NamedTuple):
    """A page of the form: its name, which the catalogue knows as `ask.NAME`, its section, and what it asks.

    `ticked`: yes or no of several things at once, of which those are ticked that are so.
    """

    name: str
    section: str
    asks: tuple[str, ...]
    ticked: bool = False

    @property
    def fills(self) -> tuple[str, ...]:
        """The fields of the declaration that its answers fill."""
        return (*self.asks, PRECISION) if BIRTH in self.asks else self.asks


HOUSEHOLD = (
    Page("milieu", "place", ("milieu",)),
    Page("region", "place", ("region",)),
    Page("province", "place", ("province",)),
    Page("commune", "place", ("commune", "street")),
    Page("dwelling", "home", ("housing.dwelling",)),
    Page("rooms", "home", ("housing.rooms",)),
    Page("comfort", "home", ("housing.bath_or_shower", "housing.own_electric_meter")),
    Page(
        "things",
        "belongings",
        (
            "belongings.computer",
            "belongings.antenna",
            "belongings.landline",
            "belongings.garage",
            "belongings.second_home",
            "belongings.business_premises",
            "belongings.non_agricultural_land",
            "belongings.irrigated_land",
            "belongings.credit",
        ),
        ticked=True,
    ),
    Page(
        "counts",
        "belongings",
        ("belongings.mobile_phones", "belongings.cars", "belongings.motorcycles", "belongings.cows"),
    ),
    Page("water", "bills", ("bills.water_electricity",)),
    Page("gas", "bills", ("bills.gas",)),
    Page("telecom", "bills", ("bills.telecom",)),
    Page("contact", "contact", ("phone", "email", "language")),
)
MEMBER = (
    Page("name", "members", NAMES),
    Page("identity", "members", ("idcs", "cin")),
    Page("birth", "members", ("birth_date", "sex")),
    Page("relationship", "members", ("relationship",)),
    Page("school", "members", ("schooling",)),
    Page("education", "members", ("education", "diploma", "literate")),
    Page("work", "members", ("occupation", "earns_income")),
    Page("health", "members", ("health_cover",)),
)
Said = Mapping[str, Any]


def page_named(pages: Sequence[Page], name: str) -> Page | None:
    """The page of this name."""
    return next((each for each in pages if each.name == name), None)


def pages_of_member(said: Said, today: date) -> list[Page]:
    """The pages that are asked of somebody of this age."""
    if "birth_date" not in said:
        return list(MEMBER)
    years = age(date.fromisoformat(said["birth_date"]), today)
    without = set() if years in SCHOOL_AGE else {"school"}
    without |= set() if years >= ADULT else {"education", "work"}
    return [each for each in MEMBER if each.name not in without]


def questions_of(page: Page, household: Said, others: Sequence[Said] = ()) -> list[Asked]:
    """What a page asks; `others`: what is said of the other members."""
    return [question(each, household, others) for each in page.asks]


def question(path: str, household: Said, others: Sequence[Said]) -> Asked:
    """One question, by the field of the model."""
    part, _, name = path.rpartition(".")
    model = PARTS[part] if part else Declaration if path in Declaration.model_fields else Member
    asked = described(path, model.model_fields[name], None)
    if model is Member:
        asked = asked._replace(name=f"members.{name}")
    if path in TEXTS:
        asked = asked._replace(kind=TEXTS[path])
    if path == "region":
        return asked._replace(choices=tuple(str(each) for each in range(1, 13)))
    if path == "province":
        return asked._replace(choices=provinces_of(household.get("region")))
    if path == "housing.dwelling" and household.get("milieu") == "urban":
        said = household.get(path)  # before they moved to town: it stays in the list
        return asked._replace(choices=tuple(each for each in asked.choices if each == said or each not in IN_VILLAGES))
    if path == "relationship" and any(each.get("relationship") == "head" for each in others):
        return asked._replace(choices=tuple(each for each in asked.choices if each != "head"))
    return asked


def provinces_of(region: object) -> tuple[str, ...]:
    """The codes of a region's provinces."""
    return tuple(sorted(code for code, of in provinces().items() if of == region))


def read_page(
    page: Page, asked: Sequence[Asked], typed: Mapping[str, Sequence[str]], others: Sequence[Said], today: date
) -> tuple[dict[str, Any], list[FieldProblem]]:
    """What was said on a page, by path (None: left out), and what is wrong with it."""
    said: dict[str, Any] = {}
    problems = []
    for each in asked:
        try:
            said[each.path] = "yes" in typed.get(each.field, ()) if page.ticked else read(each, typed, today)
            if each.path == BIRTH:
                said |= {BIRTH: first_day(said[BIRTH]).isoformat(), PRECISION: precision_of(said[BIRTH])}
        except Wrong as wrong:
            problems.append(FieldProblem(each.field, wrong.code, wrong.values, each))
    return said, problems or list(wrong_together(page, asked, said, others))


def read(asked: Asked, typed: Mapping[str, Sequence[str]], today: date) -> Any:
    """What was typed for one question. Raises Wrong."""
    if asked.path in OPTIONAL and not any(canonical(each) for each in typed.get(asked.field, ())):
        return None
    if asked.path == "region":
        return int(read_typed(asked, typed, today))
    if asked.kind in ("text", "phone", "email", "digits"):
        return text_of(asked, typed.get(asked.field, [""])[0])
    return read_typed(asked, typed, today)


def text_of(asked: Asked, typed: str) -> str:
    """A text as the model's field takes it. Raises Wrong."""
    text = " ".join(canonical(typed).split())
    if not text:
        raise Wrong("empty")
    name = asked.path.rpartition(".")[2]
    if name in (*NAMES, "commune", "street") and any(
        category(letter) == "So" for letter in text
    ):  # an emoji is no letter
        raise Wrong("script" if name in NAMES else "text")
    if name == "idcs":
        return identifier_of(text)
    if name == "cin":
        text = "".join(text.split()).upper()
    model = Declaration if name in Declaration.model_fields else Member
    try:
        return reading.field(model, name, text)
    except Refused:
        raise Wrong(name if name in ("phone", "email", "cin") else "text") from None


def identifier_of(text: str) -> str:
    """An identifier in its ten digits. Raises Wrong."""
    try:
        return identifier(text)
    except NotAnIdentifier as wrong:
        raise Wrong(wrong.mistake) from None


def wrong_together(page: Page, asked: Sequence[Asked], said: Said, others: Sequence[Said]) -> Iterator[FieldProblem]:
    """What is wrong with the answers of a page as a whole."""
    fields = {each.path: each for each in asked}
    if page.name == "name":
        arabic, latin = (all(said[each] for each in NAMES[part : part + 2]) for part in (0, 2))
        if not (arabic or latin):
            yield FieldProblem(fields[NAMES[0]].field, "name", about=fields[NAMES[0]]._replace(name=WHOLE_NAME))
        mixed = [other_script(said, part) for part in (0, 2) if is_mixed(said[NAMES[part]], said[NAMES[part + 1]])]
        for each in {*unread(SimpleNamespace(**said)), *mixed}:
            yield FieldProblem(fields[each].field, "script", about=fields[each])
    if page.name == "identity" and said["idcs"] in [each.get("idcs") for each in others]:
        yield FieldProblem(fields["idcs"].field, "twice", about=fields["idcs"])


def is_mixed(given: str | None, family: str | None) -> bool:
    """Whether the two parts of a name are in two scripts: the register has no such name."""
    return bool(given and family) and is_arabic(folded(given or "")) != is_arabic(folded(family or ""))


def other_script(said: Said, part: int) -> str:
    """Of the given and the family name, which are in two scripts, the one that is not in the script of its field."""
    given, family = NAMES[part : part + 2]
    return family if is_arabic(folded(said[given])) == given.endswith("_ar") else given


def value_said(asked: Asked, said: Said) -> Any:
    """What was said for one question: of a birth as much as is known of it."""
    value = said.get(asked.path)
    if asked.path != BIRTH or value is None:
        return value
    return known_of(value, said.get(PRECISION))


def is_answered(page: Page, said: Said) -> bool:
    """Whether a page was answered: whatever may be left out, too."""
    return all(each in said for each in page.asks)
