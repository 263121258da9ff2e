"""A citizen on a narrow phone with JavaScript off; and every page of a visit, read by axe and measured."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import web
from notifications.catalogues import LANGUAGES
from tests.appealing import acts, findings
from tests.browsing import assert_focused, follow
from tests.filing import a_household, changed, file, register, rows, value
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import (
    appeal_overdue,
    asked_by_caseworker,
    change_conflicting,
    change_lost,
    lapsed,
    proposed,
    registered,
    rejected,
    work_off,
)
from tests.portal.test_browser import (
    ARGUMENTS,
    BROKEN_MARKS,
    CHROMIUM,
    NARROW,
    NARROWEST,
    STICKING_OUT,
    out_of_order,
    sizes_that_are_too_small,
    violations,
)
from tests.portal.visiting import address_of
from web.language import PAGES, index
from workflows.intake.submit import Accepted

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
both = pytest.mark.parametrize("language", LANGUAGES)
OPEN, GO_ON = "form[action$='/open'] button", "main form:not(.close) button"
HEAVIEST = 15_000  # bytes, packed, of a page with its sheet
# Labels that are drawn over their control, and those that stand on the side on which reading ends.
OVER = """() => [...document.querySelectorAll('label[for]')].map(l => [l, document.getElementById(l.htmlFor)])
    .map(([l, c]) => [l.textContent, l.getBoundingClientRect(), c.getBoundingClientRect()])
    .filter(([_, a, b]) => b.width && a.left < b.right - .5 && a.right > b.left + .5 && a.top < b.bottom - .5
        && a.bottom > b.top + .5).map(each => each[0])"""
ALL_OPEN = "() => document.querySelectorAll('details').forEach(e => { e.open = true })"
WRONG_SIDE = """() => [...document.querySelectorAll('.choice')].filter(e => {
    const [c, l] = [e.querySelector('input'), e.querySelector('label')].map(x => x.getBoundingClientRect());
    return c.width && (document.dir == 'rtl' ? c.left < l.left : c.left > l.left) }).map(e => e.textContent)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A narrow phone with JavaScript off."""
    context = browser.new_context(viewport={"width": NARROW, "height": 640}, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """A narrow phone on which axe can run."""
    context = browser.new_context(viewport={"width": NARROW, "height": 640})
    yield context.new_page()
    context.close()


def telephone_of(bill: str) -> Accepted:
    """A registered household whose telephone bill was declared so."""
    made = a_household(0, members=3)
    register([made])
    (taken,) = file(changed(made.body, bills={"telecom": bill, "gas": "54.60"}))
    work_off()
    return taken


def said(key: str) -> str:
    """A text in Arabic."""
    return PAGES.text("ar", key)


def text_of(page: Page) -> str:
    return page.text_content("main") or ""


def assert_drawn_well(page: Page) -> None:
    """Nothing that axe finds, that is too small to tap, out of order, over its label, or outside of a narrow window."""
    assert (page.url, violations(page)) == (page.url, [])
    assert sizes_that_are_too_small(page) == []
    assert out_of_order(page) == []
    assert (page.evaluate(OVER), page.evaluate(WRONG_SIDE)) == ([], [])
    for width in (NARROW, NARROWEST):
        page.set_viewport_size({"width": width, "height": 640})
        assert (width, page.evaluate("document.documentElement.scrollWidth")) == (width, width)
        assert (width, page.evaluate(STICKING_OUT), page.evaluate(BROKEN_MARKS)) == (width, [], [])
    page.set_viewport_size({"width": NARROW, "height": 640})


def assert_light(context: BrowserContext, page: Page) -> None:
    """A first visit of this page loads little, in few requests, and no script."""
    asked: list[str] = []
    fresh = context.new_page()
    fresh.on("request", lambda request: asked.append(request.url))
    fresh.goto(page.url)
    sheet = (Path(web.__path__[0]) / "static/sijil.css").read_bytes()
    assert len(gzip.compress(fresh.content().encode())) + len(gzip.compress(sheet)) < HEAVIEST
    assert len(asked) <= 3
    assert fresh.locator("script").count() == 0
    fresh.close()


def open_in(page: Page, served: str, taken: Accepted, language: str) -> None:
    """Opens a visit in the browser."""
    page.goto(served + address_of(taken, language=language))
    page.fill("#secret", taken.secret)
    follow(page, OPEN)


def test_a_citizen_contests_the_telephone_bill_answers_a_question_and_reads_the_corrected_index(
    served: str, phone: Page
) -> None:
    """In Arabic, on a phone of 360 px, with JavaScript off; the caseworker's part is done beside."""
    taken = telephone_of("700")

    # Given a household that looks up its index
    phone.goto(f"{served}/ar")
    phone.fill("#reference", taken.reference)
    follow(phone, "main form button")
    phone.fill("#secret", taken.secret)
    follow(phone, OPEN)
    assert said("Your household's index") in text_of(phone)

    # When it says that the telephone bill is wrong
    follow(phone, "a[href$='value=bills.telecom']")
    assert phone.is_checked("[id='bills.telecom']")
    phone.check("#since-wrong")
    follow(phone, GO_ON)
    phone.fill("[id='should.bills.telecom']", "٤٩٫٥٠")
    phone.fill("#text", "لم يكن لنا هذا الخط.")
    follow(phone, GO_ON)
    assert said("Before you send it") in text_of(phone)
    follow(phone, GO_ON)

    # Then it has a receipt, which a reload shows again, and follows the appeal
    reference, secret = phone.text_content("#appeal-reference"), phone.text_content("#appeal-secret")
    phone.reload()
    assert (phone.text_content("#appeal-reference"), phone.text_content("#appeal-secret")) == (reference, secret)
    assert reference
    assert secret
    case_id = value("select case_id from receipt where reference = %s", reference)
    appeal = Accepted(reference, secret, case_id)
    follow(phone, "form[action$=follow] button")
    assert phone.url == f"{served}/ar/status/{reference}"
    work_off()
    acts(appeal, "salma", "assign")
    phone.reload()
    assert said("appeal_under_examination.title") in text_of(phone)

    # When the caseworker asks a question, the page says whose turn it is, and the household answers
    acts(appeal, "salma", "ask", ["bill"])
    phone.reload()
    assert said("turn.must") in text_of(phone)
    assert said("reason.bill") in text_of(phone)
    follow(phone, "a[href$='/say']")
    phone.fill("#said", "الفاتورة بها 49.50 درهما.")
    follow(phone, GO_ON)
    assert said("event.InformationGiven") in text_of(phone)
    follow(phone, "form.close button")
    assert phone.url == f"{served}/ar/closed"
    phone.wait_for_load_state()  # the page that clears what the browser kept comes in a process of its own
    phone.go_back()
    assert said("event.InformationGiven") not in text_of(phone), "back shows nothing of a file that was closed"

    # Then the corrected index, what changed, and from when
    acts(appeal, "salma", "propose", findings(bills__telecom=True))
    work_off()
    open_in(phone, served, appeal, "ar")
    ((before, after),) = rows("select score_computed, score_corrected from score_correction")
    told = text_of(phone)
    assert said("appeal_upheld.title") in told
    assert said("turn.done") in told
    assert index("ar", before, after) in told
    assert index("ar", after, before) in told
    phone.goto(served + address_of(taken, language="ar"))
    phone.fill("#secret", taken.secret)
    follow(phone, OPEN)
    told = text_of(phone)
    assert index("ar", after, before) in told
    assert said("What changed since the version before?") in told
    assert "700" in told
    assert "49,5" in told


