"""Asking to be enrolled on a narrow phone with JavaScript off; and every page of it, read by axe and measured."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

import web
from notifications.catalogues import LANGUAGES
from tests.browsing import follow
from tests.enrolling import NADIA, WITHOUT_PAPERS, a_registered, both_officers
from tests.filing import value
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.enrolling import CHILD, FOREIGN, fields_of, typed
from tests.portal.keyboard import Keyboard
from tests.portal.standing import work_off
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import HEAVIEST, assert_drawn_well
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import phone as phone
from tests.portal.test_citizen_in_browser import reader as reader
from workflows.intake.submit import Accepted

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
both = pytest.mark.parametrize("language", LANGUAGES)
FIELDS = """() => [...new Set([...document.querySelectorAll("[name^='should.']")].map(e => e.name.slice(7)))]"""
GO_ON = "main form:not(.close) button"
KINDS: dict[str, dict[str, Any]] = {
    "child": CHILD,
    "foreign": FOREIGN,
    "witnesses": WITHOUT_PAPERS,
    "card": {},
}


def name_of(page: Page) -> str:
    """The page of the questions that is shown."""
    return page.url.partition("?")[0].rpartition("/")[2]


def answer(page: Page, sent: dict[str, str]) -> None:
    """Types what is asked here, and sends it."""
    for name, text in fields_of(name_of(page), sent).items():
        field = page.locator(f"[name='should.{name}']")
        kind = field.first.evaluate("e => e.type")
        if kind == "radio":
            page.check(f"[name='should.{name}'][value='{text}']")
        elif kind == "select-one":
            field.select_option(text)
        else:
            field.fill(text)
    follow(page, GO_ON)


def ask(page: Page, served: str, language: str, sent: dict[str, str]) -> Iterator[str]:
    """Asks, from the first page to the receipt; gives the name of each page that is shown."""
    page.goto(f"{served}/{language}/enrol")
    yield "start"
    follow(page, "form[action$='/enrol'] button:not(.second)")
    yield "tasks"
    follow(page, "ol.tasks a")
    while name_of(page) != "check":
        yield name_of(page)
        answer(page, sent)
    yield "check"
    follow(page, "#send")
    yield "receipt"


def test_a_mother_asks_for_her_newborn_by_keys_alone_and_reads_the_identifier_in_the_end(
    served: str, phone: Page
) -> None:
    sent = typed(**CHILD, language="ar")
    keys = Keyboard(phone)
    keys.open(f"{served}/ar")
    keys.enter("a[href='/ar/enrol']")
    keys.enter("form[action$='/enrol'] button")
    reference = phone.text_content("#reference") or ""
    secret = phone.text_content("#secret") or ""
    keys.enter("ol.tasks a")
    keys.enter(GO_ON)
    assert phone.locator("#problems li").count() == 1
    while (at := name_of(phone)) != "check":
        said = fields_of(at, sent)
        for name in (each for each in phone.evaluate(FIELDS) if each in said):
            place, text = f"[name='should.{name}']", said[name]
            kind = phone.locator(place).first.evaluate("e => e.type")
            if kind == "radio":
                keys.choose(f"should.{name}", text)
            elif kind == "select-one":
                keys.to(place)
            else:
                keys.type(place, text)
        keys.enter(GO_ON)
    keys.enter("#send")
    assert phone.text_content("#reference") == reference
    phone.emulate_media(media="print")
    assert phone.is_visible("#secret")
    assert phone.locator("a[href='/ar/enrol']:visible, main button:visible").count() == 0
    phone.emulate_media(media="screen")
    keys.enter("form[action$='/follow'] button")
    assert value("select body ->> 'guardian_is' from case_body") == "mother"
    a_registered(31, **NADIA)
    both_officers(Accepted(reference, secret, value("select id from cases")))
    work_off()
    phone.reload()
    assert value("select idcs from person where guardian is not null") in (phone.text_content("main") or "")


@both
def test_every_page_of_a_request_is_drawn_well_and_light(served: str, reader: Page, language: str, keep: Keep) -> None:
    sheet = (Path(web.__file__).parent / "static" / "sijil.css").read_bytes()
    looked: set[str] = set()
    for kind, changes in KINDS.items():
        for name in ask(reader, served, language, typed(**changes, language=language)):
            keep(reader, f"enrol-{kind}-{name}-{language}")
            if name in looked and name != "receipt":
                continue
            looked.add(name)
            assert_drawn_well(reader)
            assert len(gzip.compress(reader.content().encode() + sheet)) < HEAVIEST, name
            if name not in ("start", "tasks", "check", "receipt", "province", "nationality", "contact"):
                follow(reader, GO_ON)
                assert_drawn_well(reader)
                keep(reader, f"enrol-{kind}-{name}-wrong-{language}")
        follow(reader, "form[action$='/follow'] button")
        assert_drawn_well(reader)
        keep(reader, f"enrol-{kind}-status-{language}")
