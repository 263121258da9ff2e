"""Whose birth year alone is known says so: on the form, before it is sent, in a correction and in an appeal."""

from html import unescape
from typing import Any

import pytest

from notifications.catalogues import LANGUAGES
from tests.filing import a_household, rows, value
from tests.portal.applying import Applying, mark_in, to_be_corrected
from tests.portal.conftest import Client
from tests.portal.standing import registered, work_off
from tests.portal.visiting import address_of, open_file, send
from web.language import PAGES

both = pytest.mark.parametrize("language", LANGUAGES)
ONLY_THE_YEAR = "only the year is known"


def born_in(year: str, month: str = "") -> dict[str, str]:
    """A birth as far as it is known, as it is typed."""
    return {"birth_date__day": "", "birth_date__month": month, "birth_date__year": year}


@both
def test_the_year_alone_is_taken_shown_so_and_compared_so(client: Client, language: str) -> None:
    who, page = to_be_corrected(client, language)
    client.post(f"/{language}/status/{who.reference}/correct", data=mark_in(page))
    right = a_household(0, members=3).body["members"][1]
    year = right["birth_date"][:4]
    assert PAGES.text(language, "hint.birth_date") in who.page("members/2/birth")

    assert who.answer("members/2/birth?back=check", sex=right["sex"], **born_in(year)) == "check"

    assert f"{year} ({PAGES.text(language, ONLY_THE_YEAR)})" in who.page("check")
    again = who.page("members/2/birth")
    assert f'value="{year}"' in again
    assert 'value="01"' not in again, "nobody typed a day or a month"
    who.send("check")
    work_off()
    declared = value("select body -> 'members' -> 1 from case_body order by number desc limit 1")
    assert (declared["birth_date"], declared["birth_precision"]) == (f"{year}-01-01", "year")
    assert rows("select stage from cases") == [("notified",)], "the register has the day, and the year agrees"


def test_a_month_without_its_day_is_taken_too_and_a_day_without_its_month_is_not(client: Client) -> None:
    who = Applying(client, "fr")
    who.answer("members/1/name", given_name_la="Rkia", family_name_la="Oubella")
    who.answer("members/1/identity", idcs="9000000060", cin="")
    wrong, page, _ = who.send("members/1/birth", sex="female", **born_in("1950") | {"birth_date__day": "3"})
    assert (wrong, PAGES.text("fr", "wrong.birth") in page) == (422, True)
    assert who.answer("members/1/birth", sex="female", **born_in("1950", "3")) == "members/1/relationship"
    said = value("select said -> 'members' -> '1' from application_draft")
    assert (said["birth_date"], said["birth_precision"]) == ("1950-03-01", "month")
    assert f"mars\u00a01950 ({PAGES.text('fr', 'the day is not known')})" in who.page("check")


def test_what_is_corrected_to_a_whole_day_is_known_to_the_day(client: Client) -> None:
    who = Applying(client, "fr")
    who.answer("members/1/name", given_name_la="Rkia", family_name_la="Oubella")
    who.answer("members/1/identity", idcs="9000000060", cin="")
    who.answer("members/1/birth", sex="female", **born_in("1950"))
    who.answer("members/1/birth", sex="female", **born_in("1950", "3") | {"birth_date__day": "24"})
    said = value("select said -> 'members' -> '1' from application_draft")
    assert (said["birth_date"], said["birth_precision"]) == ("1950-03-24", "day")


@both
def test_an_appeal_may_say_that_the_year_alone_is_known(client: Client, language: str) -> None:
    taken = registered()
    open_file(client, taken, language)
    path = "members[1].birth_date"
    send(client, address_of(taken, "appeal", language), value=path, since="wrong")
    year: dict[str, Any] = {f"should.{path}.day": "", f"should.{path}.month": "", f"should.{path}.year": "1950"}
    page = send(client, address_of(taken, "appeal/values", language), **year)
    assert f"1950 ({PAGES.text(language, ONLY_THE_YEAR)})" in unescape(page.text)

    receipt = send(client, address_of(taken, "appeal/check", language))

    contested = value(
        "select body -> 'contested' from case_body b join cases c on c.id = case_id where kind = 'appeal'"
    )
    assert contested == [
        {"path": path, "should_be": "1950-01-01"},
        {"path": "members[1].birth_precision", "should_be": "year"},
    ]
    followed = client.post(address_of(taken, "appeal/follow", language), data=mark_in(receipt.text))
    assert f"1950 ({PAGES.text(language, ONLY_THE_YEAR)})" in unescape(followed.text)