@both
def test_every_page_of_an_appeal_is_drawn_well(served: str, reader: Page, keep: Keep, language: str) -> None:
    taken = telephone_of("700")
    path = f"{served}{address_of(taken, language=language)}"
    path_of_birth = "members[1].birth_date"
    open_in(reader, served, taken, language)
    keep(reader, f"citizen-appeal-0-index-{language}")
    assert_drawn_well(reader)
    assert_light(reader.context, reader)

    reader.goto(f"{path}/appeal?value=bills.telecom")
    keep(reader, f"citizen-appeal-1-choose-{language}")
    reader.evaluate(ALL_OPEN)
    assert_drawn_well(reader)
    assert_light(reader.context, reader)
    reader.uncheck("[id='bills.telecom']")
    follow(reader, GO_ON)
    assert_focused(reader, "#problems")
    keep(reader, f"citizen-appeal-2-problem-{language}")
    assert_drawn_well(reader)
    follow(reader, "#problems a")
    assert_focused(reader, "#value")

    reader.evaluate(ALL_OPEN)
    for name in ("bills.telecom", "bills.water_electricity", "housing.dwelling", "belongings.computer", path_of_birth):
        reader.check(f"[value='{name}']")
    reader.check("#since-wrong")
    follow(reader, GO_ON)
    keep(reader, f"citizen-appeal-3-values-{language}")
    assert_drawn_well(reader)
    follow(reader, GO_ON)
    assert reader.locator("#problems a").count() == 5
    assert_drawn_well(reader)
    follow(reader, "#problems a[href='#should.bills.telecom']")
    assert_focused(reader, "[id='should.bills.telecom']")

    reader.goto(f"{path}/appeal")
    reader.evaluate(ALL_OPEN)
    for name in ("bills.water_electricity", "housing.dwelling", "belongings.computer", path_of_birth):
        reader.uncheck(f"[value='{name}']")
    follow(reader, GO_ON)
    reader.fill("[id='should.bills.telecom']", "49.5")
    follow(reader, GO_ON)
    keep(reader, f"citizen-appeal-4-check-{language}")
    assert_drawn_well(reader)
    follow(reader, GO_ON)
    keep(reader, f"citizen-appeal-5-receipt-{language}")
    assert_drawn_well(reader)
    assert_light(reader.context, reader)
    follow(reader, "form[action$=follow] button")
    keep(reader, f"citizen-appeal-6-follow-{language}")
    assert_drawn_well(reader)
    reader.goto(f"{served}/{language}/closed")
    assert_drawn_well_without_codes(reader)


