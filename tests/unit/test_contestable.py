"""What a citizen may contest on a page: kinds and bounds are the model's, and what is typed is read as people write."""

import json
from datetime import date
from typing import Any

import pytest

from tests.filing import a_household
from web.applying.questions import HOUSEHOLD, MEMBER
from web.asked import WRONG, Asked, read_values
from web.contestable import OF_MEMBER, contestable_of, contested_in, focused, should_be_in
from workflows.bodies.appeal import PARTS, Contested, corrected, is_value
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.reading import application

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return Declaration.restored(application(json.dumps(a_household(0, members=3).body)).stored())


def value(declaration: Declaration, path: str, **changes: Any) -> Asked:
    (found,) = [each for each in contestable_of(declaration) if each.path == path]
    return found._replace(**changes)


def test_the_form_asks_every_field_of_a_declaration_but_those_that_it_sets_itself_or_leaves_to_other_services() -> None:
    asked = {path for page in (*HOUSEHOLD, *MEMBER) for path in page.fills}
    parts = {f"{part}.{field}" for part, model in PARTS.items() for field in model.model_fields}
    fields = {*Declaration.model_fields, *parts, *Member.model_fields} - {"members", *PARTS}

    unasked = {"declarant", "disability", "orphan", "custody"}
    assert (fields - asked, asked - fields) == (unasked, set()), "its place is a page of web/applying/questions.py"


def test_every_value_is_one_that_an_appeal_may_name(declaration: Declaration) -> None:
    found = contestable_of(declaration)
    assert [each.path for each in found if not is_value(declaration, each.path)] == []
    assert len({each.path for each in found}) == len(found) == 21 + len(OF_MEMBER) * len(declaration.members)
    assert {each.kind for each in found} == {"amount", "amounts", "count", "flag", "choice", "birth"}
    assert all(each.of for each in found if each.path.startswith("members"))


def test_the_bounds_are_those_of_the_model(declaration: Declaration) -> None:
    rooms, phones = value(declaration, "housing.rooms"), value(declaration, "belongings.mobile_phones")
    assert (rooms.least, rooms.most, phones.least, phones.most) == (1, 50, 0, 99)
    assert value(declaration, "bills.telecom").most == 100_000


GOOD = [
    ("bills.telecom", ["1.200,50 درهم"], "1200.50"),
    ("bills.telecom", ["49,5"], "49.5"),
    ("bills.telecom", [" ٤٩٫٥٠ "], "49.50"),
    ("bills.telecom", ["1 234.5"], "1234.5"),
    ("bills.telecom", ["0"], "0"),
    ("bills.water_electricity", ["100", "", "20,5"], ["100", "20.5"]),
    ("housing.rooms", ["٩"], 9),
    ("belongings.cows", ["11"], 11),
]
BAD = [
    ("bills.telecom", [""], "empty"),
    ("bills.telecom", [], "empty"),
    ("bills.telecom", ["many"], "amount"),
    ("bills.telecom", ["1.234"], "amount_unclear"),
    ("bills.telecom", ["-5"], "amount_bounds"),
    ("bills.telecom", ["100000.01"], "amount_bounds"),
    ("bills.water_electricity", ["12", "x"], "amount"),
    ("housing.rooms", ["0"], "count_bounds"),
    ("housing.rooms", ["51"], "count_bounds"),
    ("housing.rooms", ["2.5"], "count"),
    ("belongings.computer", [], "choose"),
    ("belongings.computer", ["maybe"], "choose"),
    ("housing.dwelling", ["castle"], "choose"),
]


@pytest.mark.parametrize(("path", "typed", "read"), GOOD)
def test_what_is_typed_is_read_as_people_write(
    declaration: Declaration, path: str, typed: list[str], read: Any
) -> None:
    said, problems = read_values([value(declaration, path)], {f"should.{path}": typed}, TODAY)
    assert (said, problems) == ({path: read}, [])
    corrected(declaration, [Contested(path=path, should_be=read)])


@pytest.mark.parametrize(("path", "typed", "code"), BAD)
def test_what_cannot_be_is_said_at_its_field(declaration: Declaration, path: str, typed: list[str], code: str) -> None:
    said, problems = read_values([value(declaration, path)], {f"should.{path}": typed}, TODAY)
    assert (said, [(each.field, each.code) for each in problems]) == ({}, [(f"should.{path}", code)])
    assert code in WRONG


@pytest.mark.parametrize(
    ("parts", "read"),
    [
        (("24", "11", "1984"), "1984-11-24"),
        (("٢٤", "١١", "١٩٨٤"), "1984-11-24"),
        (("", "", "1950"), "1950"),
        (("", "٣", "١٩٥٠"), "1950-03"),
        (("24", "", "1984"), "birth"),
        (("31", "2", "1984"), "birth"),
        (("24", "11", ""), "birth"),
        (("24", "11", "1789"), "birth"),
        (("", "13", "1984"), "birth"),
        (("", "", "84"), "birth"),
        (("25", "11", "2026"), "future"),
        (("", "12", "2026"), "future"),
        (("", "", ""), "empty"),
    ],
)
def test_a_birth_is_read_from_its_three_fields_as_far_as_it_is_known(
    declaration: Declaration, parts: tuple[str, str, str], read: str
) -> None:
    path = "members[0].birth_date"
    fields = zip(("day", "month", "year"), parts, strict=True)
    typed = {f"should.{path}.{name}": [part] for name, part in fields}
    said, problems = read_values([value(declaration, path)], typed, TODAY)
    assert (said.get(path) or problems[0].code) == read


@pytest.mark.parametrize(
    ("path", "declared", "typed"),
    [
        ("bills.telecom", "49.5", ["49,50"]),
        ("bills.water_electricity", ["100", "20.50"], ["100.00", "20.5"]),
        ("housing.rooms", 4, ["4"]),
        ("belongings.computer", True, ["yes"]),
        ("housing.dwelling", "flat", ["flat"]),
    ],
)
def test_what_was_declared_already_is_nothing_to_contest(
    declaration: Declaration, path: str, declared: object, typed: list[str]
) -> None:
    each = value(declaration, path, declared=declared)
    assert read_values([each], {f"should.{path}": typed}, TODAY)[1][0].code == "same"


def test_a_link_about_one_value_finds_it_and_one_about_all_members_finds_theirs(declaration: Declaration) -> None:
    found = contestable_of(declaration)
    assert [each.path for each in focused(found, "bills.telecom")] == ["bills.telecom"]
    assert len(focused(found, "members.diploma")) == len(declaration.members)
    assert focused(found, "") == focused(found, "members[99].diploma") == []


@pytest.mark.parametrize(
    ("declared", "should_be", "contested"),
    [
        ("1950", "1950-03-24", {"birth_date": "1950-03-24", "birth_precision": "day"}),
        ("1950", "1950-01-01", {"birth_precision": "day"}),
        ("1950", "1951", {"birth_date": "1951-01-01"}),
        ("1950-03-24", "1950", {"birth_date": "1950-01-01", "birth_precision": "year"}),
        ("1950-03-24", "1950-03-25", {"birth_date": "1950-03-25"}),
    ],
)
def test_an_appeal_says_of_a_birth_how_much_of_it_is_known_and_is_read_so(
    declaration: Declaration, declared: str, should_be: str, contested: dict[str, str]
) -> None:
    birth = value(declaration, "members[0].birth_date", declared=declared)
    said = contested_in(birth, should_be)
    assert said == {f"members[0].{name}": each for name, each in contested.items()}
    assert should_be_in(birth, said) == should_be
    corrected(declaration, [Contested(path=path, should_be=each) for path, each in said.items()])
