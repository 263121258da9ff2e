"""A citizen sends a photograph of a bill on a phone of 360 px with JavaScript off; and the page of documents is drawn
well, whatever it has to say.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from models import clock
from models.database import transact
from notifications.catalogues import LANGUAGES
from tests.browsing import follow
from tests.filing import value
from tests.papers import a_pdf, a_photograph, with_script
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import to_correct
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import assert_drawn_well, open_in, text_of
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import phone as phone
from tests.portal.test_citizen_in_browser import reader as reader
from web.language import PAGES
from workflows.documents.examine import Taken
from workflows.documents.storing import File, Giver, add

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")
ADD = "form[enctype] button"


def choose(page: Page, file: Path) -> None:
    """Chooses what a document shows and a file, and sends them."""
    page.check("#shows-bill")
    page.set_input_files("#file", file)
    follow(page, ADD)


def files(folder: Path) -> tuple[Path, Path]:
    """A photograph, and a PDF that runs a script."""
    photograph, trap = folder / "صورة.jpg", folder / "bill.pdf"
    photograph.write_bytes(a_photograph())
    trap.write_bytes(a_pdf(with_script))
    return photograph, trap


def test_a_photograph_is_sent_from_a_phone_without_javascript(served: str, phone: Page, tmp_path: Path) -> None:
    taken = to_correct()
    photograph, trap = files(tmp_path)
    open_in(phone, served, taken, "ar")
    follow(phone, "a[href$='/documents']")
    choose(phone, trap)
    assert PAGES.text("ar", "wrong.pdf_script") in text_of(phone)
    assert phone.is_checked("#shows-bill")
    choose(phone, photograph)
    assert phone.url.endswith("/documents")
    assert PAGES.text("ar", "shows.bill") in (phone.text_content("ul.links") or "")
    assert value("select count(*) from document") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_documents_is_drawn_well(
    served: str, reader: Page, tmp_path: Path, keep: Keep, language: str
) -> None:
    taken = to_correct()
    photograph, trap = files(tmp_path)
    open_in(reader, served, taken, language)
    follow(reader, "a[href$='/documents']")
    assert_drawn_well(reader)
    keep(reader, f"documents-{language}")
    choose(reader, photograph)
    choose(reader, trap)
    assert_drawn_well(reader)
    keep(reader, f"documents-refused-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_taken_back_on_a_phone_after_a_question_that_is_drawn_well(
    served: str, phone: Page, reader: Page, tmp_path: Path, keep: Keep, language: str
) -> None:
    taken = to_correct()
    photograph, _ = files(tmp_path)
    brought = File(b"at a desk", "income", Taken("application/pdf", 3, b"%PDF-1.7"))
    transact(lambda connection: add(connection, taken.case_id, brought, clock.now(), Giver("Amina", "caseworker")))
    for page in (reader, phone):
        open_in(page, served, taken, language)
        follow(page, "a[href$='/documents']")
        choose(page, photograph)
        if page is reader:
            assert_drawn_well(page)
            keep(page, f"documents-two-{language}")
        follow(page, "ul.links li:last-child a[href$='/remove']")
        if page is reader:
            assert_drawn_well(page)
            keep(page, f"documents-question-{language}")
    follow(phone, "main form button")
    assert PAGES.text(language, "taken back") in (phone.text_content("ul.links") or "")
    assert value("select count(*) from document where content is not null") == 1
    reader.goto(phone.url)
    assert_drawn_well(reader)
    keep(reader, f"documents-taken-back-{language}")
    reader.goto(phone.url.removesuffix("/documents"))
    assert_drawn_well(reader)
    keep(reader, f"documents-status-{language}")
