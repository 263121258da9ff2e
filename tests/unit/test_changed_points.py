"""What a declaration changed is said in words, in each language of the console: no code, and no name of a field."""

import re
from typing import Any

import pytest

from notifications.catalogues import STAFF_LANGUAGES
from tests.factories import EVENTS, an_idcs
from tests.filing import a_household
from web.asked import kind_of
from web.console.case_context import details
from web.console.changed import MODELS, ChangedPoint, all_choices, all_fields, changed_points, value_in_words
from web.console.language import has_text
from workflows.bodies.declaration import Declaration
from workflows.bodies.merging import differences, fields_changed
from workflows.casework.case_view import Happened

staff = pytest.mark.parametrize("language", STAFF_LANGUAGES)


def declared(body: dict[str, Any]) -> Declaration:
    """A declaration of a body."""
    return Declaration.model_validate({name: said for name, said in body.items() if name != "application"})


def said_of(language: str, before: Declaration, after: Declaration) -> list[ChangedPoint]:
    """What the console says that changed."""
    found = differences(before, after, fields_changed(before, after))
    return changed_points(language, found, [each.name for each in after.members])


@staff
def test_a_corrected_identifier_is_one_point_of_one_person(language: str) -> None:
    body = a_household(0, members=4).body
    whole = declared(body)
    mistyped = whole.members[1]
    others = [each | ({"idcs": an_idcs(999)} if each["idcs"] == mistyped.idcs else {}) for each in body["members"]]
    (point,) = said_of(language, whole, declared(body | {"members": others}))
    assert (point.before, point.after) == (mistyped.idcs, an_idcs(999))
    assert mistyped.name in point.name

    born_elsewhere = [each | {"birth_date": "2001-02-03"} if each["idcs"] == an_idcs(999) else each for each in others]
    assert len(said_of(language, whole, declared(body | {"members": born_elsewhere}))) == 2


@staff
def test_who_left_and_who_joined_are_one_point_each_with_their_names(language: str) -> None:
    body = a_household(0, members=4).body
    whole = declared(body)
    gone = whole.members[1]
    rest = [each for each in body["members"] if each["idcs"] != gone.idcs]
    other = declared(body | {"members": rest})
    left, joined = said_of(language, whole, other), said_of(language, other, whole)
    assert [(gone.name in (each.before or ""), each.after) for each in left] == [(True, None)]
    assert [(each.before, gone.name in (each.after or "")) for each in joined] == [(None, True)]
    assert left[0].name != joined[0].name


def test_what_changed_of_who_stays_is_said_of_them_and_not_of_who_stood_there_before() -> None:
    body = a_household(0, members=4).body
    whole = declared(body)
    gone, stays = whole.members[1], whole.members[2]
    rest = [
        each | ({"occupation": "farmer"} if each["idcs"] == stays.idcs else {})
        for each in body["members"]
        if each["idcs"] != gone.idcs
    ]
    first, second = said_of("en", whole, declared(body | {"members": rest}))
    assert (stays.name in first.name, first.after) == (True, "farmer")
    assert (gone.name in (second.before or ""), second.after) == (True, None)


@staff
def test_every_field_and_every_choice_of_a_declaration_has_words(language: str) -> None:
    assert [each for each in all_fields() if not has_text(language, f"field.{each}")] == []
    assert [each for each in all_choices() if not has_text(language, f"choice.{each}")] == []


@pytest.mark.parametrize("model", [Declaration, *MODELS.values()], ids=lambda each: each.__name__)
def test_no_choice_and_no_place_is_shown_as_a_code_in_arabic(model: type[Any]) -> None:
    part = next((f"{name}." for name, each in MODELS.items() if each is model), "").replace("members.", "members[1].")
    codes = {"region": "4", "province": "MA-RAB"}
    for name, field in model.model_fields.items():
        for value in (*kind_of(field.annotation)[1], *filter(None, [codes.get(name)]), None, True, False):
            assert not re.search(r"[a-z]|MA-", value_in_words("ar", f"{part}{name}", value)), (name, value)


def test_a_date_an_amount_and_several_amounts_are_written_as_the_language_has_them() -> None:
    assert value_in_words("fr", "bills.water_electricity", ["80.50", "12"]) == "80,50 + 12"
    assert value_in_words("ar", "members[0].birth_date", "1980-02-03") == "1980-02-03"


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)
def test_what_an_event_says_is_told_in_words(event: Any) -> None:
    kind = type(event).__name__
    shown: Any = type("Shown", (), {"names": {}, "documents": ()})
    said = list(details(shown, Happened(1, None, kind, "sijil", event), "ar"))  # type: ignore[arg-type]
    told = [each for each in said if not each.startswith("officer:")]
    assert [each for each in told if re.search(r"[A-Za-z_]", each)] == []
