"""The pages of signing in by a code, and of a household's messages and data, are drawn well; without JavaScript."""

import gzip
from pathlib import Path

import pytest
from playwright.sync_api import Page

import web
from notifications.catalogues import LANGUAGES
from tests.browsing import follow
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import registered
from tests.portal.test_applying_in_browser import code_for
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import HEAVIEST, assert_drawn_well, text_of
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import phone as phone
from tests.portal.test_citizen_in_browser import reader as reader
from web.language import PAGES
from workflows.intake.codes import TRIES

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


def test_who_goes_back_after_a_wrong_code_and_a_right_one_sees_a_page(database: str, served: str, phone: Page) -> None:
    taken = registered()
    phone.goto(f"{served}/ar/sign-in")
    phone.fill("#who", taken.reference)
    follow(phone, "main button")
    for code in ("000000", "000001"):
        phone.fill("#code", code)
        follow(phone, "main button")
    assert PAGES.text("ar", "wrong.code").format(left=TRIES - 2) in text_of(phone)
    phone.fill("#code", code_for(phone))
    follow(phone, "main button")
    assert phone.url == f"{served}/ar/status/{taken.reference}"
    phone.go_back()
    assert PAGES.text("ar", "Open my file by a code") in text_of(phone)
    assert PAGES.text("ar", "Error:") not in phone.title()


def test_who_goes_back_after_a_wrong_secret_and_the_right_one_sees_a_page(
    database: str, served: str, phone: Page
) -> None:
    taken = registered()
    phone.goto(f"{served}/ar/status/{taken.reference}")
    for secret in ("0" * 10, taken.secret):
        phone.fill("#secret", secret)
        follow(phone, "form[action$='/open'] button")
    assert PAGES.text("ar", "Your household's index") in text_of(phone)
    phone.go_back()
    assert phone.url == f"{served}/ar/status/{taken.reference}"
    assert PAGES.text("ar", "Your household's index") in text_of(phone)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_opens_its_file_by_a_code_and_every_page_of_that_is_drawn_well(
    database: str, served: str, reader: Page, keep: Keep, language: str
) -> None:
    taken = registered()
    sheet = (Path(web.__file__).parent / "static" / "sijil.css").read_bytes()

    def look(name: str) -> None:
        """The page as it is now."""
        assert_drawn_well(reader)
        keep(reader, f"citizen-code-{name}-{language}")
        assert len(gzip.compress(reader.content().encode() + sheet)) < HEAVIEST, name

    reader.goto(f"{served}/{language}/sign-in")
    look("who")
    reader.fill("#who", "123")
    follow(reader, "main button")
    look("who-wrong")
    reader.fill("#who", taken.reference)
    follow(reader, "main button")
    look("code")
    reader.fill("#code", "12")
    follow(reader, "main button")
    look("code-wrong")
    reader.fill("#code", code_for(reader))
    follow(reader, "main button")
    assert PAGES.text(language, "Everything that happened") in text_of(reader)
    follow(reader, "a[href$='/mine']")
    look("mine")
