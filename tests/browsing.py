"""How tests in a browser go from page to page: they wait for the page that answers, as a person does.

Playwright's `click` returns when the press has been sent. Whatever is read then may still be the old page, or none.
"""

from playwright.sync_api import Locator, Page


def follow(page: Page, link: str | Locator) -> None:
    """Presses a link, or the button of a form, and waits for the page that it leads to."""
    with page.expect_navigation():
        (page.locator(link).first if isinstance(link, str) else link).click()
