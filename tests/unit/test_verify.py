"""Verification: the population register knows every member, alive, under this name and birth date."""

from datetime import date
from typing import Any

import pytest

from tests.factories import (
    NOW,
    a_body,
    a_case_file,
    a_child,
    a_declaration,
    a_head,
    a_register_answer,
    a_registered_person,
    a_spouse,
)
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.events.registration import MembersMismatched, Mismatch, PersonsVerified
from workflows.evidence import RegisteredPerson
from workflows.registers.ports import Ports
from workflows.stages import verify


def decided(
    declaration: Declaration, changed: dict[int, RegisteredPerson | None] | None = None
) -> PersonsVerified | MembersMismatched:
    return verify.decide(a_case_file(declaration=declaration), a_register_answer(declaration, changed))


def reasons(declaration: Declaration, changed: dict[int, RegisteredPerson | None]) -> tuple[Mismatch, ...]:
    event = decided(declaration, changed)
    assert isinstance(event, MembersMismatched)
    return event.mismatches


def test_a_household_on_which_the_register_agrees_is_verified() -> None:
    assert decided(a_declaration()) == PersonsVerified(rules="verify-2026-11")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "unknown"),
        ({"status": "deceased"}, "deceased"),
        ({"birth_date": date(1985, 1, 2)}, "birth_date_differs"),
        ({"given_name_ar": "وليد", "given_name_la": "Walid"}, "name_differs"),
    ],
)
def test_a_member_who_does_not_agree_is_named_with_the_reason(entry: dict[str, Any] | None, reason: str) -> None:
    declared = a_declaration()
    person = None if entry is None else a_registered_person(declared.members[1], **entry)
    assert reasons(declared, {1: person}) == (Mismatch(1, reason),)


def test_every_member_who_does_not_agree_is_named_once() -> None:
    declared = a_declaration()
    head, child = (
        a_registered_person(declared.members[place], status="deceased", birth_date=date(1900, 1, 1)) for place in (0, 3)
    )
    assert reasons(declared, {0: head, 2: None, 3: child}) == (
        Mismatch(0, "deceased"),
        Mismatch(2, "unknown"),
        Mismatch(3, "deceased"),
    )


@pytest.mark.parametrize(("declared", "registered"), [("year", "day"), ("day", "year"), ("year", "year")])
def test_where_one_side_knows_no_more_than_a_year_the_years_must_agree(declared: str, registered: str) -> None:
    household = a_declaration(
        members=[a_head(birth_date="1955-01-01" if declared == "year" else "1955-06-30", birth_precision=declared)]
    )
    (head,) = household.members
    same_year = a_registered_person(head, birth_date=date(1955, 3, 9), birth_precision=registered)
    year_after = a_registered_person(head, birth_date=date(1956, 1, 1), birth_precision=registered)
    assert isinstance(decided(household, {0: same_year}), PersonsVerified)
    assert reasons(household, {0: year_after}) == (Mismatch(0, "birth_date_differs"),)


def test_two_whole_dates_in_one_year_differ() -> None:
    household = a_declaration(members=[a_head(birth_date="1955-06-30")])
    person = a_registered_person(household.head, birth_date=date(1955, 7, 30))
    assert reasons(household, {0: person}) == (Mismatch(0, "birth_date_differs"),)


def test_a_spelling_variant_is_no_mismatch() -> None:
    household = a_declaration(
        members=[a_head(given_name_ar=None, family_name_ar=None, given_name_la="Khaled", family_name_la="Ben Ali")]
    )
    person = a_registered_person(
        household.head, given_name_la="Khalid", family_name_la="Benali", given_name_ar="خالد", family_name_ar="بنعلي"
    )
    assert isinstance(decided(household, {0: person}), PersonsVerified)


def test_an_answer_that_does_not_cover_the_household_is_an_error_and_no_verdict() -> None:
    two, one = a_declaration(), a_declaration(members=[a_head()])
    with pytest.raises(ValueError, match="zip"):
        verify.decide(a_case_file(declaration=two), a_register_answer(one))


class Register:
    """A population register that notes what it is asked."""

    def __init__(self, known: dict[str, RegisteredPerson]) -> None:
        self.known, self.asked = known, list[list[str]]()

    def persons(self, idcs: list[str]) -> dict[str, RegisteredPerson]:
        self.asked.append(sorted(idcs))
        return {each: self.known[each] for each in idcs if each in self.known}


def test_the_register_is_asked_once_for_a_whole_batch_and_each_case_gets_its_own_answer() -> None:
    # Given two households that share a member
    first = a_case_file(id=1, declaration=a_declaration(members=[a_head(), a_child(1)]))
    second = a_case_file(
        id=2, declaration=a_declaration(members=[a_spouse(relationship="head", declarant=True), a_child(1)])
    )
    child = a_registered_person(first.declaration.members[1])
    register = Register({"1000000011": child})
    # When their evidence is gathered
    answers = verify.gather([first, second], Ports(NOW, register, None, None))  # type: ignore[arg-type]
    # Then there was one question, nobody was asked for twice, and the answers follow the declarations
    assert register.asked == [["1000000001", "1000000002", "1000000011"]]
    assert {number: answer.persons for number, answer in answers.items()} == {1: (None, child), 2: (None, child)}
    assert {answer.at for answer in answers.values()} == {NOW}


def test_verification_looks_at_the_declaration_in_force() -> None:
    corrected: CaseFile = a_case_file(declaration=Declaration.model_validate(a_body(members=[a_head()])), body_number=2)
    assert isinstance(verify.decide(corrected, a_register_answer(corrected.declaration)), PersonsVerified)
