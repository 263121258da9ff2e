"""What a population register says of a declared person: verdicts, and never what it keeps."""

from datetime import date
from typing import Any

import pytest

from tests.factories import a_declaration, a_head, a_registered_person
from workflows.engine.chain import encode
from workflows.evidence import Compared
from workflows.matching.compared import AGREES, compared

HEAD = a_declaration(members=[a_head(birth_date="1986-08-16")]).head


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({}, Compared()),
        ({"given_name_ar": "", "family_name_ar": "", "given_name_la": "Khaled"}, Compared(score=0.9358)),
        ({"status": "deceased"}, Compared(status="deceased")),
        ({"birth_date": date(1986, 1, 1)}, Compared(birth="first_of_january")),
        ({"birth_date": date(1987, 8, 16)}, Compared(birth="one_digit", differs=("year",))),
        ({"birth_date": date(1974, 8, 16)}, Compared(birth="different", differs=("year",))),
        ({"birth_date": date(1986, 1, 1), "birth_precision": "year"}, Compared(birth="same_year")),
        (
            {"given_name_ar": "وليد", "given_name_la": "Walid"},
            Compared(name="neither", score=0.5195, differs=("given_name",)),
        ),
        (
            {"family_name_ar": "التازي", "family_name_la": "Tazi", "birth_date": date(1986, 8, 17)},
            Compared(name="other", score=0.0021, birth="one_digit", differs=("family_name", "day")),
        ),
        ({"given_name_ar": "", "given_name_la": ""}, Compared(name="unknown", score=0.0)),
    ],
)
def test_each_way_to_differ_has_its_verdict(entry: dict[str, Any], found: Compared) -> None:
    assert compared(HEAD, a_registered_person(HEAD, **entry)) == found


def test_who_agrees_in_all_is_stored_in_two_signs() -> None:
    found = compared(HEAD, a_registered_person(HEAD))
    assert found is AGREES
    assert encode(found) == b"{}"


def test_nothing_that_the_register_keeps_stands_in_the_answer() -> None:
    person = a_registered_person(HEAD, given_name_la="Walid", given_name_ar="وليد", birth_date=date(1974, 3, 9))
    answer = encode(compared(HEAD, person)).decode()
    assert "different" in answer
    assert not [value for value in ("Walid", "وليد", "1974", "Benali", "بنعلي") if value in answer]
