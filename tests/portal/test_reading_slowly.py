"""At 30 kbit/s and 400 ms, by Chromium's own throttle, every page can be read within six seconds of a first visit."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.first_visit import addresses, heaviest, weigh
from notifications.catalogues import LANGUAGES
from tests.filing import a_household, register
from tests.portal.standing import registered
from tests.portal.test_applying_in_browser import apply
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import HEAVIEST, open_in
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.visiting import address_of

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
BYTES_A_SECOND, LATENCY = 30_000 / 8, 400  # of a weak network: 30 kbit/s, and milliseconds
READ_WITHIN = 6_000  # milliseconds, from the press of a link until the page is all there
AT_ONCE = 12  # tabs, each with a line of its own
LOADED = """() => { const page = performance.getEntriesByType('navigation')[0];
    const all = [page, ...performance.getEntriesByType('resource')];
    return [Math.round(page.loadEventEnd), all.reduce((sum, each) => sum + each.transferSize, 0), all.length] }"""
GO = "address => { setTimeout(() => { location.href = address }, 0) }"


def slow(context: BrowserContext, start: str) -> Page:
    """A tab with a weak line and nothing kept from before."""
    page = context.new_page()
    page.goto(start)
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    rates = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY, **rates})
    return page


def read_slowly(context: BrowserContext, served: str, wanted: list[str]) -> Iterator[tuple[str, list[int]]]:
    """Each of these pages, with how long it took in milliseconds, its bytes and its requests."""
    for first in range(0, len(wanted), AT_ONCE):
        tabs = [(each, slow(context, f"{served}/ar/closed")) for each in wanted[first : first + AT_ONCE]]
        for address, page in tabs:
            page.evaluate(GO, served + address)
        for address, page in tabs:
            page.wait_for_url(served + address, wait_until="load")
            page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
            yield address, page.evaluate(LOADED)
            page.close()


def assert_read(found: dict[str, list[int]]) -> None:
    """Each of them was read in time, is light, and needed few requests."""
    assert {address: each for address, each in found.items() if each[0] > READ_WITHIN} == {}
    assert {address: each for address, each in found.items() if each[1] > HEAVIEST or each[2] > 3} == {}
    assert min(each[0] for each in found.values()) > 2 * LATENCY  # the line was slow


@in_browser
def test_every_public_page_is_read_within_six_seconds_on_a_weak_line(served: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640})
    found = dict(read_slowly(context, served, list(addresses())))
    context.close()
    assert_read(found)


@in_browser
def test_the_pages_of_a_household_are_read_within_six_seconds_on_a_weak_line(served: str, browser: Browser) -> None:
    taken, context = registered(), browser.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    wanted = [address_of(taken, to, language) for language in LANGUAGES for to in ("", "mine")]
    wanted += [address_of(taken, to, "ar") for to in ("appeal", "change")]
    open_in(page, served, taken, "ar")
    found = dict(read_slowly(context, served, wanted))
    context.close()
    assert_read(found)


@in_browser
def test_the_pages_of_an_application_are_read_within_six_seconds_on_a_weak_line(served: str, browser: Browser) -> None:
    made = a_household(0, members=2)
    register([made])
    context = browser.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    shown = next(iter(apply(page, served, made.body, "ar")))
    assert shown
    here = "/".join(urlsplit(page.url).path.split("/")[:4])
    found = dict(read_slowly(context, served, [here, f"{here}/members", f"{here}/members/1/name", f"{here}/things"]))
    context.close()
    assert_read(found)


def test_a_first_visit_of_a_public_page_loads_little_in_few_requests_and_no_script(served: str) -> None:
    found = weigh(urlsplit(served).port or 0)
    assert {address: each for address, each in found.items() if each.bytes > HEAVIEST or each.requests > 3} == {}
    assert heaviest(found)["scripts"] == 0


def test_the_public_pages_are_all_those_whose_address_names_no_case(client: object) -> None:
    from web.app import CITIZENS

    served = {path for each in CITIZENS if "GET" in each.http_methods for path in each.paths}
    named = {path for path in served if "{reference" not in path}
    known = {
        f"/{{language:str}}/{name}".rstrip("/") for _, _, name in (each[1:].partition("/") for each in addresses())
    }
    ways = {re.sub(r"calculate/\w+", "calculate/{milieu:str}", each) for each in known}
    assert named == ways | {"/", "/{language:str}/status", "/{language:str}/sign-in/code"}
