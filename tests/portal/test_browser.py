"""The pages in a real browser, on a narrow phone, in each language: read by axe, measured, and used."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from notifications.catalogues import LANGUAGES
from tests.browsing import assert_focused, follow
from tests.portal.standing import (
    change_conflicting,
    change_lost,
    in_work,
    proposed,
    registered,
    rejected,
    to_correct,
    under_review,
    withdrawn,
)
from web.language import PAGES
from workflows.intake.submit import Accepted

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
NARROW, NARROWEST = 360, 320
OPEN = "form[action$=open] button"  # what opens a visit
SMALLEST = 44  # px, of whatever is tapped
WIDE = "() => [...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect();"
# Elements that stick out of the window, by any edge; what is hidden for the eye is one pixel large.
STICKING_OUT = (
    WIDE + " return r.width > 1 && (r.left < -0.5 || r.right > innerWidth + 0.5) }).map(e => e.outerHTML.slice(0, 80))"
)
TAPPED = """() => [...document.querySelectorAll('a, button, summary, textarea, input:not([type=hidden])')]
    .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
    .map(([html, r]) => [html, Math.round(r.width), Math.round(r.height)])"""
# Codes and telephone numbers, as they are drawn: the place of each character from left to right.
DRAWN = """() => [...document.querySelectorAll('bdi.code')].map(e => { const node = e.firstChild;
    return [...node.data].map((letter, i) => {
    const range = document.createRange(); range.setStart(node, i); range.setEnd(node, i + 1);
    const r = range.getBoundingClientRect();
    return [letter, r.left, r.top] }) })"""

# Marks of the step at hand that are drawn on more than one line.
BROKEN_MARKS = (
    "() => [...document.querySelectorAll('.now .when')].filter(e => e.getClientRects().length > 1).map(e => "
    "e.textContent)"
)
# The borders of the state's box, and the room beside the words of a step.
MIRRORED = """() => { const box = getComputedStyle(document.querySelector('.state')), of = what =>
    document.querySelector(what).getBoundingClientRect();
    const line = of('ol.steps li'), words = of('ol.steps li span');
    return [[box.borderLeftWidth, box.borderRightWidth], {left: words.left - line.left, right: line.right -
    words.right}] }"""

both = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Skipped where there is none, but not where the whole suite must run."""
    if CHROMIUM is None:
        reason = "There is no Chromium here: `apt-get install chromium` has these tests run."
        must = os.environ.get("CI") == "true"  # noqa: TID251 - whether a gap in what is tested may pass
        pytest.fail(reason) if must else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A narrow phone.

    It fails a test in which the page was refused something by its own policy, or asked another server.
    """
    context = browser.new_context(viewport={"width": NARROW, "height": 640}, java_script_enabled=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "status of 4" not in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def standings() -> dict[str, Accepted]:
    """A case of each kind."""
    return {
        "notified": registered(),
        "needs_correction": to_correct(),
        "under_review": under_review(),
        "withdrawn": withdrawn(),
        "in_work": in_work(),
        "rejected": rejected(place=20),
        "hearing": proposed(place=24),
    }


def addresses(standing: dict[str, Accepted], language: str) -> dict[str, str]:
    """A page of each kind."""
    pages = {name: f"/{language}/status/{taken.reference}" for name, taken in standing.items()}
    return {"home": f"/{language}", "unknown": f"/{language}/status/RSU-0000-0000-0000", **pages}


def sizes_that_are_too_small(page: Page) -> list[Any]:
    return [each for each in page.evaluate(TAPPED) if min(each[1:]) < SMALLEST]


def violations(page: Page) -> list[str]:
    """What axe finds, with the element."""
    page.wait_for_load_state()
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['html'][:100]}" for each in found for node in each["nodes"]]


def out_of_order(page: Page) -> list[str]:
    """Codes that are not drawn from left to right on one line."""
    drawn = page.evaluate(DRAWN)
    assert drawn
    wrong = [
        code
        for code in drawn
        if [left for _, left, _ in code] != sorted(left for _, left, _ in code) or len({top for _, _, top in code}) > 1
    ]
    return ["".join(letter for letter, _, _ in code) for code in wrong]


def test_pages_fit_a_narrow_phone_can_be_tapped_and_satisfy_axe_in_each_language(served: str, phone: Page) -> None:
    standing = standings()
    for language in LANGUAGES:
        for name, address in addresses(standing, language).items():
            phone.set_viewport_size({"width": NARROW, "height": 640})
            phone.goto(served + address)
            assert phone.evaluate("document.documentElement.dir") == LANGUAGES[language].direction
            assert (
                phone.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor")
                == "rgb(11, 92, 70)"
            ), "the sheet is there"
            assert (name, violations(phone)) == (name, [])
            assert (name, sizes_that_are_too_small(phone)) == (name, [])
            assert (name, out_of_order(phone)) == (name, [])
            assert_fits(phone, f"{name} {language}")


def assert_fits(page: Page, name: str) -> None:
    """Nothing makes a narrow window scroll, sticks out of it, or breaks."""
    for width in (NARROW, NARROWEST):
        page.set_viewport_size({"width": width, "height": 640})
        assert (name, width, page.evaluate("document.documentElement.scrollWidth")) == (name, width, width)
        assert (name, width, page.evaluate(STICKING_OUT)) == (name, width, [])
        assert (name, width, page.evaluate(BROKEN_MARKS)) == (name, width, [])


@pytest.mark.parametrize("standing", [change_lost, change_conflicting])
def test_what_came_of_a_change_fits_a_narrow_phone_and_satisfies_axe_in_each_language(
    served: str, phone: Page, standing: Callable[[], Accepted]
) -> None:
    taken = standing()
    for language in LANGUAGES:
        phone.context.clear_cookies()
        phone.set_viewport_size({"width": NARROW, "height": 640})
        phone.goto(f"{served}/{language}/status/{taken.reference}")
        assert (language, violations(phone)) == (language, [])
        assert sizes_that_are_too_small(phone) == []

        phone.fill("#secret", taken.secret)
        follow(phone, OPEN)

        phone.wait_for_selector("main ul li")  # the page that answers the form
        assert (language, violations(phone)) == (language, [])
        assert out_of_order(phone) == []
        assert_fits(phone, language)


@both
def test_a_citizen_goes_from_the_first_page_to_the_reason_and_the_secret_is_in_no_address(
    served: str, phone: Page, language: str
) -> None:
    taken = to_correct()
    visited: list[str] = []
    phone.on("request", lambda request: visited.append(request.url))

    phone.goto(f"{served}/{language}")
    phone.fill("#reference", taken.reference.lower().replace("-", " "))
    follow(phone, "main button")
    assert phone.url == f"{served}/{language}/status/{taken.reference}"
    phone.fill("#secret", "0000000000")
    follow(phone, OPEN)
    assert phone.text_content("#secret-problem") == phone.text_content("#problems a")
    assert_focused(phone, "#problems")
    assert violations(phone) == []
    follow(phone, "#problems a")
    assert_focused(phone, "#secret")
    phone.fill("#secret", taken.secret.lower())
    follow(phone, OPEN)

    assert phone.url == f"{served}/{language}/status/{taken.reference}", "back and reload send nothing again"
    assert PAGES.text(language, "reason.birth_date_differs") in (phone.text_content("main ul") or "")
    assert violations(phone) == []
    assert sizes_that_are_too_small(phone) == []
    assert [each for each in visited if taken.secret.lower() in each.lower() or not each.startswith(served)] == []


def test_without_scripts_the_other_language_is_one_tap_away(served: str, browser: Browser) -> None:
    taken = registered()
    context = browser.new_context(viewport={"width": NARROW, "height": 640}, java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{served}/ar/status/{taken.reference}")
    follow(page, "header a[hreflang=fr]")

    assert page.url == f"{served}/fr/status/{taken.reference}"
    assert page.text_content("h1") == PAGES.text("fr", "notified.title")
    context.close()


@both
def test_the_pages_mirror_each_other(served: str, phone: Page, language: str) -> None:
    """The mark of the state stands where reading begins, the ticks before their steps."""
    taken = registered()
    phone.goto(f"{served}/{language}/status/{taken.reference}")

    mark, ticks = phone.evaluate(MIRRORED)

    assert mark == (["0px", "6px"] if language == "ar" else ["6px", "0px"])
    assert 30 < ticks["right" if language == "ar" else "left"] < 45
