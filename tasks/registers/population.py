"""The population register on another machine, by its verification service: another Sijil, or one like it.

It is told what a household declares and answers with verdicts, never with what it keeps. docs/formats.md says how.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar, get_args
from uuid import uuid4

import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from models import clock
from models.errors import Unavailable
from models.foreign import read_json
from models.population import PersonStatus
from models.settings import Settings
from tasks.registers.caller import Call, Caller
from tasks.registers.failures import CallFailed, Failed
from tasks.registers.line import Response
from workflows.evidence import Compared, RegisteredPerson
from workflows.matching.births import PRECISIONS, BirthVerdict
from workflows.matching.verdict import NAMES, NameVerdict
from workflows.population.signatures import sign
from workflows.registers.ports import Answer, DeclaredPerson

COMPARISONS, RECORDS = "/population/v1/comparisons", "/population/v1/records"
PURPOSE, BASIS = "registration", "law 72-18"  # why the social register asks, and by which law
LARGEST = 500  # persons of one question, by the service
DECIMALS = 4  # of a score
STATUSES = get_args(PersonStatus)  # of another one nobody knows whether the person lives
DECLARED = (
    "idcs",
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "birth_date",
    "birth_precision",
)
# What is not told where a part of it is not taken, and how a register says which that is.
TOGETHER = {name: names for names in (DECLARED[1:3], DECLARED[3:5], DECLARED[5:]) for name in names}
PLACE = re.compile(r"people\[(?P<place>[0-9]{1,3})\]\.(?P<field>[a-z_]+)")
PARTS = (*NAMES, *PRECISIONS)  # of a name or a birth date that may differ; of others nothing is known here
Found = TypeVar("Found")
log = structlog.get_logger()


class Envelope(msgspec.Struct):
    """An answer, whose entries are read one by one: one that cannot be read spoils no other."""

    id: str | None = None
    answers: list[msgspec.Raw] | None = None
    records: list[msgspec.Raw] | None = None
    error: Any = None


class Flaw(msgspec.Struct):
    """A value that the register does not take, and where in the question it stands."""

    place: str = ""
    problems: "list[Flaw] | None" = None


class Refusal(msgspec.Struct):
    """What the register says of a question that it does not take."""

    error: Flaw


class NotTaken(NamedTuple):
    """The fields that the register does not take, by the places of those whose they are."""

    fields: Mapping[int, Collection[str]]


class About(msgspec.Struct):
    """About whom an entry is."""

    ref: str
    idcs: str | None = None


class Entry(msgspec.Struct):
    """What the register says of one person. `known`: None where it cannot tell now."""

    known: bool | None
    status: str = ""
    name: NameVerdict | None = None
    score: float = 0
    birth: BirthVerdict | None = None
    differs: tuple[str, ...] = ()


class Record(msgspec.Struct):
    """Of whom the register keeps something."""

    idcs: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class RemoteRegister:
    """Answers the port `RemotePopulation`; one for the process, which its threads share."""

    caller: Caller
    partner: str
    key: OKPKey
    officer: str = ""  # by whom what the register keeps is read, as a pseudonym

    @classmethod
    def from_settings(cls, chosen: Settings) -> Self:
        """The register that the settings name. Raises Unavailable where our key cannot be read."""
        assert chosen.population_key is not None
        url, seconds, rate = chosen.population_url, chosen.population_timeout, chosen.population_rate
        caller = Caller.of("the population register", url, seconds, LARGEST, rate)
        return cls(caller, chosen.population_partner, read_key(chosen.population_key))

    @property
    def longest(self) -> float:
        """See `ports.RemotePopulation`."""
        return self.caller.longest

    def asked_by(self, officer: str) -> Self:
        """See `ports.RemotePopulation`."""
        return replace(self, officer=officer)

    def left_alone(self) -> timedelta | None:
        """See `ports.RemotePopulation`."""
        return self.caller.left_alone()

    def most(self) -> int:
        """See `ports.RemotePopulation`."""
        return self.caller.most()

    def counts(self) -> Mapping[str, float]:
        """See `ports.RemotePopulation`."""
        return self.caller.counts()

    def compare(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        """See `ports.PopulationRegister`."""
        parts = [people[first : first + LARGEST] for first in range(0, len(people), LARGEST)]
        return [each for part in parts for each in self.compare_some(part)]

    def compare_some(self, people: Sequence[DeclaredPerson]) -> Sequence[Compared | Answer | None]:
        """The same, of as many people as the service takes at once.

        Where it does not take some values, as a name with a digit, it is asked once more without them. Of an identifier
        that is none it knows nobody.
        """
        told = self.verdicts(people, {})
        if not isinstance(told, NotTaken):
            return told
        flaws = told.fields
        unknown = {place for place, fields in flaws.items() if "idcs" in fields}
        left = [place for place in range(len(people)) if place not in unknown]
        told = self.verdicts(
            [people[place] for place in left], {n: flaws.get(place, ()) for n, place in enumerate(left)}
        )
        if isinstance(told, NotTaken):
            raise Unavailable("The population register does not take this question.")
        found = dict(zip(left, told, strict=True))
        return [found.get(place) for place in range(len(people))]

    def verdicts(
        self, people: Sequence[DeclaredPerson], without: Mapping[int, Collection[str]]
    ) -> "list[Compared | Answer | None] | NotTaken":
        """What the register says of these people, told without these fields of some; asks nothing about nobody."""
        asked = [{"ref": str(place), **told_of(each, without.get(place, ()))} for place, each in enumerate(people)]
        content = {"purpose": PURPOSE, "basis": BASIS, "people": asked}
        return self.ask(COMPARISONS, content, lambda told: verdicts(told, people), len(people)) if people else []

    def stored(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        """See `ports.PopulationRegister`. The register notes the officer, too."""
        content = {"purpose": PURPOSE, "officer": self.officer, "idcs": list(idcs)}
        found = self.ask(RECORDS, content, lambda told: records(told, idcs), len(idcs))
        return {} if isinstance(found, NotTaken) else found

    def ask(
        self, path: str, content: dict[str, Any], read: Callable[[Envelope], Found], size: int
    ) -> "Found | NotTaken":
        """What `read` makes of the answer to a signed question. Raises RegisterAway and Unavailable."""

        def make() -> Call:
            number, now = str(uuid4()), clock.now()
            body = msgspec.json.encode({"id": number, "at": now, **content})
            signed = {"sijil-partner": self.partner, "signature": sign(body, self.key, path, now)}
            return Call(number, path, body, signed)

        def answered(call: Call, response: Response) -> Found | NotTaken:
            return not_taken(response.content) if response.not_taken else read(opened(call.id, response.content))

        return self.caller.ask(make, answered, size)


def read_key(path: Path) -> OKPKey:
    """The private key in a file, as a JWK or as PEM. Raises Unavailable where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
        key = OKPKey.import_key(json.loads(text) if text.lstrip().startswith("{") else text)
    except (OSError, ValueError, TypeError, JoseError) as error:
        raise Unavailable(f"{path} holds no private key: {type(error).__name__}.") from error
    if not key.is_private or key.curve_name != "Ed25519":
        raise Unavailable(f"{path} holds no private key of Ed25519.")
    key.ensure_kid()
    return key


