"""Every page of the console, one after the other, in each language: read by axe and measured; and what citizens see.

With `--pictures FOLDER` it keeps a picture of each; `make screenshots` does that.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from notifications.catalogues import LANGUAGES, STAFF_LANGUAGES
from tests.appealing import TELECOM, acts, an_appeal, findings
from tests.browsing import follow
from tests.console.test_pages_in_browser import assert_clean, choose, sign_in
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.doubting import in_doubt
from tests.people import heard
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import proposed, registered, rejected, to_correct, under_review, work_off
from tests.portal.test_browser import CHROMIUM, NARROW
from tests.portal.test_citizen_in_browser import open_in
from tests.portal.visiting import address_of
from tests.staffing import a_person
from workflows.intake.submit import Accepted

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


@pytest.fixture
def cases(database: str, broker: str) -> dict[str, Accepted]:
    """Cases of every look, and the people who work on them."""
    made = {"review": under_review(), "correction": to_correct(1), "hearing": proposed(place=4)}
    _, made["identity"] = in_doubt(0, place=10)
    home, refused = registered(8), rejected(place=6)
    made["appeal"] = an_appeal(home, "index", **TELECOM, text="الفاتورة ليست لنا.")
    made["proposed"] = an_appeal(refused)
    work_off()
    for name, role in (("Salma Rami", "caseworker"), ("Brahim Alami", "caseworker"), ("Hind Tazi", "supervisor")):
        a_person(name, role)
    a_person("Omar Naciri", "auditor")
    a_person("Driss Filali", "operator")
    acts(made["appeal"], "Salma Rami", "assign")
    acts(made["proposed"], "Hind Tazi", "assign", role="supervisor")
    acts(made["proposed"], "Hind Tazi", "propose", findings(decision=False), role="supervisor")
    made |= {"registered": home, "rejected": refused}
    return made


def addresses(cases: dict[str, Accepted]) -> Iterator[tuple[str, str, str]]:
    """Every page of the console: by whom it is opened, a name, and its address."""
    for name in ("review", "correction", "identity", "hearing", "appeal", "proposed", "registered", "rejected"):
        yield "Brahim Alami", f"case-{name}", f"/console/cases/{cases[name].reference}"
    yield "Salma Rami", "case-held", f"/console/cases/{cases['appeal'].reference}"
    yield "Salma Rami", "not-there", "/console/cases/RSU-0000-0000-0000"
    yield "Salma Rami", "not-allowed", "/console/audit"
    for tab in ("mine", "unassigned", "citizen", "escalated", "done"):
        yield "Salma Rami", f"queue-{tab}", f"/console/queues?tab={tab}"
    yield "Salma Rami", "search", "/console/search"
    yield "Salma Rami", "keys", "/console/keys"
    yield "Hind Tazi", "queue-team", "/console/queues?tab=team"
    yield "Hind Tazi", "load", "/console/load"
    yield "Omar Naciri", "audit", "/console/audit"
    for name in ("", "/workers", "/parked", "/messages", "/jobs", "/queues/verification"):
        yield "Driss Filali", f"operations{name.replace('/', '-')}", f"/console/operations{name}"


def test_every_page_of_the_console_is_drawn_well_in_each_language(
    page: Page, served: str, cases: dict[str, Accepted], keep: Keep
) -> None:
    reader = ""
    for name, title, address in addresses(cases):
        if name != reader:
            page.context.clear_cookies()
            sign_in(page, served, name)
            reader = name
        page.goto(f"{served}{address}")
        for language in STAFF_LANGUAGES:
            choose(page, language)
            page.evaluate("() => document.querySelectorAll('details').forEach(e => { e.open = true })")
            assert_clean(page)
            keep(page, f"console-{title}-{language}")
            assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_what_a_household_would_be_told_is_drawn_well(
    page: Page, served: str, cases: dict[str, Accepted], keep: Keep, language: str
) -> None:
    sign_in(page, served, "Salma Rami", language)
    page.goto(f"{served}/console/cases/{cases['review'].reference}")
    page.check("input[value='refuse:duplicate_application']")
    follow(page, "form[action$='/review'] button.main")
    assert_clean(page)
    keep(page, f"console-preview-{language}")
    follow(page, "form:has(input[name=confirmed]) button")
    assert_clean(page)
    keep(page, f"console-recorded-{language}")


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_what_follows_from_an_appeal_that_is_upheld_is_drawn_well(
    page: Page, served: str, cases: dict[str, Accepted], keep: Keep, language: str
) -> None:
    sign_in(page, served, "Salma Rami", language)
    page.goto(f"{served}/console/cases/{cases['appeal'].reference}")
    take = page.locator("form[action$='/desk/take'] button")
    if take.count():
        follow(page, take)
    for each in page.locator("select[name^='finding:']").all():
        each.select_option("uphold:document_shows_it")
    follow(page, "form[action$='/propose_decision'] button.main")
    assert_clean(page)
    keep(page, f"console-preview-upheld-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_reads_its_pages(
    page: Page, served: str, cases: dict[str, Accepted], keep: Keep, language: str
) -> None:
    heard(cases["hearing"])
    page.set_viewport_size({"width": NARROW, "height": 640})
    for name, case in cases.items():
        open_in(page, served, case, language)
        keep(page, f"citizen-{name}-{language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    for name, path in (("home", f"/{language}"), ("not-there", f"/{language}/status/RSU-0000-0000-0000")):
        page.goto(f"{served}{path}")
        keep(page, f"citizen-{name}-{language}")
    page.goto(served + address_of(cases["registered"], language=language, to="appeal"))
    keep(page, f"citizen-secret-{language}")
