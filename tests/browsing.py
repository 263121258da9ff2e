"""How tests in a browser go from page to page: they wait for the page that answers, as a person does.

Playwright's `click` returns when the press has been sent. Whatever is read then may still be the old page, or none.
"""

from playwright.sync_api import Locator, Page, expect

LONGEST = 30_000  # ms that a busy machine may take to draw a page


def follow(page: Page, link: str | Locator) -> None:
    """Presses a link, or the button of a form, and waits for the page that it leads to."""
    with page.expect_navigation():
        (page.locator(link).first if isinstance(link, str) else link).click()


def assert_focused(page: Page, element: str) -> None:
    """The focus comes to an element; what a page asks for by `autofocus` gets it only once the page is drawn."""
    expect(page.locator(element)).to_be_focused(timeout=LONGEST)
