"""A household corrects a change on a phone of 360 px, in Arabic, with JavaScript off; each page of it is drawn well."""

import pytest
from playwright.sync_api import Page

from models import clock
from models.days import day_of
from notifications.catalogues import LANGUAGES
from tests.browsing import follow
from tests.filing import a_household, rows, value
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import change_proposed, registered, work_off
from tests.portal.test_applying_in_browser import FOLLOW, GO_ON, choose, field
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import assert_drawn_well, assert_light, open_in, said, text_of
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import phone as phone
from tests.portal.test_citizen_in_browser import reader as reader
from tests.portal.test_correcting_changes import in_conflict, moved_with_a_wrong_birth
from web.language import index

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
CORRECT = "form[action$='/correct'] button"


def move_house(page: Page) -> None:
    """Says that the household lives elsewhere since today, in fewer rooms, and sends it."""
    follow(page, "a[href$='/change']")
    page.check("#what-moved")
    today = day_of(clock.now())
    for part, given in (("day", today.day), ("month", today.month), ("year", today.year)):
        page.fill(field(f"true_from.{part}"), str(given))
    follow(page, GO_ON)
    while (name := page.url.rpartition("/")[2]) != "check":
        if name == "commune":
            page.fill(field("commune"), "تازة")
        elif name == "rooms":
            page.fill(field("housing.rooms"), "١")
        elif name == "dwelling":
            choose(page, "housing.dwelling", "room")
        follow(page, GO_ON)
    follow(page, GO_ON)


def test_a_household_moves_is_asked_for_a_correction_and_reads_its_new_index(
    database: str, served: str, phone: Page
) -> None:
    taken = registered()
    second = a_household(0, members=3).body["members"][1]
    open_in(phone, served, taken, "ar")
    move_house(phone)
    rows("update person set birth_date = '1971-02-03' where idcs = %s", second["idcs"])
    work_off()
    follow(phone, FOLLOW)
    assert said("update_needs_correction.title") in text_of(phone)

    follow(phone, CORRECT)

    assert phone.url.partition("?")[0].endswith("/members/2/birth")
    assert said("reason.birth_date_differs") in text_of(phone)
    for part, given in (("year", "1971"), ("month", "02"), ("day", "03")):
        phone.fill(field(f"birth_date.{part}"), given)
    follow(phone, GO_ON)
    assert said("change.moved") in text_of(phone)
    assert "تازة" in text_of(phone)
    follow(phone, GO_ON)
    assert said("update_in_work.title") in text_of(phone)
    work_off()
    phone.reload()
    assert said("update_notified.title") in text_of(phone)
    assert said("What changed?") in text_of(phone)
    ((score,),) = rows("select (facts ->> 'score')::numeric from event where kind = 'HouseholdChanged'")
    assert index("ar", score) in text_of(phone)
    assert value("select facts ->> 'score_before' <> facts ->> 'score' from event where kind = 'HouseholdChanged'")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_a_choice_between_two_changes_is_drawn_well(
    database: str, served: str, reader: Page, keep: Keep, language: str
) -> None:
    open_in(reader, served, in_conflict(), language)
    assert_drawn_well(reader)
    keep(reader, f"citizen-conflict-0-file-{language}")
    assert_light(reader.context, reader)
    follow(reader, CORRECT)
    assert_drawn_well(reader)
    keep(reader, f"citizen-conflict-1-question-{language}")
    follow(reader, GO_ON)
    assert reader.url.endswith("/check")
    assert_drawn_well(reader)
    keep(reader, f"citizen-conflict-2-check-{language}")
    reader.goto(reader.url.replace("/check", ""))
    assert_drawn_well(reader)
    keep(reader, f"citizen-conflict-3-tasks-{language}")
    reader.goto(f"{reader.url}/gas?back=check")
    reader.fill(field("bills.gas"), "90")
    follow(reader, GO_ON)
    reader.goto(reader.url.replace("/check", "/members/1/work?back=check"))
    choose(reader, "occupation", "trader")
    follow(reader, GO_ON)
    assert_drawn_well(reader)
    keep(reader, f"citizen-conflict-4-nothing-{language}")


def test_a_correction_of_a_change_is_drawn_well_in_each_language(
    database: str, served: str, reader: Page, keep: Keep
) -> None:
    change = moved_with_a_wrong_birth()
    for language in LANGUAGES:
        reader.context.clear_cookies()
        open_in(reader, served, change, language)
        assert_drawn_well(reader)
        keep(reader, f"citizen-change-correct-0-file-{language}")
        follow(reader, CORRECT)
        reader.goto(reader.url.partition("/members")[0] + "/contact?back=check")
        reader.fill(field("phone"), "0661000001")
        follow(reader, GO_ON)
        assert_drawn_well(reader)
        keep(reader, f"citizen-change-correct-1-phone-{language}")


def test_a_hearing_on_a_change_is_drawn_well_in_each_language(
    database: str, served: str, reader: Page, keep: Keep
) -> None:
    change = change_proposed()
    for language in LANGUAGES:
        reader.context.clear_cookies()
        open_in(reader, served, change, language)
        assert_drawn_well(reader)
        keep(reader, f"citizen-change-hearing-0-file-{language}")
        follow(reader, CORRECT)
        assert_drawn_well(reader)
        keep(reader, f"citizen-change-hearing-1-question-{language}")