def told_of(person: DeclaredPerson, without: Collection[str] = ()) -> dict[str, Any]:
    """What the register is told of a person: what was declared, but for these fields."""
    names = (name for name in DECLARED if name not in without)
    return {name: value for name in names if (value := getattr(person, name)) is not None}


def not_taken(body: bytes) -> NotTaken:
    """Which fields of whom the register does not take. Raises CallFailed where it does not say."""
    try:
        error = read_json(body, Refusal).error
    except ValueError as wrong:
        raise CallFailed(Failed.NOT_TAKEN) from wrong
    fields: dict[int, set[str]] = {}
    for flaw in error.problems or [error]:
        if not (found := PLACE.fullmatch(flaw.place)):
            raise CallFailed(Failed.NOT_TAKEN)
        fields.setdefault(int(found["place"]), set()).update(TOGETHER.get(found["field"], (found["field"],)))
    return NotTaken(fields)


def opened(number: str, body: bytes) -> Envelope:
    """The answer to the question of this number. Raises CallFailed for anything else."""
    try:
        told = read_json(body, Envelope)
    except msgspec.ValidationError as error:
        raise CallFailed(Failed.OTHER_JSON) from error
    except ValueError as error:
        raise CallFailed(Failed.HALF_JSON) from error
    if told.error is not None:
        raise CallFailed(Failed.ERROR_INSIDE)
    if told.id != number:
        raise CallFailed(Failed.OTHER_QUESTION if told.id else Failed.OTHER_JSON)
    return told


