"""Every version of a rule still decides what it decided: an old one is for ever, and so is what it calls.

decided.json holds examples for each version. `python -m tests.contract.test_rules` adds those of a new one, and changes
none.
"""

import json
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.factories import (
    NOW,
    a_case_file,
    a_child,
    a_declaration,
    a_head,
    a_register_answer,
    a_registered_person,
    a_relative,
    a_spouse,
)
from workflows.bodies.change import Change, HeardEvent
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.engine.chain import encode
from workflows.events.update import DepartureDeclared, RegisterTold, ReviewOrdered
from workflows.evidence import KINDS, Evidence, Holder, IndexInForce, ScreeningAnswer
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.fraud import SIGNALS
from workflows.fraud.phone_shared import FROM_HOUSEHOLDS
from workflows.scoring import formula
from workflows.stages import screen, verify

FILE = Path(__file__).with_name("decided.json")
TABLES: dict[str, dict[str, Any]] = {"submitted": verify.RULES, "verified": formula.RULES, "scored": screen.RULES}
VERSIONS = [(stage, version) for stage, table in TABLES.items() for version in table]
# What happened before, where a signal asks for it.
PAST = {
    "DepartureDeclared": DepartureDeclared(version=1, fields=("members.idcs",)),
    "ReviewOrdered": ReviewOrdered(version=1),
    "RegisterTold": RegisterTold(version=1),
}
DECIDED: list[dict[str, str]] = json.loads(FILE.read_text()) if FILE.exists() else []


def examples() -> Iterator[tuple[str, Declaration, Evidence]]:
    """A declaration and what is known of it, for each stage whose rules have versions.

    Of those that are screened, one comes after each event of PAST.
    """
    town = a_declaration(
        members=[
            a_head(education="higher", occupation="employer"),
            a_spouse(),
            a_child(1, schooling="public"),
            a_relative(2),
        ]
    )
    country = a_declaration(
        milieu="rural",
        region=3,
        members=[a_head(occupation="farmer", birth_date="1950-01-01", birth_precision="year"), a_child(1)],
    )
    head, _, child, relative = town.members
    spelled = a_registered_person(
        head, given_name_ar="", family_name_ar="", given_name_la="Khaled", family_name_la="Ben Ali"
    )
    other = a_registered_person(relative, given_name_ar="وليد", given_name_la="Walid")
    yield "submitted", town, a_register_answer(town, {0: spelled})
    yield (
        "submitted",
        town,
        a_register_answer(town, {1: None, 2: a_registered_person(child, status="deceased"), 3: other}),
    )
    yield (
        "submitted",
        country,
        a_register_answer(country, {0: a_registered_person(country.head, birth_date=date(1950, 6, 1))}),
    )
    yield (
        "submitted",
        country,
        a_register_answer(country, {0: a_registered_person(country.head, birth_date=date(1951, 6, 1))}),
    )
    doubted = a_registered_person(head, birth_date=head.birth_date.replace(year=head.birth_date.year - 10))
    yield "submitted", town, a_register_answer(town, {0: doubted})
    yield "submitted", town, msgspec.structs.replace(a_register_answer(town, {0: doubted}), confirmed=(0,))
    for declared in (town, country):
        yield "verified", declared, IndexInForce(at=NOW, version="2021-08-09")
    for held in ((), (Holder(3, 90, 900), Holder(1, 80, 800))):
        for households in (FROM_HOUSEHOLDS - 1, FROM_HOUSEHOLDS):
            yield "scored", town, ScreeningAnswer(at=NOW, held=held, phone_households=households)
    yield "scored", town, ScreeningAnswer(at=NOW, twice=(Holder(2, 90, 900),))


def decided(stage: str, declaration: str, evidence: str, past: str = "") -> str:
    """What the map decides on them, after an event of the past, as it would be stored."""
    known = msgspec.json.decode(evidence, type=KINDS[json.loads(evidence)["type"]])
    before = [PAST[past]] if past else []
    said = Declaration.restored(declaration)
    case: CaseFile = a_case_file(*before, stage=stage, declaration=said)
    if past == "RegisterTold":
        case = msgspec.structs.replace(case, body=told_of(said))
    return encode(REGISTRATION.stages[stage].handlers[type(known)](case, known)).decode()


def told_of(said: Declaration) -> Change:
    """The case of a household of whose head the population register told that they died."""
    died = HeardEvent(kind="death", source="here", position=1, idcs=said.head.idcs)
    return Change(
        change="member_left", cause="death", true_from=NOW.date(), based_on=1, declaration=said, life_event=died
    )


@pytest.mark.parametrize("example", DECIDED, ids=lambda example: f"{example['rules']} {example['stage']}")
def test_each_version_decides_what_it_decided(example: dict[str, str]) -> None:
    facts = decided(example["stage"], example["declaration"], example["evidence"], example.get("past", ""))
    assert facts == example["facts"], "an old rule was changed: put it back, and add a version (CONTRIBUTING)"


def test_every_version_has_its_examples_and_none_was_taken_away() -> None:
    assert {(each["stage"], each["rules"]) for each in DECIDED} == set(VERSIONS), (
        "add those of a new one: python -m tests.contract.test_rules"
    )


@pytest.mark.parametrize("code", SIGNALS)
def test_an_example_raises_each_signal_by_the_rules_of_today_and_one_does_not(code: str) -> None:
    newest = list(screen.RULES)[-1]
    told = [json.loads(each["facts"]) for each in DECIDED if each["rules"] == newest]
    raised = [
        code in [signal["code"] for signal in (*facts.get("signals", ()), *facts.get("noted", ()))] for facts in told
    ]

    assert raised, f"{newest} has no examples: python -m tests.contract.test_rules"
    assert set(raised) == {True, False}, (
        f"is it in {newest} of `RULES`? Add a declaration and what is known of it to `examples`, take the examples of a"
        " new version back (git checkout tests/contract/decided.json), and write them anew:"
        " python -m tests.contract.test_rules"
    )


def main() -> None:
    """Adds what is missing, changes nothing."""
    known = {(each["stage"], each["rules"]) for each in DECIDED}
    for at, version in [each for each in VERSIONS if each not in known]:
        for (stage, declaration, evidence), past in product(examples(), ("", *PAST)):
            if stage == at and (not past or stage == "scored"):
                body, told = declaration.stored(), encode(msgspec.structs.replace(evidence, rules=version)).decode()
                DECIDED.append(
                    {
                        "stage": at,
                        "rules": version,
                        "declaration": body,
                        "evidence": told,
                        "facts": decided(at, body, told, past),
                    }
                    | ({"past": past} if past else {})
                )
    FILE.write_text(json.dumps(DECIDED, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