def test_a_household_sends_an_overdue_appeal_to_the_commission_with_two_taps(served: str, phone: Page) -> None:
    """In Arabic, on a phone of 360 px, with JavaScript off."""
    appeal = appeal_overdue()
    open_in(phone, served, appeal, "ar")
    follow(phone, "a[href$='/escalate']")
    assert said("What you lose") in text_of(phone)
    follow(phone, GO_ON)
    assert phone.url == served + address_of(appeal, language="ar")
    assert said("appeal_with_commission.title") in text_of(phone)
    assert phone.locator("a[href$='/escalate']").count() == 0


def assert_drawn_well_without_codes(page: Page) -> None:
    """As `assert_drawn_well`, of a page whose only code is the telephone's."""
    assert violations(page) == []
    assert page.evaluate(STICKING_OUT) == []


@pytest.mark.parametrize(
    ("standing", "to"),
    [
        (rejected, "appeal"),
        (proposed, "say"),
        (lapsed, "again"),
        (asked_by_caseworker, "withdraw"),
        (change_conflicting, ""),
        (change_lost, ""),
        (registered, "change"),
        (appeal_overdue, ""),
        (appeal_overdue, "escalate"),
    ],
)
def test_every_other_page_of_a_visit_is_drawn_well_in_each_language(
    served: str, reader: Page, keep: Keep, standing: Callable[[], Accepted], to: str
) -> None:
    taken = standing()
    for language in LANGUAGES:
        reader.context.clear_cookies()
        reader.goto(f"{served}{address_of(taken, to, language)}")
        assert_drawn_well(reader)
        reader.fill("#secret", taken.secret)
        follow(reader, OPEN)
        keep(reader, f"citizen-{standing.__name__}-{to or 'visit'}-{language}")
        assert_drawn_well(reader)
        if to in ("appeal", "say"):
            follow(reader, GO_ON)
            assert_focused(reader, "#problems")
            assert_drawn_well(reader)


def test_in_print_a_receipt_has_its_head_and_no_button(served: str, reader: Page) -> None:
    taken = registered()
    for language in LANGUAGES:
        reader.context.clear_cookies()
        reader.goto(f"{served}{address_of(taken, language=language)}")
        reader.emulate_media(media="print")
        assert reader.is_visible("header .name")
        assert not reader.is_visible("nav")
        assert not reader.is_visible("section.aside h2"), "a heading over nothing"
        assert shown_of(reader, "form, button") == 0
        reader.goto(f"{served}/{language}")
        assert not reader.is_visible("footer .aside"), "nothing for developers"
        reader.emulate_media(media="screen")
        open_in(reader, served, taken, language)
        reader.emulate_media(media="print")
        hidden = "form, button, a.button, ul.values a"
        assert reader.locator(hidden).count() > 5
        assert shown_of(reader, hidden) == 0
        reader.emulate_media(media="screen")


def shown_of(page: Page, selector: str) -> int:
    """How many of these are seen: asked in one journey, where each by itself takes one."""
    return int(
        page.evaluate("what => [...document.querySelectorAll(what)].filter(e => e.checkVisibility()).length", selector)
    )


def test_a_secure_cookie_with_the_prefix_of_hosts_is_kept_on_this_host_without_tls(served: str, phone: Page) -> None:
    taken = registered()
    open_in(phone, served, taken, "fr")
    (kept,) = phone.context.cookies()
    assert (kept["name"], kept["secure"], kept["httpOnly"], kept["sameSite"]) == (
        "__Host-receipt",
        True,
        True,
        "Strict",
    )
    assert served.startswith("http://127.0.0.1")


def test_the_page_of_the_api_fits_a_narrow_phone_and_satisfies_axe(served: str, reader: Page) -> None:
    reader.goto(f"{served}/schema")
    reader.evaluate(ALL_OPEN)
    assert violations(reader) == []
    for width in (NARROW, NARROWEST):
        reader.set_viewport_size({"width": width, "height": 640})
        assert (width, reader.evaluate(STICKING_OUT)) == (width, [])
