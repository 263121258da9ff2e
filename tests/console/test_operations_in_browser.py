"""The operators' pages in a real browser, in each language: read by axe, measured, and refreshed as they stand open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from models import clock
from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import LONGEST, assert_focused, follow
from tests.console.test_pages_in_browser import assert_clean, sign_in
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.desk import on_desk
from tests.filing import Worker, file_clean, rows, value
from tests.integration.conftest import worker as worker
from tests.integration.test_commands_operation import parked
from tests.portal.test_browser import CHROMIUM
from tests.staffing import a_person
from workflows.queue.samples import minute_of
from workflows.staff.signatures import OFFICER, pseudonym

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
HERE = "/console/operations"
SECTIONS = ["", "/queues/fraud", "/queues/verification", "/workers", "/parked", "/messages", "/jobs"]
PAGES = [*(f"{HERE}{section}" for section in SECTIONS), "/console/load"]


@pytest.fixture
def busy(database: str, worker: Worker) -> None:
    """Queues of which one is paused, one has a held stage, and two were sampled; cases that failed, some of them in
    every way; messages that were not sent; workers, a dead one among them; jobs of which one failed.
    """
    now = minute_of(clock.now())
    taken = [*file_clean(3), *(parked() for _ in range(3)), parked("TypeError in score: no such variable")]
    book = worker({"verification", "scoring"}).runner.attempts
    book.heartbeat(clock.now(), {"cases": 41_234, "failures": 2, "busy_milliseconds": 300})
    book.begin("verification", [taken[0].case_id], clock.now())
    rows("insert into worker (host, pid, queues, since, seen_at, counters) values ('x', 7, '{}', now(), now(), '{}')")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [taken[1].case_id])
    rows("update message set status = 'failed', error = 'Refused by the gateway: no such number' where case_id <> 2")
    rows("update message set status = 'stuck', error = null where case_id = %s", taken[2].case_id)
    rows("insert into daily_job values ('anchor', now(), now())")
    on_desk([901, 902], holder=pseudonym(OFFICER, "Omar"))
    on_desk([903], due_at=now - timedelta(days=2))
    on_desk([904], waits_for="commission", stage="with_commission", kind="appeal", queue="appeals")
    rows("insert into daily_job values ('retention', now(), now(), 'Refused: the clock is doubtful')")
    for queue, start in (("verification", 1), ("fraud", 400)):
        for back in [*range(20), *range(26, 60)]:
            at, depth = now - timedelta(minutes=back), start * (60 - back) % 97 * 5
            rows("insert into queue_sample values (%s, %s, %s, %s, %s)", queue, at, depth, depth * 3, depth // 4)
    rows("insert into paused_queue values ('fraud', now(), 'operator:x', 'A rule that is faulty since this morning')")
    rows("insert into held_stage values ('update', 'verified', 'KeyError in score: no such variable', now(), now())")


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.usefixtures("busy")
def test_the_operators_pages_are_clean(page: Page, served: str, language: str) -> None:
    a_person("Omar", "operator", "supervisor")
    sign_in(page, served, "Omar", language)
    for path in PAGES:
        page.goto(f"{served}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert_clean(page)


def on_operations(page: Page, served: str) -> None:
    """An operator's page, that stands open."""
    a_person("Omar", "operator")
    sign_in(page, served, "Omar")
    page.goto(f"{served}{HERE}")


def refreshed(page: Page, act: Callable[[], object] = lambda: None) -> None:
    """Waits until the page has asked again."""
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true", timeout=LONGEST):
        act()
    page.wait_for_timeout(100)


def test_figures_refresh_by_themselves_and_the_focus_and_the_place_stay(page: Page, served: str) -> None:
    page.set_viewport_size({"width": 800, "height": 800})
    on_operations(page, served)
    page.focus("#queue-fraud")
    page.evaluate("document.getElementById('queues').scrollLeft = 100")
    depth = page.locator("tr", has=page.locator("#queue-verification")).locator("td.figure").first
    expect(depth).to_have_text("0")
    file_clean(2)
    refreshed(page)
    expect(depth).to_have_text("2", timeout=LONGEST)
    assert_focused(page, "#queue-fraud")
    assert page.evaluate("document.getElementById('queues').scrollLeft") == 100


def test_a_page_that_nobody_sees_asks_nothing_until_it_is_seen(page: Page, served: str) -> None:
    on_operations(page, served)
    hide = "v => { Object.defineProperty(document, 'hidden', {get: () => v, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(hide, True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(6_000)
    assert asked == []
    refreshed(page, lambda: page.evaluate(hide, False))


def test_a_page_whose_session_ended_leads_to_the_sign_in_and_one_that_fails_says_so(page: Page, served: str) -> None:
    on_operations(page, served)
    assert page.locator("#stale").is_hidden()
    page.route("**/console/operations", lambda route: route.abort())
    page.wait_for_selector("#stale", state="visible", timeout=LONGEST)
    page.unroute("**/console/operations")
    page.wait_for_selector("#stale", state="hidden", timeout=LONGEST)
    rows("update staff_session set ended_at = now()")
    page.wait_for_url("**/console/sign-in?next=/console/operations", timeout=LONGEST)


def test_a_queue_is_paused_and_resumed_without_javascript(served: str, page: Page) -> None:
    context = page.context.browser
    assert context is not None
    plain = context.new_context(java_script_enabled=False).new_page()
    on_operations(plain, served)
    plain.click("#queue-fraud")
    plain.fill("#reason", "A faulty rule")
    follow(plain, "main form.box button")
    assert value("select reason from paused_queue") == "A faulty rule"
    plain.click("#resume")
    assert value("select count(*) from paused_queue") == 0
    plain.context.close()
