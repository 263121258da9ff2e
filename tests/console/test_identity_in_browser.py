"""The page of members in doubt in a real browser: read by axe and measured in each language, and used by keyboard."""

import pytest
from playwright.sync_api import Page

from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import follow
from tests.console.test_pages_in_browser import assert_clean, sign_in
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.doubting import in_doubt
from tests.filing import current_stage, rows
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import work_off
from tests.portal.test_browser import CHROMIUM
from tests.staffing import a_person

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_both_sides_are_clean_and_a_verdict_is_given_by_keys_alone(
    page: Page, served: str, language: str, keep: Keep
) -> None:
    _, case = in_doubt(0)
    work_off()
    rows("update person set given_name_la = given_name_la || 'e Sidi', given_name_ar = given_name_ar || ' علي'")
    a_person("Amina Idrissi", "caseworker")
    sign_in(page, served, "Amina Idrissi", language)
    page.goto(f"{served}/console/cases/{case.reference}")
    keep(page, f"console-identity-{language}")
    assert_clean(page)
    page.locator("input[name='identity:0']").first.focus()
    page.keyboard.press("Space")
    follow(page, "form[action$='/identity'] button.main")
    assert_clean(page)
    follow(page, "form[action$='/identity'] button.main")
    page.locator("form[action='/console/next']").wait_for()
    assert current_stage(case) == "verified"
    assert_clean(page)
