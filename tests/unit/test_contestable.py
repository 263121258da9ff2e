"""What a citizen may contest on a page: kinds and bounds are the model's, and what is typed is read as people write."""

import json
from datetime import date
from typing import Any

import pytest

from tests.filing import a_household
from web.contestable import OF_MEMBER, WRONG, Contestable, contestable_of, focused, read_values
from workflows.bodies.appeal import Contested, corrected, is_value
from workflows.bodies.declaration import Declaration
from workflows.bodies.reading import application

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    return Declaration.restored(application(json.dumps(a_household(0, members=3).body)).stored())


def value(declaration: Declaration, path: str, **changes: Any) -> Contestable:
    (found,) = [each for each in contestable_of(declaration) if each.path == path]
    return found._replace(**changes)


def test_every_value_is_one_that_an_appeal_may_name(declaration: Declaration) -> None:
    found = contestable_of(declaration)
    assert [each.path for each in found if not is_value(declaration, each.path)] == []
    assert len({each.path for each in found}) == len(found) == 21 + len(OF_MEMBER) * len(declaration.members)
    assert {each.kind for each in found} == {"amount", "amounts", "count", "flag", "choice", "date"}
    assert all(each.of for each in found if each.path.startswith("members"))


def test_the_bounds_are_those_of_the_model(declaration: Declaration) -> None:
    rooms, phones = value(declaration, "housing.rooms"), value(declaration, "belongings.mobile_phones")
    assert (rooms.least, rooms.most, phones.least, phones.most) == (1, 50, 0, 99)
    assert value(declaration, "bills.telecom").most == 100_000


GOOD = [
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
    ("bills.telecom", ["1.234"], "amount"),
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
        (("31", "2", "1984"), "date"),
        (("24", "11", ""), "date"),
        (("24", "11", "1789"), "date"),
        (("25", "11", "2026"), "future"),
        (("", "", ""), "empty"),
    ],
)
def test_a_date_is_read_from_its_three_fields(declaration: Declaration, parts: tuple[str, str, str], read: str) -> None:
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
