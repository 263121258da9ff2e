"""Appeals from a citizen's tap to a corrected index, by people alone: each in their own browser, without scripts."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.browsing import follow
from tests.filing import rows
from tests.portal.standing import work_off
from tests.portal.test_browser import ARGUMENTS, CHROMIUM, NARROW
from tests.portal.test_citizen_in_browser import GO_ON, OPEN, said, telephone_of, text_of
from tests.portal.visiting import address_of
from tests.staffing import PASSWORD, a_person, code_now
from web.language import index
from workflows.intake.submit import Accepted

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
UPHELD, REJECTED = "uphold:document_shows_it", "reject:nothing_shows_it"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens browsers without scripts: a phone for a citizen, a screen for somebody of the staff."""
    contexts = []

    def make(width: int = 1280, height: int = 800) -> Page:
        viewport = ViewportSize(width=width, height=height)
        contexts.append(browser.new_context(viewport=viewport, java_script_enabled=False, locale="en"))
        return contexts[-1].new_page()

    yield make
    for each in contexts:
        each.close()


def sign_in(page: Page, served: str, name: str) -> None:
    """Signs somebody of the staff in."""
    page.goto(f"{served}/console/sign-in")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    follow(page, "main form button")
    page.fill("#code", code_now())
    follow(page, "main form button")


def contest(phone: Page, served: str, taken: Accepted) -> tuple[str, str]:
    """The citizen contests the telephone bill; returns the reference and the secret of the appeal."""
    phone.goto(f"{served}/ar")
    phone.fill("#reference", taken.reference)
    follow(phone, "main form button")
    phone.fill("#secret", taken.secret)
    follow(phone, OPEN)
    follow(phone, "a[href$='value=bills.telecom']")
    phone.check("#since-wrong")
    follow(phone, GO_ON)
    phone.fill("[id='should.bills.telecom']", "٤٩٫٥٠")
    phone.fill("#text", "لم يكن لنا هذا الخط.")
    follow(phone, GO_ON)
    follow(phone, GO_ON)
    return phone.text_content("#appeal-reference") or "", phone.text_content("#appeal-secret") or ""


def read(phone: Page, served: str, reference: str, secret: str) -> str:
    """What the citizen's page says to whoever has the secret."""
    phone.goto(f"{served}/ar/status/{reference}")
    if phone.locator("#secret").count():
        phone.fill("#secret", secret)
        follow(phone, OPEN)
    return text_of(phone)


def act(page: Page, name: str) -> None:
    """Presses the button of an act, and confirms what the household is told."""
    follow(page, f"form[action$='/appeal/{name}'] button")
    confirm(page)


def confirm(page: Page) -> None:
    """Records a decision that was looked at before."""
    assert page.locator("h1").text_content() == "What the household is told"
    follow(page, "form:has(input[name=confirmed]) button")
    assert "Recorded:" in (page.text_content("main") or "")


def find(page: Page, served: str, reference: str, finding: str) -> None:
    """The caseworker finds on the telephone bill."""
    page.goto(f"{served}/console/cases/{reference}")
    page.select_option("select[name='finding:bills.telecom']", finding)
    page.fill("#note", "Seen at the desk.")
    follow(page, "form[action$='/appeal/propose_decision'] button.main")
    confirm(page)


def test_a_citizen_contests_a_caseworker_asks_and_upholds_and_the_citizen_reads_the_corrected_index(
    served: str, opened: Open
) -> None:
    a_person("Salma", "caseworker")
    phone, desk, taken = opened(NARROW, 640), opened(), telephone_of("700")

    # Given a citizen who contests the telephone bill in Arabic, on a phone of 360 px
    reference, secret = contest(phone, served, taken)
    work_off()

    # When a caseworker takes the appeal and asks for the bill
    sign_in(desk, served, "Salma")
    desk.goto(f"{served}/console/cases/{reference}")
    assert "49.50" in (desk.text_content("main") or "")
    follow(desk, "form[action$='/desk/take'] button")
    desk.locator("details:has(input[name=asked]) summary").click()
    desk.check("input[name=asked][value=bill]")
    follow(desk, "form[action$='/appeal/ask_information'] button")
    confirm(desk)

    # Then the citizen is asked, and answers
    assert said("reason.bill") in read(phone, served, reference, secret)
    follow(phone, "a[href$='/say']")
    phone.fill("#said", "الفاتورة بها 49.50 درهما.")
    follow(phone, GO_ON)

    # And the caseworker reads the answer and upholds
    desk.goto(f"{served}/console/cases/{reference}")
    assert "الفاتورة بها 49.50 درهما." in (desk.text_content("main") or "")
    find(desk, served, reference, UPHELD)
    work_off()

    # Then the citizen reads the corrected index, what changed, and from when
    ((before, after),) = rows("select score_computed, score_corrected from score_correction")
    told = read(phone, served, reference, secret)
    assert said("appeal_upheld.title") in told
    assert index("ar", before, after) in told
    assert index("ar", after, before) in told
    phone.goto(served + address_of(taken, language="ar"))
    phone.fill("#secret", taken.secret)
    follow(phone, OPEN)
    assert said("What changed since the version before?") in text_of(phone)


def test_an_appeal_is_rejected_by_two_people_and_another_one_goes_before_the_commission(
    served: str, opened: Open
) -> None:
    for name, role in (("Salma", "caseworker"), ("Brahim", "caseworker"), ("Hind", "supervisor")):
        a_person(name, role)
    for name in ("Omar", "Zineb"):
        a_person(name, "commission")
    phone, taken = opened(NARROW, 640), telephone_of("700")
    reference, secret = contest(phone, served, taken)
    work_off()

    # When the first would reject, the household hears nothing yet, and the first cannot agree with herself
    salma, brahim = opened(), opened()
    sign_in(salma, served, "Salma")
    salma.goto(f"{served}/console/cases/{reference}")
    follow(salma, "form[action$='/desk/take'] button")
    find(salma, served, reference, REJECTED)
    salma.goto(f"{served}/console/cases/{reference}")
    assert salma.locator("form[action$='/appeal/agree_to_decision']").count() == 0

    # And a second one agrees
    sign_in(brahim, served, "Brahim")
    brahim.goto(f"{served}/console/cases/{reference}")
    assert "Nothing shows it" in (brahim.text_content("main") or "")
    act(brahim, "agree_to_decision")
    work_off()
    assert said("reason.nothing_shows_it") in read(phone, served, reference, secret)

    # A second appeal is escalated, and the commission decides by two members
    again, _ = contest(phone, served, taken)
    work_off()
    hind, omar, zineb = opened(), opened(), opened()
    sign_in(hind, served, "Hind")
    hind.goto(f"{served}/console/cases/{again}")
    act(hind, "escalate")
    sign_in(omar, served, "Omar")
    find(omar, served, again, UPHELD)
    sign_in(zineb, served, "Zineb")
    zineb.goto(f"{served}/console/cases/{again}")
    act(zineb, "agree_to_decision")
    work_off()
    ((upheld,),) = rows("select count(*) from score_correction")
    assert upheld == 1
