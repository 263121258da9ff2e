"""An officer at a desk adds a document in a real browser; the case's page with documents is drawn well."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from models import clock
from models.database import transact
from notifications.catalogues import STAFF_LANGUAGES
from tests.browsing import follow
from tests.console.test_pages_in_browser import assert_clean, sign_in
from tests.console.test_pages_in_browser import browser as browser
from tests.console.test_pages_in_browser import page as page
from tests.filing import value
from tests.papers import a_pdf, a_photograph, with_script
from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import to_correct
from tests.portal.test_browser import CHROMIUM
from tests.staffing import a_person
from web.console.language import text
from web.language import PAGES
from workflows.documents.examine import Taken
from workflows.documents.storing import File, add, remove
from workflows.intake.submit import Accepted

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


def with_documents() -> Accepted:
    """A case with a document of its household, and one that was taken back."""
    taken = to_correct()
    _, gone = (a_document(taken, *each) for each in ((b"1", "bill"), (b"2", "family")))
    transact(lambda connection: remove(connection, taken.case_id, gone, clock.now()))
    return taken


def a_document(taken: Accepted, sent: bytes, shows: str) -> str:
    """The id of a document that was added."""
    file = File(sent, shows, Taken("application/pdf", 3, b"%PDF-1.7"))
    return transact(lambda connection: add(connection, taken.case_id, file, clock.now()))


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_an_officer_adds_a_document_by_hand_and_sees_why_another_is_refused(
    page: Page, served: str, tmp_path: Path, keep: Keep, language: str
) -> None:
    taken = with_documents()
    a_person("Amina Idrissi", "caseworker")
    photograph, trap = tmp_path / "scan.jpg", tmp_path / "trap.pdf"
    photograph.write_bytes(a_photograph())
    trap.write_bytes(a_pdf(with_script))
    sign_in(page, served, "Amina Idrissi", language)
    page.goto(f"{served}/console/cases/{taken.reference}")
    assert_clean(page)
    page.click("#documents ~ details summary")
    assert_clean(page)
    keep(page, f"console-documents-{language}")

    page.select_option("#desk-shows", "income")
    page.set_input_files("#desk-file", trap)
    follow(page, "form[enctype] button")
    assert PAGES.text(language, "wrong.pdf_script") in (page.text_content("main") or "")
    assert page.locator("#desk-shows").input_value() == "income"
    assert_clean(page)
    keep(page, f"console-documents-refused-{language}")

    page.set_input_files("#desk-file", photograph)
    follow(page, "form[enctype] button")
    assert text(language, "done.DocumentAdded") in (page.text_content("[role=status]") or "")
    assert_clean(page)
    keep(page, f"console-documents-added-{language}")
    assert value("select count(*) from document where actor like 'officer:%%' and shows = 'income'") == 1
