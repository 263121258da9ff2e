"""The pages of an enrolment in the console, in each language: read by axe and measured; the form without JavaScript."""

import pytest
from playwright.sync_api import Page

from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import assert_focused, follow
from tests.console.test_pages_in_browser import assert_clean, sign_in
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.enrolling import (
    AMINA,
    BRAHIM,
    SALMA,
    WITHOUT_PAPERS,
    a_registered,
    asked,
    attested,
    both_officers,
    two_witnesses,
)
from tests.filing import Worker, current_stage, drain_all
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.test_browser import CHROMIUM
from tests.staffing import a_person

ATTEST = "details form[action$='/attest_enrolment'] button"
STRANGER = {"given_name_la": "Omar", "given_name_ar": "عمر", "birth_date": "1950-02-03"}
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_an_officer_completes_confirms_and_tells_apart_on_pages_that_are_clean(
    page: Page, served: str, worker: Worker, language: str, keep: Keep
) -> None:
    for name in (AMINA, BRAHIM, SALMA):
        a_person(name, "population_officer")
    a_registered()
    two_witnesses()
    fresh, waiting, alike = asked(), asked(**WITHOUT_PAPERS, **STRANGER), asked(birth_place="Fès")
    attested(waiting)
    both_officers(alike)
    drain_all(worker())
    sign_in(page, served, SALMA, language)

    page.goto(f"{served}/console/enrolments/begin")
    assert_clean(page)
    keep(page, f"console-enrolment-begin-{language}")
    for receipt, name in ((fresh, "complete"), (waiting, "confirm"), (alike, "alike")):
        page.goto(f"{served}/console/cases/{receipt.reference}")
        assert_clean(page)
        keep(page, f"console-enrolment-{name}-{language}")

    page.goto(f"{served}/console/cases/{fresh.reference}")
    page.click("details:has(form[action$='/attest_enrolment']) > summary")
    page.fill("[id='should.given_name_la']", "خالد")
    follow(page, ATTEST)
    assert page.get_attribute("[id='should.given_name_la']", "aria-invalid") == "true"
    assert_clean(page)
    keep(page, f"console-enrolment-wrong-{language}")
    page.fill("[id='should.given_name_la']", "Khalid")
    follow(page, ATTEST)
    assert current_stage(fresh) == "attested"

    page.goto(f"{served}/console/cases/{alike.reference}")
    page.check("#answer-another")
    follow(page, "form[action$='/tell_apart'] button")
    assert_clean(page)
    follow(page, "form:has([name=confirmed]) button")
    assert current_stage(alike) == "confirmed"


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_papers_are_chosen_by_keys_and_the_printed_page_is_the_receipt_alone(
    page: Page, served: str, language: str, keep: Keep
) -> None:
    """Of papers that are not chosen nothing is asked, with JavaScript or without."""
    a_person(AMINA, "population_officer")
    sign_in(page, served, AMINA, language)
    page.goto(f"{served}/console/enrolments/begin")
    assert_focused(page, "#proof-cin")
    for proof, first in (("residence_card", "residence_card"), ("birth_act", "birth_act"), ("witnesses", None)):
        page.keyboard.press("ArrowDown")
        assert_focused(page, f"#proof-{proof}")
        assert not page.is_visible("[id='should.cin']")
        assert first is None or page.is_visible(f"[id='should.{first}']")
    page.check("#proof-cin")
    for name, said in fields_to_type().items():
        page.fill(f"[id='should.{name}']", said)
    page.check("[name='should.sex'][value=female]")
    page.select_option("[id='should.region']", "6")
    keep(page, f"console-enrolment-typed-{language}")
    follow(page, "main button.main")
    assert_clean(page)
    keep(page, f"console-enrolment-receipt-{language}")
    assert_focused(page, "a.main")
    shown = page.inner_text("main")
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.keyboard.press("p")
    assert page.title() == "printed"
    page.emulate_media(media="print")
    printed = page.inner_text("body")
    keep(page, f"console-enrolment-receipt-printed-{language}")
    assert printed.strip() == page.inner_text(".slip").strip()
    assert len(printed) < len(shown)
    assert "عائشة بنعمر" in printed


def fields_to_type() -> dict[str, str]:
    """What an officer types for a woman with a card, in Arabic, with Arabic digits."""
    return {
        "given_name_ar": "عائشة",
        "family_name_ar": "بنعمر",
        "birth_date.day": "١٢",
        "birth_date.month": "٣",
        "birth_date.year": "١٩٩٩",
        "birth_place": "سطات",
        "commune": "سطات",
        "cin": "bk 12345",
    }
