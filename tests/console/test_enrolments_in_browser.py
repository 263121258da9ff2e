"""The pages of an enrolment in the console, in each language: read by axe and measured; the form without JavaScript."""

import pytest
from playwright.sync_api import Page

from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import follow
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
