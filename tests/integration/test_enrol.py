"""Enrolling persons from a file: it is read as an import is, and what cannot be is told with its line."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.errors import Refused
from tests.factories import an_idcs
from tests.filing import a_household, rows, value
from workflows.intake.files.summary import Summary
from workflows.registers.enrol import COLUMNS, enrol_file

pytestmark = pytest.mark.usefixtures("database")
PERSONS = [person.row() for person in a_household(members=4).persons]
Enrolled = Callable[..., tuple[Summary, list[dict[str, Any]]]]


def lines(*persons: dict[str, Any]) -> str:
    return "".join(json.dumps(person, ensure_ascii=False) + "\n" for person in persons)


def table(*persons: dict[str, Any], separator: str = ";") -> str:
    return "\r\n".join(
        [
            separator.join(COLUMNS),
            *(separator.join(str(person.get(name) or "") for name in COLUMNS) for person in persons),
        ]
    )


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    """Writes a file, enrols its persons, and reads the reject file."""

    def run(content: str | bytes, name: str = "persons.ndjson") -> tuple[Summary, list[dict[str, Any]]]:
        path, rejects = tmp_path / name, tmp_path / "rejects.ndjson"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = enrol_file(path, rejects)
        return found, [json.loads(line) for line in rejects.read_text().splitlines()] if rejects.exists() else []

    return run


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xef\xbb\xbf" + lines(*PERSONS).encode(), "a.ndjson"),
        ("\n" + lines(*PERSONS) + "\n\n", "a.ndjson"),
        (lines(*PERSONS).encode("utf-16"), "a.ndjson"),
        (json.dumps(PERSONS, indent=2), "a.json"),
        (table(*PERSONS), "a.csv"),
        (table(*PERSONS, separator="\t").encode("utf-16"), "a.txt"),
        (
            lines(*PERSONS).translate(
                str.maketrans("0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669")
            ),
            "a.ndjson",
        ),
    ],
    ids=range(7),
)
def test_persons_are_read_from_whatever_an_import_is_read_from(
    enrolled: Enrolled, content: str | bytes, name: str
) -> None:
    found, _ = enrolled(content, name)

    assert found.counts == Counter(taken=len(PERSONS), repeated=0, refused=0)
    assert rows(f"select {', '.join(f'{name}::text' for name in COLUMNS)} from person order by idcs") == sorted(
        tuple(person.get(name) for name in COLUMNS) for person in PERSONS
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"birth_date": "yesterday"}, "birth_date"),
        ({"birth_date": 0}, "birth_date"),
        ({"birth_date": "22032000"}, "birth_date"),
        ({"birth_date": "1700-01-01"}, "birth_date"),
        ({"birth_date": "2190-01-01"}, "birth_date"),
        ({"sex": "other"}, "sex"),
        ({"idcs": "12"}, "idcs"),
        ({"idcs": f"3{an_idcs(1)[1:]}"}, "idcs"),
        ({"status": "asleep"}, "status"),
        ({"given_name_la": None, "family_name_ar": None}, "body"),
        ({"phone": "12"}, "phone"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_person_with_a_value_that_cannot_be_is_told_with_line_and_field_and_the_others_are_enrolled(
    enrolled: Enrolled, wrong: dict[str, Any], field: str
) -> None:
    found, (reject,) = enrolled(lines(PERSONS[0], PERSONS[1] | wrong, PERSONS[2]))

    assert (found.counts, found.rows) == (Counter(taken=2, repeated=0, refused=1), Counter(read=3, taken=2, refused=1))
    assert (reject["line"], [each["field"] for each in reject["problems"]]) == (2, [field])
    assert all(each["message"].endswith(".") and "nput" not in each["message"] for each in reject["problems"])


def test_lines_that_say_different_things_of_one_person_are_refused_both(enrolled: Enrolled) -> None:
    found, (reject,) = enrolled(lines(PERSONS[0], PERSONS[1], PERSONS[0] | {"status": "deceased"}, PERSONS[1]))

    assert (found.counts, found.rows) == (Counter(taken=1, repeated=0, refused=1), Counter(read=4, taken=2, refused=2))
    assert (reject["lines"], reject["problems"][0]["message"]) == (
        [1, 3],
        "Lines 1 and 3 say different things of one person.",
    )
    assert rows("select idcs from person") == [(PERSONS[1]["idcs"],)]


def test_whom_the_register_knows_is_left_as_it_is(enrolled: Enrolled) -> None:
    enrolled(lines(*PERSONS))

    assert enrolled(lines(PERSONS[0] | {"given_name_la": "Other"}))[0].counts == Counter(taken=0, repeated=1, refused=0)
    assert value("select given_name_la from person where idcs = %s", PERSONS[0]["idcs"]) == PERSONS[0]["given_name_la"]


@pytest.mark.parametrize(
    "content", [table(*PERSONS).encode("utf-32"), json.dumps(PERSONS, indent=2)[:-2].encode(), b"PK\x03\x04"]
)
def test_a_file_that_cannot_be_read_enrols_nobody(enrolled: Enrolled, content: bytes) -> None:
    with pytest.raises(Refused):
        enrolled(content)

    assert value("select count(*) from person") == 0
