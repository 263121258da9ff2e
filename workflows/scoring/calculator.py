"""Scores a document, which holds a declaration or a set of variables: `sijil score`, to check the formula by hand."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from models.errors import Problem, Refused
from models.settings import settings
from workflows.bodies import reading
from workflows.bodies.declaration import ApplicationBody, objections
from workflows.bodies.problems import NUMBER
from workflows.bodies.text import NUMBER as NUMBER_IN_TEXT
from workflows.bodies.text import canonical, whole_number
from workflows.events.registration import ScoreComputed
from workflows.policies import Index, index_in_force, thresholds_in_force
from workflows.policies.rules import in_force
from workflows.scoring.formula import RULES, compute, shown
from workflows.scoring.variables import FLAGS, SHARES, Variables


def score_document(document: object, day: date) -> dict[str, Any]:
    """The score, the programmes whose threshold it meets, and every contribution, by the policy of a day.

    Raises Refused with a problem for each invalid field.
    """
    if not isinstance(document, Mapping):
        said = "The file must hold one JSON object: a declaration, or milieu, region and variables."
        raise Refused("not_a_document", said)
    index = index_in_force(day)
    if "variables" in document:
        return score_variables(document, index, day)
    try:
        declaration = reading.valid(ApplicationBody, document)
    except Refused as refused:
        raise Refused("invalid_declaration", "The declaration is not valid.", problems=refused.problems) from None
    if problems := objections(declaration, day, settings().max_members):
        raise Refused("invalid_declaration", "The declaration is not valid.", problems=problems)
    compute_score = RULES[in_force(RULES)]
    return answer(compute_score(declaration, day, index), day, [])


def score_variables(document: Mapping[str, Any], index: Index, day: date) -> dict[str, Any]:
    """The score of variables by the names of the annexes; absent ones count as 0, and the answer names them."""
    fields = ("milieu", "region", "variables")
    problems = [Problem(str(name), "Unknown field.") for name in document if name not in fields]
    milieu = str(document.get("milieu"))
    if milieu not in index.formulas:
        problems.insert(0, Problem("milieu", "Must be 'urban' or 'rural'."))
        raise Refused("invalid_variables", "The document is not valid.", problems=problems)
    known = index.formulas[milieu].coefficients
    region = region_of(document.get("region"), index, problems)
    values = values_of(document["variables"], milieu, list(known), problems)
    if problems:
        raise Refused("invalid_variables", "The document is not valid.", problems=problems)
    return answer(compute(milieu, region, values, index), day, [name for name in known if name not in values])


def region_of(value: object, index: Index, problems: list[Problem]) -> int:
    """A region's number from its number or name; 0, and one problem more, where it is neither."""
    number = whole_number(canonical(value)) if isinstance(value, str) else value
    if isinstance(number, str):
        number = {folded(name): number for number, name in index.region_names.items()}.get(folded(number))
    if not isinstance(number, int) or isinstance(number, bool) or number not in index.region_names:
        names = ", ".join(index.region_names.values())
        problems.append(Problem("region", f"Must be a number from 1 to {len(index.region_names)}, or one of: {names}."))
        return 0
    return number


def folded(name: object) -> str:
    """A name without case, accents and hyphens."""
    text = unicodedata.normalize("NFKD", str(name).casefold().replace("-", " "))
    return " ".join("".join(each for each in text if not unicodedata.combining(each)).split())


def values_of(given: object, milieu: str, known: list[str], problems: list[Problem]) -> Variables:
    """The values in the order of the annex; adds a problem for each invalid one."""
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
            values[name], message = value_of(name, given[name])
            problems += [Problem(f"variables.{name}", message)] if message else []
    return values


def value_of(name: str, given: object) -> tuple[Decimal, str]:
    """One value and the message about its problem, which is empty where there is none."""
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
    """A number, or the number that a text holds; None for any other value."""
    if isinstance(given, str):
        return Decimal(canonical(given)) if NUMBER_IN_TEXT.fullmatch(canonical(given)) else None
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        return None
    number = Decimal(repr(given)) if isinstance(given, float) else Decimal(given)
    return number if number.is_finite() else None


def answer(computed: ScoreComputed, day: date, assumed_zero: list[str]) -> dict[str, Any]:
    """The answer of the calculator; numbers are texts, so that no program rounds them."""
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
