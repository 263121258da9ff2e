"""Verification: the population register knows every member, alive, under this name and birth date."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from models.errors import Broken
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
    an_idcs,
)
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.events.event import Event
from workflows.events.registration import Doubt, IdentityDoubted, MembersMismatched, Mismatch, PersonsVerified
from workflows.evidence import Compared, RegisterAnswer, RegisteredPerson
from workflows.registers.ports import DeclaredPerson, Ports
from workflows.stages import verify


def decided(
    declaration: Declaration, changed: dict[int, RegisteredPerson | None] | None = None
) -> PersonsVerified | MembersMismatched | IdentityDoubted:
    return verify.decide(a_case_file(declaration=declaration), a_register_answer(declaration, changed))


def reasons(declaration: Declaration, changed: dict[int, RegisteredPerson | None]) -> tuple[Mismatch, ...]:
    event = decided(declaration, changed)
    assert isinstance(event, MembersMismatched)
    return event.mismatches


def test_a_household_on_which_the_register_agrees_is_verified() -> None:
    assert decided(a_declaration()) == PersonsVerified(rules="verify-2026-12")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, Mismatch(1, "unknown")),
        ({"status": "deceased"}, Mismatch(1, "deceased")),
        ({"birth_date": date(1972, 1, 2)}, Mismatch(1, "birth_date_differs", ("year", "month", "day"))),
        ({"birth_date": date(1975, 8, 16)}, Mismatch(1, "birth_date_differs", ("year",))),
        ({"given_name_ar": "وليد", "given_name_la": "Walid"}, Mismatch(1, "name_differs", ("given_name",))),
    ],
)
def test_a_member_who_does_not_agree_is_named_with_the_reason(entry: dict[str, Any] | None, reason: Mismatch) -> None:
    declared = a_declaration(members=[a_head(), a_spouse(birth_date="1990-08-16")])
    person = None if entry is None else a_registered_person(declared.members[1], **entry)
    assert reasons(declared, {1: person}) == (reason,)


DOUBTS = [
    (Compared(name="neither", score=0.5), Doubt(0, "name", "neither", 0.5)),
    (Compared(name="unknown", score=0), Doubt(0, "name", "unknown", 0)),
    (Compared(birth="swapped"), Doubt(0, "birth", "swapped")),
    (Compared(birth="one_digit"), Doubt(0, "birth", "one_digit")),
    (Compared(birth="unknown", score=0.9), Doubt(0, "birth", "unknown", 0.9)),
]


def answered(*persons: Compared | None, confirmed: tuple[int, ...] = ()) -> Event:
    """What the stage decides on these answers about as many members."""
    members = [a_head(), a_spouse(), *(a_child(number) for number in range(1, 9))][: len(persons)]
    case = a_case_file(declaration=a_declaration(members=members))
    return verify.decide(case, RegisterAnswer(at=NOW, persons=persons, confirmed=confirmed))


@pytest.mark.parametrize(("person", "doubt"), DOUBTS, ids=str)
def test_where_nobody_can_tell_a_caseworker_looks(person: Compared, doubt: Doubt) -> None:
    assert answered(person, Compared()) == IdentityDoubted(rules="verify-2026-12", doubts=(doubt,))


@pytest.mark.parametrize("birth", ["same_month", "same_year", "first_of_january"])
def test_a_birth_date_that_agrees_as_far_as_it_is_known_passes(birth: str) -> None:
    assert answered(Compared(birth=birth, score=0.9)) == PersonsVerified(rules="verify-2026-12")


def test_who_is_in_doubt_by_name_and_birth_date_is_asked_about_both() -> None:
    found = answered(Compared(name="neither", score=0.5, birth="swapped"))
    assert isinstance(found, MembersMismatched)
    assert found.mismatches == (Mismatch(0, "name_differs"), Mismatch(0, "birth_date_differs"))


def test_of_whoever_is_asked_it_is_said_which_part_differs_and_of_a_doubt_which_part_is_in_doubt() -> None:
    both = ("family_name", "year", "day")
    asked = answered(Compared(name="neither", score=0.5, birth="different", differs=both))
    assert isinstance(asked, MembersMismatched)
    assert asked.mismatches == (Mismatch(0, "birth_date_differs", ("year", "day")),)
    near = answered(Compared(name="neither", score=0.5, birth="swapped", differs=("given_name", "month", "day")))
    assert isinstance(near, MembersMismatched)
    assert [each.differs for each in near.mismatches] == [("given_name",), ("month", "day")]
    doubted = answered(Compared(name="neither", score=0.5, differs=("family_name",)))
    assert isinstance(doubted, IdentityDoubted)
    assert doubted.doubts[0].differs == ("family_name",)


def test_what_is_certainly_another_is_asked_about_and_what_is_in_doubt_is_not() -> None:
    found = answered(
        Compared(name="other", score=0, birth="one_digit"), Compared(name="neither", score=0.5, birth="different")
    )
    assert isinstance(found, MembersMismatched)
    assert found.mismatches == (Mismatch(0, "name_differs"), Mismatch(1, "birth_date_differs"))


def test_the_citizen_is_asked_before_a_caseworker_looks() -> None:
    found = answered(None, Compared(name="neither", score=0.5))
    assert isinstance(found, MembersMismatched)
    assert found.mismatches == (Mismatch(0, "unknown"),)


def test_what_a_caseworker_settled_before_is_not_asked_again() -> None:
    doubted = Compared(name="neither", score=0.5)
    assert answered(doubted, doubted, confirmed=(0, 1)) == PersonsVerified(rules="verify-2026-12")
    left = answered(doubted, doubted, confirmed=(0,))
    assert left == IdentityDoubted(rules="verify-2026-12", doubts=(Doubt(1, "name", "neither", 0.5),))


def test_no_caseworker_settles_a_mismatch() -> None:
    assert isinstance(answered(Compared(name="other", score=0), confirmed=(0,)), MembersMismatched)


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
    another = a_registered_person(head, birth_date=date(1966, 1, 1), birth_precision=registered)
    assert isinstance(decided(household, {0: same_year}), PersonsVerified)
    assert reasons(household, {0: another}) == (Mismatch(0, "birth_date_differs", ("year",)),)


def test_two_whole_dates_in_one_year_differ() -> None:
    household = a_declaration(members=[a_head(birth_date="1955-06-30")])
    person = a_registered_person(household.head, birth_date=date(1955, 7, 21))
    assert reasons(household, {0: person}) == (Mismatch(0, "birth_date_differs", ("month", "day")),)


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

    def __init__(self, known: dict[str, Compared]) -> None:
        self.known, self.asked = known, list[list[str]]()

    def compare(self, people: Sequence[DeclaredPerson]) -> list[Compared | None]:
        self.asked.append([each.idcs for each in people])
        return [self.known.get(each.idcs) for each in people]


class Settled:
    """A social register in whose cases nothing was in doubt before but what these say; it notes what it is asked."""

    def __init__(self, before: dict[int, set[int]] | None = None) -> None:
        self.before, self.asked = before or {}, list[dict[int, list[Doubt]]]()

    def confirmed(self, doubts: dict[int, list[Doubt]], files: Sequence[CaseFile]) -> dict[int, set[int]]:
        self.asked.append(doubts)
        return self.before


def test_what_was_settled_before_is_asked_once_and_of_those_alone_who_are_in_doubt() -> None:
    cases = [a_case_file(id=number, declaration=a_declaration(members=[a_head()])) for number in (1, 2, 3)]
    register, social = Register({an_idcs(1): Compared(birth="swapped")}), Settled({2: {0}})
    answers = verify.gather(cases, Ports(NOW, register, social, None, None, None))  # type: ignore[arg-type]
    assert social.asked == [{number: [Doubt(0, "birth", "swapped")] for number in (1, 2, 3)}]
    assert {number: answer.confirmed for number, answer in answers.items()} == {1: (), 2: (0,), 3: ()}
    social = Settled()
    verify.gather(cases, Ports(NOW, Register({an_idcs(1): Compared()}), social, None, None, None))  # type: ignore[arg-type]
    assert social.asked == []


@pytest.mark.parametrize("more", [[], [Compared(), None]])
def test_a_register_that_answers_another_number_than_was_asked_is_a_fault(more: list[Compared | None]) -> None:
    class Miscounting(Register):
        def compare(self, people: Sequence[DeclaredPerson]) -> list[Compared | None]:
            return more

    case = a_case_file(declaration=a_declaration(members=[a_head()]))
    with pytest.raises(Broken):
        verify.gather([case], Ports(NOW, Miscounting({}), Settled(), None, None, None))  # type: ignore[arg-type]


def test_the_register_is_asked_once_for_a_whole_batch_and_each_case_gets_its_own_answer() -> None:
    # Given two households that share a member
    first = a_case_file(id=1, declaration=a_declaration(members=[a_head(), a_child(1)]))
    second = a_case_file(
        id=2, declaration=a_declaration(members=[a_spouse(relationship="head", declarant=True), a_child(1)])
    )
    child = Compared(score=0.9)
    register = Register({an_idcs(11): child})
    # When their evidence is gathered
    answers = verify.gather([first, second], Ports(NOW, register, Settled(), None, None, None))  # type: ignore[arg-type]
    # Then there was one question, in the order of the declarations, which the answers follow
    assert register.asked == [[an_idcs(1), an_idcs(11), an_idcs(2), an_idcs(11)]]
    assert {number: answer.persons for number, answer in answers.items()} == {1: (None, child), 2: (None, child)}
    assert {answer.at for answer in answers.values()} == {NOW}


def test_verification_looks_at_the_declaration_in_force() -> None:
    corrected: CaseFile = a_case_file(declaration=Declaration.model_validate(a_body(members=[a_head()])), body_number=2)
    assert isinstance(verify.decide(corrected, a_register_answer(corrected.declaration)), PersonsVerified)
