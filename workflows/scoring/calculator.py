"""The score of a document: a set of variables, or a whole declaration.

What `sijil score` shows; anybody may check the formula with it.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from models.errors import Problem, Refused
from models.settings import settings
from workflows.bodies import reading
from workflows.bodies.declaration import ApplicationBody, Declaration, objections
from workflows.bodies.problems import NUMBER
from workflows.bodies.text import NUMBER as NUMBER_IN_TEXT
from workflows.bodies.text import canonical, whole_number
from workflows.events import ScoreComputed
from workflows.policies import Index, index_in_force, thresholds_in_force
from workflows.policies.rules import in_force
from workflows.scoring.formula import RULES, compute, shown
from workflows.scoring.variables import FLAGS, SHARES, Variables


def score_document(document: object, day: date) -> dict[str, Any]:
    """Score (7 decimals, and exact), programmes whose threshold it meets, and every contribution, under the policy of
    that day.

    Raises Refused with a problem for each field that is wrong.

    """
    if not isinstance(document, Mapping):
        raise Refused(
            "not_a_document", "The file must hold one JSON object: a declaration, or milieu, region and variables."
        )
    index = index_in_force(day)
    if "variables" in document:
        return of_variables(document, index, day)
    try:
        declaration = reading.valid(ApplicationBody, document)
    except Refused as refused:
        raise Refused("invalid_declaration", "The declaration is not valid.", problems=refused.problems) from None
    if problems := objections(declaration, day, settings().max_members):
        raise Refused("invalid_declaration", "The declaration is not valid.", problems=problems)
    return of_declaration(declaration, index, day)


def of_declaration(declaration: Declaration, index: Index, day: date) -> dict[str, Any]:
    """As a case would be scored."""
    return told(RULES[in_force(RULES)](declaration, day, index), day, [])


def of_variables(document: Mapping[str, Any], index: Index, day: date) -> dict[str, Any]:
    """Variables by the names of the annexes; those that are absent count as 0, and are named."""
    problems = [
        Problem(str(name), "Unknown field.") for name in document if name not in ("milieu", "region", "variables")
    ]
    milieu = str(document.get("milieu"))
    if milieu not in index.formulas:
        raise Refused(
            "invalid_variables",
            "The document is not valid.",
            problems=[Problem("milieu", "Must be 'urban' or 'rural'."), *problems],
        )
    known = index.formulas[milieu].coefficients
    region = region_of(document.get("region"), index, problems)
    values = values_of(document["variables"], milieu, list(known), problems)
    if problems:
        raise Refused("invalid_variables", "The document is not valid.", problems=problems)
    return told(compute(milieu, region, values, index), day, [name for name in known if name not in values])


def region_of(value: object, index: Index, problems: list[Problem]) -> int:
    """A region by its number or its name; 0 beside a problem."""
    number = whole_number(canonical(value)) if isinstance(value, str) else value
    if isinstance(number, str):
        number = {plain(name): number for number, name in index.region_names.items()}.get(plain(number))
    if not isinstance(number, int) or isinstance(number, bool) or number not in index.region_names:
        problems.append(
            Problem(
                "region",
                f"Must be a number from 1 to {len(index.region_names)}, or one of: "
                f"{', '.join(index.region_names.values())}.",
            )
        )
        return 0
    return number


def plain(name: object) -> str:
    """A name without case, accents and hyphens."""
    text = unicodedata.normalize("NFKD", str(name).casefold().replace("-", " "))
    return " ".join("".join(each for each in text if not unicodedata.combining(each)).split())


def values_of(given: object, milieu: str, known: list[str], problems: list[Problem]) -> Variables:
    """The values, in the order of the annex. Notes a problem for each that cannot be."""
    if not isinstance(given, Mapping):
        problems.append(Problem("variables", "Must be an object of names and numbers."))
        return {}
    problems += [
        Problem(f"variables.{name}", f"Is not a variable of the {milieu} formula.")
        for name in given
        if name not in known
    ]
    values = {}
    for name in known:
        if name in given:
            value, wrong = value_of(name, given[name])
            values[name] = value
            problems += [Problem(f"variables.{name}", wrong)] if wrong else []
    return values


def value_of(name: str, given: object) -> tuple[Decimal, str]:
    """One value, and what is wrong with it, if anything is."""
    value = number_of(int(given) if isinstance(given, bool) and name in FLAGS else given)
    if value is None:
        return Decimal(0), NUMBER
    if value < 0:
        return value, "Must not be negative."
    if name in FLAGS and value not in (0, 1):
        return value, "Must be 0 or 1."
    if name in SHARES and value > 1:
        return value, "Must be a share of the household, from 0 to 1."
    if value > 1_000_000:
        return value, "Is too large to be meant."
    return value, ""


def number_of(given: object) -> Decimal | None:
    """A number, or a text that is written as one; None for anything else."""
    if isinstance(given, str):
        return Decimal(canonical(given)) if NUMBER_IN_TEXT.fullmatch(canonical(given)) else None
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        return None
    number = Decimal(repr(given)) if isinstance(given, float) else Decimal(given)
    return number if number.is_finite() else None


def told(computed: ScoreComputed, day: date, assumed_zero: list[str]) -> dict[str, Any]:
    """The answer: texts for numbers, so that no reader rounds them."""
    return {
        "score": shown(computed.score),
        "exact": str(computed.score),
        "programmes": {each.programme: computed.score <= each.threshold for each in thresholds_in_force(day)},
        "thresholds": {each.programme: str(each.threshold) for each in thresholds_in_force(day)},
        "policy": computed.policy,
        "constant": str(computed.constant),
        "region_constant": str(computed.region),
        "contributions": {each.variable: str(each.product) for each in computed.contributions},
        "assumed_zero": assumed_zero,
    }
