"""The queues in a real browser: read by axe and measured in each language, and used by keys alone."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from models import clock
from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import assert_focused, follow
from tests.console.test_pages_in_browser import assert_clean, choose, sign_in
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.desk import decided, on_desk, reference_of
from tests.filing import rows, value
from tests.portal.test_browser import CHROMIUM
from tests.staffing import PASSWORD, a_person, code_now
from workflows.intake.submit import Accepted
from workflows.staff.signatures import OFFICER, pseudonym

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
PATH = "/console/queues"
WIDTHS = (360, 1216, 1217, 1280)
STICKS_OUT = "() => document.documentElement.scrollWidth > innerWidth"
CHOSEN = "() => [...document.querySelectorAll('tr.chosen [data-open]')].map(e => e.textContent)"


def a_desk() -> None:
    """A desk with lines of every look."""
    now = clock.now()
    other, me = pseudonym(OFFICER, "Omar Tazi"), pseudonym(OFFICER, "Nadia Benali")
    appeal = {"kind": "appeal", "queue": "appeals"}
    on_desk(
        [1],
        **appeal,
        stage="queued",
        due_at=now - timedelta(days=3),
        priority=2,
        why="term_ends",
        language="fr",
        flags=["lodged_late", "letter", "decision_replaced"],
    )
    on_desk([2, 3], holder=other)
    on_desk(
        [4],
        **appeal,
        stage="with_supervisor",
        waits_for="supervisor",
        priority=1,
        why="escalated",
        flags=["overdue"],
        barred=[me],
    )
    on_desk(range(5, 29), region=7, province="MA-KES")
    on_desk([29], **appeal, stage="with_commission", waits_for="commission", priority=1, why="escalated")
    on_desk([30], waits_for="citizen", stage="needs_correction", queue="exceptions", province=None)
    decided([31, 32], other)
    rows("insert into staff_name values (%s, 'Omar Tazi'), (%s, 'Nadia Benali')", other, me)
    rows("insert into desk_lock values (5, %s, now() + interval '9 minutes')", other)


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_the_lists_are_clean_and_fit_every_width(page: Page, served: str, language: str) -> None:
    a_person("Nadia Benali", "supervisor")
    a_desk()
    sign_in(page, served, "Nadia Benali", language)
    for address in (
        "?tab=team",
        "?tab=done",
        "?tab=citizen",
        "?tab=team&priority=1",
        "?tab=mine",
        "/../keys",
        "/../search",
        "/escalate?case=RSU-0001-0000-0000",
    ):
        page.goto(f"{served}{PATH}{address}")
        assert_clean(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert not page.evaluate(STICKS_OUT), (address, width)
    page.goto(f"{served}{PATH}?tab=team")
    boxes = [page.locator("tbody tr").first.locator("> *").nth(each).bounding_box() for each in (0, 1, 2)]
    places = [box["x"] for box in boxes if box]
    assert places == sorted(places, reverse=language == "ar")


@pytest.fixture
def amina(page: Page, served: str) -> Page:
    """A caseworker at the list of what nobody holds, with lines and no cases behind them."""
    a_person("Amina", "caseworker")
    on_desk(range(1, 4))
    sign_in(page, served, "Amina")
    page.goto(f"{served}{PATH}?tab=unassigned")
    return page


@pytest.mark.parametrize("language", ["ar", "en"])
def test_keys_choose_a_line_and_open_it(amina: Page, served: str, language: str) -> None:
    choose(amina, language)
    for key, chosen in (("j", 1), ("j", 2), ("j", 3), ("j", 3), ("k", 2)):
        amina.keyboard.press(key)
        assert amina.evaluate(CHOSEN) == [reference_of(chosen)]
        assert amina.evaluate("document.activeElement.textContent") == reference_of(chosen)
    mark = amina.evaluate("getComputedStyle(document.querySelector('tr.chosen > :first-child')).boxShadow")
    assert (" -5px 0px " in mark) == (language == "ar")  # on the side where a line begins
    assert " 5px 0px " in mark or language == "ar"
    amina.keyboard.press("Enter")
    amina.wait_for_url(f"{served}/console/cases/{reference_of(2)}")


def test_keys_of_an_arabic_keyboard_are_those_at_the_same_place(amina: Page) -> None:
    pressed = "code => document.body.dispatchEvent(new KeyboardEvent('keydown', {...code, bubbles: true}))"
    amina.evaluate(pressed, {"key": "ت", "code": "KeyJ"})
    assert amina.evaluate(CHOSEN) == [reference_of(1)]
    amina.evaluate(pressed, {"key": "؟", "code": "Slash", "shiftKey": True})
    amina.wait_for_url("**/console/keys")


def test_the_line_with_the_focus_is_the_chosen_one(amina: Page) -> None:
    amina.get_by_role("link", name=reference_of(3)).focus()
    assert amina.evaluate(CHOSEN) == [reference_of(3)]


def test_keys_take_the_chosen_case_and_the_next_one(
    page: Page, served: str, reviewed: tuple[Accepted, Accepted]
) -> None:
    a_person("Amina", "caseworker")
    sign_in(page, served, "Amina")
    page.goto(f"{served}{PATH}?tab=unassigned")
    page.keyboard.press("a")  # no line is chosen
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.get_by_text("You now hold:").wait_for()
    assert value("select holder from desk_item") == pseudonym(OFFICER, "Amina")
    page.keyboard.press("n")
    page.wait_for_url(f"{served}/console/cases/{reviewed[1].reference}")


def test_a_key_leads_to_the_question_whether_the_commission_decides(page: Page, served: str, queued: Accepted) -> None:
    a_person("Nadia", "supervisor")
    sign_in(page, served, "Nadia")
    page.goto(f"{served}{PATH}?tab=unassigned")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.get_by_role("heading", name="Send to the commission?").wait_for()
    assert value("select stage from cases where id = %s", queued.case_id) == "queued"
    follow(page, page.get_by_role("button", name="Send it to the commission"))
    page.get_by_text("Sent to the commission:").wait_for()
    assert value("select stage from cases where id = %s", queued.case_id) == "with_commission"


def test_a_key_shows_all_keys(amina: Page, served: str) -> None:
    amina.keyboard.press("?")
    amina.wait_for_url(f"{served}/console/keys")


def test_a_key_leads_to_the_search_and_there_to_its_field(amina: Page, served: str) -> None:
    amina.keyboard.press("/")
    amina.wait_for_url(f"{served}/console/search")
    assert_focused(amina, "[name=typed]")
    amina.locator("[name=purpose]").first.focus()
    amina.keyboard.press("/")
    assert_focused(amina, "[name=typed]")


@pytest.mark.parametrize("field", ["#note", "#by-stage"])
def test_no_key_does_anything_inside_a_field(amina: Page, field: str) -> None:
    before = amina.url
    amina.locator("summary").click()
    amina.locator(field).focus()
    for key in ("j", "a", "n", "e", "/", "?"):
        amina.keyboard.press(key)
    assert (amina.url, amina.evaluate(CHOSEN)) == (before, [])
    if field == "#note":
        assert amina.locator(field).input_value() == "jane/?"


def test_no_key_does_anything_with_another_key_held_down(amina: Page) -> None:
    for key in ("Control+j", "Alt+j", "Meta+j"):
        amina.keyboard.press(key)
    assert amina.evaluate(CHOSEN) == []


def test_keys_are_turned_off_and_on(amina: Page, served: str) -> None:
    amina.keyboard.press("?")
    follow(amina, amina.get_by_role("button", name="Turn the keys off"))
    amina.get_by_text("The keys are off.").wait_for()
    amina.goto(f"{served}{PATH}?tab=unassigned")
    for key in ("j", "n", "?"):
        amina.keyboard.press(key)
    assert (amina.url, amina.evaluate(CHOSEN)) == (f"{served}{PATH}?tab=unassigned", [])
    amina.goto(f"{served}/console/keys")
    follow(amina, amina.get_by_role("button", name="Turn the keys on"))
    amina.goto(f"{served}{PATH}?tab=unassigned")
    amina.keyboard.press("j")
    assert amina.evaluate(CHOSEN) == [reference_of(1)]


def test_what_was_typed_when_a_session_ended_is_there_after_the_next_sign_in(amina: Page, served: str) -> None:
    amina.check(f"input[value={reference_of(2)}]")
    amina.fill("#note", "Called twice.")
    rows("update staff_session set ended_at = now()")
    rows("update staff_account set app_step = 0")
    follow(amina, amina.get_by_role("button", name="Add the note"))
    amina.fill("#name", "Amina")
    amina.fill("#password", PASSWORD)
    follow(amina, "main form button")
    amina.fill("#code", code_now())
    follow(amina, "main form button")
    amina.wait_for_url("**/console/queues?kept=1")
    assert amina.locator("#note").input_value() == "Called twice."
    assert amina.locator("tbody input:checked").evaluate_all("all => all.map(e => e.value)") == [reference_of(2)]
    assert value("select count(*) from desk_entry") == 0


def test_all_of_it_works_without_scripts(page: Page, served: str, reviewed: tuple[Accepted, Accepted]) -> None:
    browser_ = page.context.browser
    assert browser_
    context = browser_.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    plain = context.new_page()
    a_person("Nadia", "supervisor")
    sign_in(plain, served, "Nadia")
    follow(plain, plain.get_by_role("link", name="Queues"))
    plain.locator("details.filters summary").click()
    plain.select_option("#by-queue", "reviews")
    follow(plain, plain.get_by_role("button", name="Show"))
    assert "queue=reviews" in plain.url
    follow(plain, plain.get_by_role("link", name="Choose all of this page"))
    plain.select_option("#priority-of", "1")
    follow(plain, plain.get_by_role("button", name="Set", exact=True))
    assert plain.get_by_role("status").inner_text() == f"Priority set: {reviewed[1].reference}"
    assert value("select priority from desk_item") == 1
    follow(plain, plain.get_by_role("button", name="Next case"))
    assert plain.url == f"{served}/console/cases/{reviewed[1].reference}"
    context.close()


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_what_a_search_finds_is_clean_and_there_again_on_the_way_back(
    page: Page, served: str, reviewed: tuple[Accepted, Accepted], language: str
) -> None:
    a_person("Amina", "caseworker")
    sign_in(page, served, "Amina", language)
    for typed, hits in ((reviewed[1].reference.lower(), 1), ("0699999999", 0)):
        page.goto(f"{served}/console/search")
        page.fill("#typed", typed)
        page.check("#purpose-person")
        follow(page, "form.search button")
        assert page.locator("[data-open]").count() == hits
        assert_clean(page)
        assert typed not in page.url
        if hits:
            page.keyboard.press("Escape")
            page.locator("h1").click()
            page.keyboard.press("j")
            page.keyboard.press("Enter")
            page.wait_for_url(f"{served}/console/cases/{reviewed[1].reference}")
            page.go_back()
            assert page.locator("[data-open]").count() == hits
