"""The way through a provider of another site in a real browser, in each language, with and without scripts."""

import pytest
from playwright.sync_api import Browser, Page

from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import follow
from tests.console.identity import NEEDED, a_member, is_missing, lying_provider, real_provider, trust
from tests.console.test_pages_in_browser import assert_clean, choose
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.portal.test_browser import CHROMIUM

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
needs_provider = pytest.mark.skipif(is_missing(), reason=NEEDED)


def prove_by_hand(page: Page, subject: str) -> None:
    """Fills in the forms of the provider."""
    page.fill("[name=login]", subject)
    page.fill("[name=password]", "any")
    follow(page, "button[type=submit]")
    follow(page, "button[type=submit]")


@needs_provider
@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_somebody_goes_there_and_comes_back_and_leaves_both(
    browser: Browser, served: str, monkeypatch: pytest.MonkeyPatch, script: bool
) -> None:
    with real_provider(served, host="localhost") as issuer:
        trust(monkeypatch, issuer, served)
        a_member("Amina", issuer, "amina")
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(f"{served}/console/sign-in")
        choose(page, "en")
        follow(page, "main form button")
        page.wait_for_url(f"{issuer}/**")
        prove_by_hand(page, "amina")
        page.wait_for_url(f"{served}/console")
        assert page.locator("h1").inner_text() == "Amina"
        follow(page, ".who button")
        page.wait_for_url(f"{issuer}/**")
        follow(page, "button[value=yes]")
        page.wait_for_url(f"{served}/console/sign-in")
        context.close()


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_the_pages_of_the_way_are_clean(
    page: Page, served: str, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    with lying_provider(changes={"sub": "f3b1c7d2-5a64-4a0e-9f0c-2b1d7f6e5a10"}) as lying:
        trust(monkeypatch, lying.issuer, served, OIDC_NAME="إدارتي Idarati")
        page.goto(f"{served}/console/sign-in")
        choose(page, language)
        assert_clean(page)
        page.route(f"{lying.issuer}/**", lambda route: route.fulfill(status=204))
        page.click("main form button")
        page.wait_for_selector("main a.button")
        assert_clean(page)
        page.unroute_all()
        follow(page, "main a.button")
        page.wait_for_selector("dl")
        assert lying.changes["sub"] in page.inner_text("dl")
        assert_clean(page)
        page.goto(f"{served}/console/sign-in/provider/back?state=x&code=x")
        assert_clean(page)
