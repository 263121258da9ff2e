"""The pages in Amazigh are drawn well, two directions on each, in a font that has its script."""

import pytest
from playwright.sync_api import Page

from tests.picturing import Keep
from tests.picturing import keep as keep
from tests.portal.standing import registered, to_correct
from tests.portal.test_browser import CHROMIUM
from tests.portal.test_citizen_in_browser import assert_drawn_well
from tests.portal.test_citizen_in_browser import browser as browser
from tests.portal.test_citizen_in_browser import reader as reader

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: make setup-browser")


@pytest.fixture
def drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting that allows drafts, before the portal starts."""
    monkeypatch.setenv("SIJIL_DRAFT_LANGUAGES", "true")


def test_pages_of_two_directions_are_drawn_well_and_bring_their_font_and_no_other_page_does(
    drafts: None, served: str, reader: Page, keep: Keep
) -> None:
    fonts: list[str] = []
    reader.on("request", lambda request: fonts.append(reader.url) if request.resource_type == "font" else None)
    pages = {
        "home": "",
        "status": f"/status/{registered().reference}",
        "correct": f"/status/{to_correct().reference}",
        "sign-in": "/sign-in",
        "messages": "/our-messages",
        "start": "/apply",
        "no-page": "/status/RSU-0000-0000-0000",
    }
    for address in pages.values():
        reader.goto(f"{served}/ar{address}")
        assert fonts == [], "a page in Arabic has no need of it, though it names the language"
    for name, address in pages.items():
        reader.goto(f"{served}/zgh{address}")
        assert_drawn_well(reader)
        keep(reader, f"citizen-draft-{name}-zgh")
    assert len(fonts) == len(pages)
