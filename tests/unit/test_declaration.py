"""What a declaration must be, and how each thing wrong with it is named."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from models.errors import Refused
from tests.factories import TODAY, a_body, a_child, a_declaration, a_head, a_spouse, an_application, an_idcs
from workflows.bodies.declaration import Declaration, objections
from workflows.bodies.reading import application as read


def problems(**changes: Any) -> dict[str, str]:
    """What is wrong with an ordinary application that was changed so: messages by field."""
    with pytest.raises(Refused) as refused:
        read(json.dumps(a_body(**changes)))
    return {each["field"]: each["message"] for each in refused.value.problems}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"region": 13}, "region"),
        ({"region": 0}, "region"),
        ({"milieu": "desert"}, "milieu"),
        ({"commune": "   "}, "commune"),
        ({"colour": "green"}, "colour"),
        ({"phone": "12"}, "phone"),
        ({"phone": "not a number"}, "phone"),
        ({"email": "not an address"}, "email"),
        ({"bills": {"gas": "-1"}}, "bills.gas"),
        ({"bills": {"telecom": "12.345"}}, "bills.telecom"),
        ({"bills": {"water_electricity": ["1", "2", "-3"]}}, "bills.water_electricity[2]"),
        ({"bills": {"water_electricity": ["1", "2", "3", "4"]}}, "bills.water_electricity"),
        ({"housing": {"dwelling": "castle", "rooms": 3}}, "housing.dwelling"),
        ({"housing": {"dwelling": "flat", "rooms": 0}}, "housing.rooms"),
        ({"members": []}, "members"),
        ({"members": [a_head(idcs="123")]}, "members[0].idcs"),
        ({"members": [a_head(), a_spouse(birth_date="1990-02-30")]}, "members[1].birth_date"),
        ({"members": [a_head(), a_spouse(birth_date="1889-12-31")]}, "members[1].birth_date"),
        ({"members": [a_head(given_name_la="Kha\x07lid")]}, "members[0].given_name_la"),
        ({"members": [a_head(cin="1234")]}, "members[0].cin"),
    ],
)
def test_a_bad_field_is_named_by_its_path(changes: dict[str, Any], field: str) -> None:
    assert field in problems(**changes)


def test_a_message_never_repeats_what_was_sent() -> None:
    told = problems(members=[a_head(idcs="not-an-identifier-77")], phone="secret-number")
    assert "77" not in str(told)
    assert "secret-number" not in str(told)


def test_one_head_one_declarant_and_nobody_twice() -> None:
    told = problems(members=[a_head(), a_head(declarant=False), a_spouse(idcs=an_idcs(1))])
    assert told == {
        "members": "Exactly one member must be the head. The same person stands at members[0], members[1], members[2]."
    }
    assert problems(members=[a_head(declarant=False)]) == {"members": "Exactly one member must be the declarant."}


@pytest.mark.parametrize("missing", ["given_name_ar", "family_name_ar"])
def test_a_name_is_needed_whole_in_one_script(missing: str) -> None:
    only_arabic = a_head(given_name_la=None, family_name_la=None)
    assert a_declaration(members=[only_arabic]).head.given_name_ar
    assert "in Arabic or in Latin letters" in problems(members=[only_arabic | {missing: None}])["members[0]"]


@pytest.mark.parametrize(
    "typed",
    [
        "+212612345678",
        "0612345678",
        "06 12 34 56 78",
        "00212612345678",
        "٠٦١٢٣٤٥٦٧٨",
        "+٢١٢ ٦١٢ ٣٤٥ ٦٧٨",
        "06-12-34-56-78",
    ],
)
def test_a_phone_is_kept_in_one_form_however_it_was_typed(typed: str) -> None:
    assert a_declaration(phone=typed).phone == "+212612345678"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("amina.alaoui+rsu@Example.MA", "amina.alaoui+rsu@example.ma"),
        ("\u200fhome@example.ma ", "home@example.ma"),
        ("home@موقع.المغرب", "home@xn--4gbrim.xn--mgbc0a9azcg"),
    ],
)
def test_an_e_mail_address_is_kept_as_mail_servers_take_it(typed: str, kept: str) -> None:
    assert a_declaration(email=typed).email == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "home",
        "@example.ma",
        "home@",
        "home@example",
        "home@example..ma",
        "ho me@example.ma",
        "home@example.ma, other@example.ma",
        "home@example.ma;other@example.ma",
        "home@example.ma\r\nBcc: other@example.ma",
        "<home@example.ma>",
        "Amina <home@example.ma>",
        "mailto:home@example.ma",
        "home@[127.0.0.1]",
        "بيت@example.ma",
        '"ho me"@example.ma',
        f"{'a' * 65}@example.ma",
        f"home@{'a.' * 126}ma",
    ],
)
def test_an_e_mail_address_that_is_none_or_two_is_refused_and_not_repeated(typed: str) -> None:
    told = problems(email=typed)
    assert list(told) == ["email"]
    assert "home" not in told["email"]


@pytest.mark.parametrize(
    "typed",
    [
        "061234567",
        "06123456789",
        "+336123456",
        "0612345678;0712345678",
        "0612345678/0712345678",
        "0612345678 0712345678",
        "6,12E+08",
        "0612345678x5",
        "+2120",
    ],
)
def test_a_phone_that_no_country_has_or_two_in_one_field_are_refused(typed: str) -> None:
    assert list(problems(phone=typed)) == ["phone"]


@pytest.mark.parametrize(
    "typed", ["+33612345678", "0034 612 34 56 78", "+212 (0)5 22 34 56 78", "\u202a+212612345678\u202c"]
)
def test_a_phone_of_another_country_and_one_with_unseen_marks_are_taken(typed: str) -> None:
    assert a_declaration(phone=typed).phone


def test_a_stored_phone_is_not_judged_again_by_todays_numbering_plan() -> None:
    assert (
        Declaration.restored(a_declaration().stored().replace("+212612345678", "+212012345678")).phone
        == "+212012345678"
    )


def test_arabic_indic_digits_count_as_digits_everywhere() -> None:
    body = json.dumps(
        a_body(bills={"telecom": "٤٩.٥"}, members=[a_head(idcs="٢٠٠٠٠٠٠٠١٠", birth_date="١٩٨٦-٠٥-١٤")]),
        ensure_ascii=False,
    )
    found = read(body)
    assert str(found.bills.telecom) == "49.5"
    assert (found.head.idcs, found.head.birth_date) == (an_idcs(1), date(1986, 5, 14))


def test_a_birth_date_in_the_future_and_too_many_members_are_objections() -> None:
    crowd = [a_head(birth_date=(TODAY + timedelta(days=1)).isoformat()), *(a_child(number) for number in range(1, 5))]
    found = {each["field"]: each["message"] for each in objections(a_declaration(members=crowd), TODAY, 4)}
    assert found == {
        "members[0].birth_date": "Must not lie in the future.",
        "members": "A household may have at most 4 members; this one has 5.",
    }
    assert objections(a_declaration(members=[a_head(birth_date=TODAY.isoformat())]), TODAY, 1) == []


def test_a_name_in_a_script_that_is_not_read_is_told_at_the_door() -> None:
    found = objections(
        a_declaration(members=[a_head(given_name_ar="ⵎⵓⵃⴰ"), a_spouse(family_name_la="Иванова")]), TODAY, 4
    )
    assert [each["field"] for each in found] == ["members[0].given_name_ar", "members[1].family_name_la"]
    assert {each["message"] for each in found} == {
        "Must be written in Arabic or in Latin letters, and not in both: no other script is read."
    }


def test_what_is_stored_is_read_back_and_holds_no_senders_key() -> None:
    application = an_application()
    text = application.stored()
    assert "sender-1" not in text
    assert Declaration.restored(text) == a_declaration()


def test_what_was_left_out_is_not_stored() -> None:
    assert "landline" not in a_declaration().stored()


def test_the_head_and_the_declarant_may_be_two_people() -> None:
    found = a_declaration(members=[a_head(declarant=False), a_spouse(declarant=True)])
    assert (found.head.idcs, found.declarant.idcs) == (an_idcs(1), an_idcs(2))
