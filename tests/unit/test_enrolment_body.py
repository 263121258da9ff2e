"""What an enrolment may say: each field that cannot be so is told by its own sentence."""

from typing import Any

import pytest

from models.errors import Refused
from tests.enrolling import WITHOUT_PAPERS, a_request
from tests.factories import TODAY, an_idcs, born
from workflows.bodies.enrolment import Enrolment, objections, stored_enrolment

CHILD: dict[str, Any] = {
    "birth_date": born(3),
    "proof": "birth_act",
    "cin": None,
    "birth_act": "118",
    "birth_act_year": TODAY.year - 3,
    "birth_act_office": "Mohammedia",
    "guardian": an_idcs(1),
    "guardian_is": "mother",
}
FOREIGN: dict[str, Any] = {
    "nationality": "SN",
    "proof": "residence_card",
    "cin": None,
    "residence_card": "c 1234",
    "residence_until": "2027-01-01",
}


def said_of(**changes: Any) -> dict[str, str]:
    return {each["field"]: each["message"] for each in objections(a_request(**changes), TODAY, at_centre=True)}


@pytest.mark.parametrize("changes", [{}, CHILD, FOREIGN, WITHOUT_PAPERS], ids=["card", "child", "foreign", "witnesses"])
def test_each_proof_is_enough_by_itself(changes: dict[str, Any]) -> None:
    assert said_of(**changes) == {}


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"cin": None}, "cin", "Is missing."),
        ({"nationality": "SN"}, "proof", "for Moroccans"),
        ({"phone": None, "email": "khalid@example.org"}, "commune", "letters go there"),
        ({"residence_card": "X1"}, "residence_card", "Does not belong to this proof"),
        ({"birth_date": "2026-11-25"}, "birth_date", "Must not lie in the future."),
        ({"birth_date": "1899-12-31"}, "birth_date", "Must not lie before 1900."),
        ({"given_name_ar": "Khalid"}, "given_name_ar", "Must be written in Arabic letters."),
        ({"family_name_la": "بنعلي"}, "family_name_la", "Must be written in Latin letters."),
        ({"family_name_la": None}, "family_name_la", "a name has both parts"),
        ({"given_name_ar": None}, "given_name_ar", "a name has both parts"),
        ({"given_name_la": "Иван"}, "given_name_la", "no other script is read"),
        ({**FOREIGN, "nationality": "MA"}, "nationality", "not Moroccan"),
        ({**FOREIGN, "residence_until": "2026-11-23"}, "residence_until", "not valid any more"),
        ({**FOREIGN, "residence_card": None}, "residence_card", "Is missing."),
        ({**CHILD, "birth_date": born(18)}, "proof", "under 18 years"),
        ({**CHILD, "guardian": None}, "guardian", "Is missing."),
        ({**CHILD, "birth_act_year": TODAY.year - 4}, "birth_act_year", "from the birth until now"),
        ({**CHILD, "birth_act_year": TODAY.year + 1}, "birth_act_year", "from the birth until now"),
        ({**WITHOUT_PAPERS, "witnesses": []}, "witnesses", "Is missing."),
        ({**WITHOUT_PAPERS, "witnesses": WITHOUT_PAPERS["witnesses"][:1]}, "witnesses", "Two witnesses"),
        ({**WITHOUT_PAPERS, "witnesses": WITHOUT_PAPERS["witnesses"][:1] * 2}, "witnesses[1].idcs", "two different"),
        (
            {**WITHOUT_PAPERS, "witnesses": [{"idcs": an_idcs(each), "cin": "C1"} for each in (1, 2)]},
            "witnesses[1].cin",
            "two different",
        ),
    ],
)
def test_what_cannot_be_so_is_told_by_its_field(changes: dict[str, Any], field: str, sentence: str) -> None:
    found = said_of(**changes)
    assert list(found) == [field]
    assert sentence in found[field]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"guardian": "9000000128"}, "guardian", "one wrong digit"),
        ({"nationality": "ZZ"}, "nationality", "code of a country"),
        ({"cin": "1234"}, "cin", "one or two letters"),
        ({"province": "MA-RAB"}, "body", "not one of this region"),
        ({"birth_date": "02/03/1979"}, "birth_date", "YYYY-MM-DD"),
        (
            {"given_name_ar": None, "family_name_ar": None, "given_name_la": "K", "family_name_la": None},
            "body",
            "family",
        ),
        ({"witnesses": [{"idcs": an_idcs(n), "cin": "C1"} for n in (1, 2, 3)]}, "witnesses", "at most 2"),
        ({"status": "alive"}, "status", "Unknown field."),
    ],
)
def test_what_no_field_can_hold_is_refused_by_its_field(changes: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        a_request(**changes)
    assert [each["field"] for each in refused.value.problems] == [field]
    assert sentence in refused.value.problems[0]["message"]


def test_a_parent_who_has_no_identifier_yet_is_missing_at_the_centre_alone() -> None:
    child = a_request(**CHILD | {"guardian": None})
    assert objections(child, TODAY) == []
    assert objections(child, TODAY, at_centre=True) == [{"field": "guardian", "message": "Is missing."}]


@pytest.mark.parametrize("changes", [{}, CHILD, FOREIGN, WITHOUT_PAPERS], ids=["card", "child", "foreign", "witnesses"])
def test_what_is_stored_is_read_back_as_it_was(changes: dict[str, Any]) -> None:
    body = stored_enrolment(a_request(**changes))
    assert Enrolment.restored(body.stored()) == body


def test_numbers_of_cards_are_kept_in_capitals_and_a_year_as_its_first_day() -> None:
    body = stored_enrolment(a_request(cin="be123", birth_precision="year", birth_date="1970-06-30"))
    assert (body.cin, body.birth_date.isoformat()) == ("BE123", "1970-01-01")
    assert stored_enrolment(a_request(**FOREIGN)).residence_card == "C 1234"


def test_whoever_has_no_phone_says_the_commune_for_letters() -> None:
    assert said_of(phone=None, commune="Mohammedia") == {}
    post = stored_enrolment(a_request(phone=None, commune="Mohammedia", address="Douar Nour")).post
    assert (post.street, post.commune, post.region) == ("Douar Nour", "Mohammedia", 6)
