"""An appeal is decided by keyboard alone, in at most four page loads from the queue on, and the way back is open."""

import pytest
from playwright.sync_api import Page

from tests.appealing import TELECOM, an_appeal
from tests.browsing import assert_focused, follow
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.console.test_pages_in_browser import sign_in
from tests.filing import current_stage, rows
from tests.portal.standing import registered, under_review, work_off
from tests.portal.test_browser import CHROMIUM
from tests.staffing import a_person

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
MOST_LOADS, MOST_TABS = 4, 60
FOCUSED = "selector => document.activeElement.matches(selector)"


def tab_to(page: Page, selector: str) -> None:
    """Moves the focus on, as the key Tab does, until it is on what is looked for."""
    for _ in range(MOST_TABS):
        if page.evaluate(FOCUSED, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"No Tab leads to {selector}")


def test_an_appeal_is_decided_by_keyboard_alone_in_four_page_loads(page: Page, served: str) -> None:
    appeal = an_appeal(registered(), "index", **TELECOM)
    work_off()
    a_person("Salma", "caseworker")
    sign_in(page, served, "Salma")
    page.goto(f"{served}/console/queues")
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    page.keyboard.press("n")  # the next case
    page.wait_for_url("**/console/cases/*")
    tab_to(page, "select[name='finding:bills.telecom']")
    page.keyboard.type("Uphold: A document")
    tab_to(page, "form[action$='/propose_decision'] button.main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/propose_decision")
    assert_focused(page, "form:has(input[name=confirmed]) button")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")

    assert current_stage(appeal) == "decided"
    assert rows("select done_as from desk_item") == [("AppealUpheld",)]
    assert len(loads) <= MOST_LOADS


def test_after_a_decision_the_way_back_leads_to_pages(page: Page, served: str) -> None:
    review = under_review()
    a_person("Salma", "caseworker")
    sign_in(page, served, "Salma")
    case = f"{served}/console/cases/{review.reference}"
    page.goto(case)
    page.check("input[value='correct:person_lives_elsewhere']")
    page.fill("#note", "They moved in May.")
    follow(page, "form[action$='/review'] button.main")
    page.wait_for_url(f"{case}/review")
    page.go_back()
    page.go_forward()
    assert page.locator("blockquote", has_text="They moved in May.").count() == 1
    follow(page, "form:has(input[name=confirmed]) button")
    page.wait_for_url("**done=*")
    page.go_back()
    assert page.url == case
    assert page.locator("h1").count() == 1


def test_enter_searches_and_enter_again_opens_the_only_case_that_was_found(page: Page, served: str) -> None:
    review = under_review()
    a_person("Salma", "caseworker")
    sign_in(page, served, "Salma")
    page.goto(f"{served}/console/search")
    assert_focused(page, "#typed")
    page.keyboard.type(review.reference)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first reason to search
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/search?sought=*")
    assert_focused(page, f"a[href='/console/cases/{review.reference}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/cases/{review.reference}")