def verdicts(told: Envelope, people: Sequence[DeclaredPerson]) -> list[Compared | Answer | None]:
    """What is said of each of these people, in their order; `Answer.NONE` of whom it cannot be used.

    Raises CallFailed where anybody else is told of, because then nobody knows whom the other entries are about.
    """
    if told.answers is None:
        raise CallFailed(Failed.OTHER_JSON)
    entries: dict[int, list[msgspec.Raw]] = {}
    for raw in told.answers:
        entries.setdefault(place_of(raw, people), []).append(raw)
    found, failed = [], Counter[str]()
    for place in range(len(people)):
        answer = verdict(entries.get(place, []))
        failed.update([answer.value.code] if isinstance(answer, Failed) else [])
        found.append(Answer.NONE if isinstance(answer, Failed) else answer)
    if failed:
        log.warning("a register's answer about some persons cannot be used", why=dict(failed), of=len(people))
    return found


def place_of(raw: msgspec.Raw, people: Sequence[DeclaredPerson]) -> int:
    """Which of these people an entry is about. Raises CallFailed where it is none of them."""
    try:
        about = read_json(raw, About)
        place = int(about.ref)
    except ValueError as error:
        raise CallFailed(Failed.OTHER_JSON) from error
    if str(place) != about.ref or not 0 <= place < len(people) or about.idcs not in (None, people[place].idcs):
        raise CallFailed(Failed.OTHER_PERSON)
    return place


def verdict(entries: Sequence[msgspec.Raw]) -> Compared | Answer | Failed | None:
    """What the entries about one person say."""
    if len(entries) != 1:
        return Failed.DOUBLED if entries else Failed.MISSING
    try:
        told = read_json(entries[0], Entry)
    except ValueError:
        return Failed.UNREADABLE
    if not told.known:
        return None if told.known is False else Answer.NONE
    if told.status not in STATUSES or told.name is None or told.birth is None or not 0 <= told.score <= 1:
        return Failed.UNREADABLE
    return Compared(
        status=told.status,
        name=told.name,
        score=round(told.score, DECIMALS),
        birth=told.birth,
        differs=tuple([part for part in PARTS if part in told.differs]),
    )


def records(told: Envelope, idcs: Sequence[str]) -> dict[str, RegisteredPerson]:
    """What the register keeps of these persons. Raises CallFailed where any entry cannot be read or is another's."""
    if told.records is None:
        raise CallFailed(Failed.OTHER_JSON)
    try:
        read = [read_json(raw, Record) for raw in told.records]
        found = {each.idcs: person_of(raw) for each, raw in zip(read, told.records, strict=True) if each.known}
    except ValueError as error:
        raise CallFailed(Failed.OTHER_JSON) from error
    if not {each.idcs for each in read} <= set(idcs):
        raise CallFailed(Failed.OTHER_PERSON)
    if len({each.idcs for each in read}) < len(read):
        raise CallFailed(Failed.OTHER_JSON)
    return found


def person_of(raw: msgspec.Raw) -> RegisteredPerson:
    """A person as a record says. Raises ValueError, also for a word that nobody here knows."""
    person = read_json(raw, RegisteredPerson)
    if person.birth_precision not in PRECISIONS or person.status not in STATUSES:
        raise ValueError("The record has a precision or a status that there is not.")
    return person
