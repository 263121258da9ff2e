"""The console in a real browser, in each language: read by axe, measured, and used by hand and by keyboard."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import follow
from tests.portal.test_browser import ARGUMENTS, CHROMIUM, NARROWEST, RULES
from tests.portal.test_citizen_in_browser import OVER, WRONG_SIDE
from tests.staffing import PASSWORD, a_person, code_now

# Elements wider than the window, but for those in a box of their own that scrolls.
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 0.5)
    .map(e => e.outerHTML.slice(0, 100))"""
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def choose(page: Page, language: str) -> None:
    """Chooses a language of the console, where it is another."""
    button = page.locator(f".languages button[value={language}]")
    if button.count():
        follow(page, button)
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        page.wait_for_load_state()


def sign_in(page: Page, served: str, name: str, language: str = "en") -> None:
    """Signs in by hand, with JavaScript or without."""
    page.goto(f"{served}/console/sign-in")
    choose(page, language)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    follow(page, "main form button")
    page.fill("#code", code_now())
    follow(page, "main form button")


def assert_clean(page: Page) -> None:
    """No violation that axe sees, no label over its control, and nothing that makes a narrow window scroll."""
    page.wait_for_load_state()
    found: Any = Axe().run(page, options=RULES)
    assert found.response["violations"] == [], found.generate_report()
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    assert (page.url, page.evaluate(WIDER)) == (page.url, [])
    assert (page.evaluate(OVER), page.evaluate(WRONG_SIDE)) == ([], [])
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_signing_in_is_clean_and_works_over_plain_http_at_home(page: Page, served: str, language: str) -> None:
    a_person("Amina Idrissi", "caseworker", "supervisor")
    page.goto(f"{served}/console/sign-in")
    choose(page, language)
    assert page.locator("html").get_attribute("lang") == language
    assert_clean(page)
    page.fill("#name", "Amina Idrissi")
    page.fill("#password", PASSWORD)
    follow(page, "main form button")
    assert_clean(page)
    page.fill("#code", code_now())
    follow(page, "main form button")
    page.wait_for_url(f"{served}/console")
    assert_clean(page)
