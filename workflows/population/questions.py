"""Reads what a partner asks: the types first, then each value, with every flaw at its place and none quoted."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec

from models.days import day_of
from models.foreign import read_json
from workflows.identifiers.typed import NotAnIdentifier, identifier
from workflows.matching.births import PRECISIONS
from workflows.matching.script import is_read
from workflows.population.partners import MOST_PEOPLE
from workflows.population.policies import FIELDS, NAMES, Policy
from workflows.population.refusals import Flaw, NotAnswered, refuse
from workflows.population.signatures import SKEW

FIRST_BIRTH = date(1900, 1, 1)
NO_BIRTH = date(1, 1, 1)  # stands where none was sent: nothing is told of the birth date then
LONGEST_NAME = 80  # characters
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PURPOSE = re.compile("[a-z][a-z0-9_]{0,39}")
# By which right somebody asks. A run of ten digits may be an identifier, and does not belong into the audit.
BASIS = re.compile(r"(law|decree|consent|order) (?!.*[0-9]{10})[0-9A-Za-z][0-9A-Za-z./_-]{0,59}")
OFFICER = re.compile("[a-z_]{1,20}:[0-9A-Za-z_-]{1,64}")
CURSOR, LIMIT = re.compile("[0-9]{1,18}"), re.compile("[0-9]{1,4}")
MOST_EVENTS = 1_000  # of one answer
REF = re.compile("[0-9A-Za-z_-]{1,40}")
SHOWN = re.compile("[a-z_]{1,40}")  # a name of a field that an answer repeats
WRONG_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<place>[^`]*)`)?$", re.DOTALL)
NAMED = re.compile(r"(missing required|unknown) field `(?P<name>[^`]*)`")


class Asked(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A person as a partner has them. A field that is null is not asked about."""

    ref: str
    idcs: str
    given_name_ar: str | None = None
    family_name_ar: str | None = None
    given_name_la: str | None = None
    family_name_la: str | None = None
    birth_date: str | None = None
    birth_precision: str | None = None

    def sent(self) -> list[str]:
        """The fields that the partner asks about."""
        return [each for each in FIELDS if getattr(self, each) is not None]


