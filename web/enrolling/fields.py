"""The fields of an enrolment: how each is asked for, and how what people type becomes what the API would be sent.

The pages of citizens and the form of officers read alike, and say what is wrong in the same words. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models.errors import Problem
from models.languages import LANGUAGES
from web.applying.questions import WHOLE_NAME, provinces_of
from web.asked import Asked, FieldProblem
from workflows.bodies.enrolment import (
    BELONGS,
    MISSING,
    SENTENCES,
    EnrolmentRequest,
    Witness,
)
from workflows.bodies.problems import WHOLE
from workflows.bodies.problems import problems_of as problems_in
from workflows.bodies.territory import ANOTHER_REGION
from workflows.bodies.text import canonical, whole_number
from workflows.casework.enrolling import TOO_MANY
from workflows.identifiers.typed import SENTENCES as OF_IDENTIFIERS
from workflows.stages.attest import OBJECTIONS

PROOFS = tuple(BELONGS)
NAMES = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
YEAR, DAY = "year", "day"  # how exactly a birth is known
# How each field is asked for: its name in the catalogue, its kind, its choices.
FIELDS: Mapping[str, Asked] = {
    each.path: each
    for each in (
        Asked("proof", "enrol.proof", "choice", None, "", PROOFS),
        *(Asked(name, f"members.{name}", "text", None) for name in NAMES),
        Asked("birth_date", "members.birth_date", "birth", None),
        Asked("birth_place", "enrol.birth_place", "text", None),
        Asked("sex", "members.sex", "choice", None, "", ("female", "male")),
        Asked("nationality", "enrol.nationality", "country", None),
        Asked("cin", "members.cin", "text", None),
        Asked("residence_card", "enrol.residence_card", "text", None),
        Asked("residence_until", "enrol.residence_until", "date", None),
        Asked("birth_act", "enrol.birth_act", "text", None),
        Asked("birth_act_year", "enrol.birth_act_year", "count", None),
        Asked("birth_act_office", "enrol.birth_act_office", "text", None),
        Asked("guardian_is", "enrol.guardian_is", "choice", None, "", ("mother", "father", "guardian")),
        Asked("guardian", "enrol.guardian", "digits", None),
        Asked("witnesses[0].idcs", "enrol.first_witness", "digits", None),
        Asked("witnesses[0].cin", "enrol.first_witness_card", "text", None),
        Asked("witnesses[1].idcs", "enrol.second_witness", "digits", None),
        Asked("witnesses[1].cin", "enrol.second_witness_card", "text", None),
        Asked("region", "region", "choice", None, "", tuple(str(each) for each in range(1, 13))),
        Asked("province", "province", "choice", None),
        Asked("commune", "enrol.commune", "text", None),
        Asked("address", "enrol.address", "text", None),
        Asked("phone", "phone", "phone", None),
        Asked("email", "email", "email", None),
        Asked("language", "language", "choice", None, "", tuple(LANGUAGES)),
    )
}
WITNESS = re.compile(r"witnesses\[([01])\]\.(idcs|cin)")
OF_PROOF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**BELONGS, "witnesses": tuple(each for each in FIELDS if WITNESS.fullmatch(each))}
)
OPTIONAL = ("guardian", "province", "address", "phone", "email", *NAMES)  # what may be left empty on the pages
# What is wrong with a field, as a code of the pages, by the sentence that the API gives.
CODES: Mapping[str, str] = {
    **{sentence: code.value for code, sentence in OF_IDENTIFIERS.items()},
    **{sentence: code for code, sentence in SENTENCES.items()},
    **{sentence: f"vouch_{code}" for code, sentence in OBJECTIONS.items()},  # which officers alone are told
    MISSING: "empty",
    TOO_MANY: "too_many_enrolments",
    "Must not be empty.": "empty",
    "Must be a date of the calendar, as YYYY-MM-DD.": "date",
    "Must be one or two letters and one to seven digits.": "cin",
    "Must be a whole number.": "count",
    "Is not a phone number.": "phone",
    "Is not a number that exists in its country.": "phone",
    "Is not an e-mail address.": "email",
}
TOLD_AT = {
    SENTENCES["for_moroccans"]: "nationality",
    SENTENCES["of_age"]: "birth_date",
    ANOTHER_REGION: "province",
}
SHOWN_AT = {WHOLE: NAMES[0], "witnesses": "witnesses[0].idcs"}  # which are no fields of a page
DATES = ("date", "birth")  # kinds of fields that are typed in three parts
CHOSEN = ("choice", "country")  # kinds of fields of which a wrong value was not chosen from the list
OF_ENROLMENTS = {*SENTENCES, "too_many_enrolments"}  # codes that no other form has
Typed = Mapping[str, Sequence[str]]
Said = dict[str, Any]


def field_of(path: str, said: Mapping[str, Any]) -> Asked:
    """A field, with the choices that depend on what was said before: the provinces of a region."""
    asked = FIELDS[path]
    return asked._replace(choices=provinces_of(said.get("region"))) if path == "province" else asked


def read_fields(asked: Sequence[Asked], typed: Typed) -> tuple[Said, list[FieldProblem]]:
    """What was said in these fields, by path (None: left out), and what is wrong with each by itself."""
    said = said_in(asked, typed)
    problems: list[Problem] = []
    for each in asked:
        value = said[each.path]
        not_chosen = each.kind == "choice" and value is not None and str(value) not in each.choices
        if not_chosen or (value is None and each.path not in OPTIONAL):
            problems.append(Problem(each.path, MISSING))
        elif value is not None:
            problems += objections_to(each.path, value)
    return said, problems_of(problems)


def said_in(asked: Sequence[Asked], typed: Typed) -> Said:
    """What was typed, by path. Of a birth of which the year alone is typed, the year is known."""
    said: Said = {}
    for each in asked:
        if each.kind in DATES:
            said |= date_in(each, typed)
        else:
            value = value_of(each, typed)
            number = each.kind == "count" or each.path == "region"
            said[each.path] = (whole_number(value) if number else value) if value else None
    return said


def objections_to(path: str, value: Any) -> list[Problem]:
    """What the model of an enrolment objects to in one value."""
    found = WITNESS.fullmatch(path)
    model, name = (Witness, found[2]) if found else (EnrolmentRequest, path)
    kind = model.model_fields[name].rebuild_annotation()
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return [Problem(path, each["message"]) for each in problems_in(error)]
    return []


def request_in(said: Mapping[str, Any]) -> Said:
    """What was said by path, as the API is sent it: what is left out is not there."""
    sent: Said = {}
    for path, value in said.items():
        found = WITNESS.fullmatch(path)
        if found:
            witness = sent.setdefault("witnesses", [{}, {}])[int(found[1])]
            witness |= {found[2]: value} if value is not None else {}
        elif value is not None:
            sent[path] = value
    return sent


def value_of(asked: Asked, typed: Typed) -> str:
    """What was typed into a field, without blanks that mean nothing."""
    text = " ".join(canonical((typed.get(asked.field) or [""])[0]).split())
    return "".join(text.split()).upper() if asked.path.endswith("cin") else text


def date_in(asked: Asked, typed: Typed) -> Said:
    """A date from its parts; of a birth also how exactly it is known."""
    day, month, year = (canonical((typed.get(f"{asked.field}.{part}") or [""])[0]) for part in ("day", "month", "year"))
    said: Said = {}
    if asked.path == "birth_date":
        said["birth_precision"] = YEAR if year and not (day or month) else DAY
        if said["birth_precision"] == YEAR:
            day = month = "1"
    written = f"{year.zfill(4)}-{month.zfill(2)}-{day.zfill(2)}" if day or month or year else None
    return said | {asked.path: written}


def typed_from(asked: Sequence[Asked], said: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields of a form as they were said before."""
    typed: dict[str, list[str]] = {}
    for each in asked:
        value = said.get(each.path)
        if value is None:
            continue
        if each.kind not in DATES:
            typed[each.field] = [str(value)]
            continue
        parts = dict(zip((YEAR, "month", DAY), str(value).split("-"), strict=True))
        if each.path == "birth_date" and said.get("birth_precision") == YEAR:
            parts = {YEAR: parts[YEAR]}
        typed |= {f"{each.field}.{part}": [given] for part, given in parts.items()}
    return typed


def problems_of(problems: Sequence[Problem]) -> list[FieldProblem]:
    """What is wrong, field by field, in codes that the pages have words for."""
    found: dict[str, FieldProblem] = {}
    for each in problems:
        place = place_of(each)
        about = FIELDS.get(SHOWN_AT.get(place, place), FIELDS[NAMES[0]])
        code = "name" if place == WHOLE else code_of(about, each["message"])
        told = about._replace(name=WHOLE_NAME) if place == WHOLE else about
        found.setdefault(about.path, FieldProblem(about.field, code, {}, told))
    return [found[path] for path in FIELDS if path in found]


def place_of(problem: Problem) -> str:
    """The field at which a problem is told: of papers that somebody cannot have, what makes that so."""
    return TOLD_AT.get(problem["message"], problem["field"])


def code_of(about: Asked, message: str) -> str:
    """The code of one sentence."""
    if about.kind in CHOSEN and message not in CODES:
        return "choose"
    code = CODES.get(message, about.kind if about.kind in (*DATES, "count") else "text")
    if code == "date" and about.kind == "birth":
        return "birth"
    return "choose" if code == "empty" and about.kind in CHOSEN else code
