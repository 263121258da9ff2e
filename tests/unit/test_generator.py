"""The generated population: the same from the same seed, declared as a citizen would, and honest where it says so."""

import json
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.factories import NOW, a_case_file
from trials.generator import files
from trials.generator.household import GeneratedHousehold, household, households
from workflows.bodies.declaration import ApplicationBody, Belongings, Bills, Housing, Member, objections
from workflows.events.event import Event
from workflows.events.registration import IdentityDoubted, MembersMismatched
from workflows.evidence import RegisterAnswer, RegisteredPerson
from workflows.matching.compared import compared
from workflows.policies import indexes
from workflows.stages import verify

SEEDS = (1, 20_26)
HOUSEHOLDS = 750  # of each seed
MOST_MISTAKEN = 0.02  # of clean applications, that may end in a correction


@cache
def population(seed: int) -> list[GeneratedHousehold]:
    return list(households(HOUSEHOLDS, seed))


@cache
def register(seed: int) -> dict[str, RegisteredPerson]:
    """Everybody whom the register knows, as `sijil enrol` would store them."""
    return {str(row["idcs"]): entry(row) for made in population(seed) for row in (each.row() for each in made.persons)}


def entry(row: dict[str, Any]) -> RegisteredPerson:
    """A line of the population's file as the register answers it."""
    known = {name: value for name, value in row.items() if name in RegisteredPerson.__struct_fields__}
    return RegisteredPerson(**known | {"birth_date": date.fromisoformat(row["birth_date"])})


def found_in(made: GeneratedHousehold, seed: int) -> Event:
    """What verification decides on this household."""
    declared = ApplicationBody.model_validate(made.body)
    known = register(seed)
    persons = [compared(member, known[member.idcs]) if member.idcs in known else None for member in declared.members]
    answer = RegisterAnswer(at=NOW, persons=tuple(persons))
    return verify.decide(a_case_file(declaration=declared), answer)


def mismatches(made: GeneratedHousehold, seed: int) -> tuple[Any, ...]:
    """What verification would ask this household about."""
    event = found_in(made, seed)
    return event.mismatches if isinstance(event, MembersMismatched) else ()


def doubts(made: GeneratedHousehold, seed: int) -> tuple[Any, ...]:
    """What verification would let a caseworker look at."""
    event = found_in(made, seed)
    return event.doubts if isinstance(event, IdentityDoubted) else ()


def clean(seed: int) -> list[GeneratedHousehold]:
    return [made for made in population(seed) if made.truth["plant"] is None]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "again"):
        files.write_files(tmp_path / name, 60, 7, csv=True)
    once, again = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("once", "again"))
    assert once == again
    assert set(once) == {files.POPULATION, files.APPLICATIONS, files.TRUTH, files.TABLE}


def test_another_seed_writes_other_people(tmp_path: Path) -> None:
    persons = [
        {row["idcs"] for made in households(60, seed) for row in (each.row() for each in made.persons)}
        for seed in (7, 8)
    ]
    assert not persons[0] & persons[1]


def test_a_household_is_the_same_whatever_was_made_before() -> None:
    assert household(7, 41) == list(households(60, 7))[41] == next(households(1, 7, start=41))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_application_is_one_that_the_form_accepts(seed: int) -> None:
    for made in population(seed):
        assert objections(ApplicationBody.model_validate(made.body), NOW.date(), 30) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_it_writes_declarations_and_never_variables(seed: int) -> None:
    questions = {name for model in (ApplicationBody, Housing, Belongings, Bills, Member) for name in model.model_fields}
    variables = {
        name for index in indexes() for formula in index.formulas.values() for name in formula.coefficients
    } - questions
    for made in population(seed):
        text = json.dumps(made.body)
        assert not [name for name in variables if f'"{name}"' in text]
        assert set(made.body) <= questions


@pytest.mark.parametrize("seed", SEEDS)
def test_at_most_two_percent_of_clean_applications_end_in_a_correction(seed: int) -> None:
    mistaken = {made.body["application"]: found for made in clean(seed) if (found := mismatches(made, seed))}
    assert len(mistaken) <= len(clean(seed)) * MOST_MISTAKEN, mistaken


@pytest.mark.parametrize("seed", SEEDS)
def test_names_are_spelt_otherwise_than_in_the_register_often_enough_to_matter(seed: int) -> None:
    """Else the two percent above would prove nothing."""
    known = register(seed)
    members = [member for made in clean(seed) for member in made.body["members"]]
    for script in ("la", "ar"):
        written = [member for member in members if f"given_name_{script}" in member]
        fields = (f"given_name_{script}", f"family_name_{script}")
        otherwise = [
            member
            for member in written
            if any(member[field] != getattr(known[member["idcs"]], field) for field in fields)
        ]
        assert len(otherwise) > len(written) * 0.05
        assert len(written) < len(members)  # some are in the other script alone


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_errors_are_found_where_they_were_planted(seed: int) -> None:
    planted = [made for made in population(seed) if made.truth["expect"] == "needs_correction"]
    missed = [
        made.truth for made in planted if made.truth["member"] not in {each.member for each in mismatches(made, seed)}
    ]
    assert len(planted) >= 10
    assert len(missed) <= len(planted) * 0.05, missed


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_slips_are_left_to_a_caseworker_and_few_clean_applications_are(seed: int) -> None:
    planted = [made for made in population(seed) if made.truth["expect"] == "identity_in_doubt"]
    assert len(planted) >= 3
    assert [made.truth for made in planted if doubts(made, seed)[0].member != made.truth["member"]] == []
    assert sum(bool(doubts(made, seed)) for made in clean(seed)) <= len(clean(seed)) * MOST_MISTAKEN


def test_some_of_everything_is_planted_and_most_is_clean() -> None:
    kinds = Counter(made.truth["plant"] for seed in SEEDS for made in population(seed))
    assert set(kinds) == {
        None,
        "mistyped_identifier",
        "wrong_birth_date",
        "wrong_name",
        "deceased_member",
        "person_of_another_household",
        "hidden_spouse",
        "understated_bills",
        "mistyped_birth_date",
        "name_of_two_readings",
    }
    assert kinds[None] >= 0.9 * kinds.total()


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_in_two_households_but_those_who_were_planted_there(seed: int) -> None:
    claimed = Counter(member["idcs"] for made in population(seed) for member in made.body["members"])
    twice = {idcs for idcs, times in claimed.items() if times > 1}
    borrowed = {
        made.body["members"][made.truth["member"]]["idcs"]
        for made in population(seed)
        if made.truth["plant"] == "person_of_another_household"
    }
    assert twice == borrowed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_stays_beside_and_is_not_in_the_application(seed: int) -> None:
    for made in population(seed):
        assert made.truth["application"] == made.body["application"]
        assert not {"plant", "expect"} & set(made.body)


def test_a_seed_has_no_more_households_than_numbers() -> None:
    with pytest.raises(ValueError, match="households"):
        household(1, 1_000_000)