class Comparisons(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /population/v1/comparisons`."""

    id: str
    at: str
    purpose: str
    basis: str
    people: list[Asked]


class Records(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /population/v1/records`."""

    id: str
    at: str
    purpose: str
    officer: str
    idcs: list[str]


Body = TypeVar("Body", Comparisons, Records)


class Declared(NamedTuple):
    """A person as they are compared."""

    idcs: str
    given_name_ar: str | None
    family_name_ar: str | None
    given_name_la: str | None
    family_name_la: str | None
    birth_date: date
    birth_precision: str


def read(body: bytes, kind: type[Body]) -> Body:
    """A body of this kind, of which only the types were looked at. Raises NotAnswered."""
    try:
        return read_json(body, kind)
    except msgspec.ValidationError as error:
        raise NotAnswered(*flaw_of_type(str(error))) from None
    except ValueError:
        raise NotAnswered("not_json", "body") from None


def flaw_of_type(message: str) -> Flaw:
    """What the reader of JSON says, as a flaw at its place. An unknown name is repeated only if it looks like one."""
    found = WRONG_PLACE.match(message)
    place = found["place"] or "" if found else ""
    if named := NAMED.search(message):
        name = named["name"] if SHOWN.fullmatch(named["name"]) else ""
        code = "unknown_field" if named[1] == "unknown" else "missing"
        return Flaw(code, ".".join(filter(None, (place, name))) or "body")
    return Flaw("wrong_type", place or "body")


def question_id(text: str) -> str:
    """The id of a question in its one form. Raises NotAnswered."""
    if not ID.fullmatch(text):
        raise NotAnswered("bad_id", "id")
    return str(UUID(text))


def require_whole(question: Comparisons | Records, count: int, now: datetime) -> None:
    """Raises NotAnswered for what is wrong with a question as a whole."""
    flaws = [Flaw("bad_time", "at")] * (not is_of_now(question.at, now))
    flaws += [Flaw("bad_purpose", "purpose")] * (not PURPOSE.fullmatch(question.purpose))
    place = "people"
    if isinstance(question, Comparisons):
        flaws += [Flaw("bad_basis", "basis")] * (not BASIS.fullmatch(question.basis))
    else:
        place = "idcs"
        flaws += [Flaw("bad_officer", "officer")] * (not OFFICER.fullmatch(question.officer))
    if not 0 < count <= MOST_PEOPLE:
        flaws.append(Flaw("too_many_people" if count else "no_people", place))
    refuse(flaws)


def cursor(after: str, limit: str) -> tuple[int, int]:
    """Where to go on in the feed of events, and how many to tell at most. Raises NotAnswered."""
    if not (CURSOR.fullmatch(after) and LIMIT.fullmatch(limit) and 0 < int(limit) <= MOST_EVENTS):
        raise NotAnswered("bad_cursor")
    return int(after), int(limit)


def is_of_now(text: str, now: datetime) -> bool:
    """Whether this is a moment with a time zone, of the last minute."""
    try:
        moment = datetime.fromisoformat(text.upper()) if MOMENT.fullmatch(text) else None
    except ValueError:
        return False
    return moment is not None and abs((now - moment).total_seconds()) <= SKEW


def require_purpose(policy: Policy, purpose: str) -> None:
    """Raises NotAnswered for a purpose for which the partner may not ask."""
    if policy.purposes and purpose not in policy.purposes:
        raise NotAnswered("purpose_not_allowed", "purpose")


def require_fields(policy: Policy, people: Sequence[Asked]) -> None:
    """Raises NotAnswered where the partner may not ask about a field, which is named once."""
    first: dict[str, Flaw] = {}
    for place, person in enumerate(people):
        for name in policy.forbidden(person.sent()):
            first.setdefault(name, Flaw("field_not_allowed", f"people[{place}].{name}"))
    refuse([*first.values()])


def declared(people: Sequence[Asked], now: datetime) -> list[Declared]:
    """These people as they are compared. Raises NotAnswered with every flaw at its place."""
    today, found, seen = day_of(now), [], set[str]()
    flaws: list[Flaw] = []
    for place, person in enumerate(people):
        wrong = list(flaws_of(person, today))
        if person.ref in seen:
            wrong.append(Flaw("ref_twice", "ref"))
        seen.add(person.ref)
        flaws += [Flaw(code, f"people[{place}].{name}") for code, name in wrong]
        if not flaws:
            found.append(as_declared(person))
    refuse(flaws)
    return found


def flaws_of(person: Asked, today: date) -> Iterator[Flaw]:
    """What is wrong with a person, by field."""
    if not REF.fullmatch(person.ref):
        yield Flaw("bad_ref", "ref")
    if wrong := wrong_identifier(person.idcs):
        yield Flaw(wrong, "idcs")
    for name in NAMES:
        if (given := getattr(person, name)) is not None and (wrong := wrong_name(given)):
            yield Flaw(wrong, name)
    if person.birth_date is not None and (wrong := wrong_birth(person.birth_date, today)):
        yield Flaw(wrong, "birth_date")
    if person.birth_precision not in (None, *PRECISIONS):
        yield Flaw("birth_precision", "birth_precision")


def wrong_identifier(typed: str) -> str:
    """The code of what is wrong with an identifier; '' where nothing is."""
    try:
        identifier(typed)
    except NotAnIdentifier as wrong:
        return wrong.mistake.value
    return ""


def wrong_name(name: str) -> str:
    """The code of what is wrong with a name; '' where nothing is."""
    return "name_long" if len(name) > LONGEST_NAME else wrong_letters(name)


@lru_cache(maxsize=50_000)
def wrong_letters(name: str) -> str:
    """The same of a name that is not too long, which is remembered: longer ones would fill the memory."""
    if CONTROLS.search(name):
        return "name_controls"
    if any(map(str.isdigit, name)):
        return "name_digits"
    if not any(map(str.isalpha, name)):
        return "name_empty"
    return "" if is_read(name) else "name_script"


def wrong_birth(text: str, today: date) -> str:
    """The code of what is wrong with a birth date; '' where nothing is."""
    return wrong_day(text, today) if DAY.fullmatch(text) else "birth_no_date"


@lru_cache(maxsize=50_000)
def wrong_day(text: str, today: date) -> str:
    """The same of one that looks like a date, which is remembered."""
    try:
        born = date.fromisoformat(text)
    except ValueError:
        return "birth_no_date"
    if born > today:
        return "birth_in_future"
    return "birth_too_early" if born < FIRST_BIRTH else ""


def as_declared(person: Asked) -> Declared:
    """A person without flaws as they are compared."""
    return Declared(
        identifier(person.idcs),
        person.given_name_ar,
        person.family_name_ar,
        person.given_name_la,
        person.family_name_la,
        date.fromisoformat(person.birth_date) if person.birth_date else NO_BIRTH,
        person.birth_precision or "day",
    )


def identifiers(typed: Sequence[str]) -> list[str]:
    """Identifiers of which somebody wants to read what is stored. Raises NotAnswered with every flaw at its place."""
    refuse([Flaw(wrong, f"idcs[{place}]") for place, each in enumerate(typed) if (wrong := wrong_identifier(each))])
    return [identifier(each) for each in typed]
