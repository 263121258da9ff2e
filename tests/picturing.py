"""Pictures of pages, for people to look at: `make screenshots` keeps them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

Keep = Callable[[Page, str], None]


@pytest.fixture
def keep(pytestconfig: pytest.Config) -> Keep:
    """Keeps a picture of a page under a name, where `--pictures` names a folder for that."""
    folder: Path | None = pytestconfig.getoption("--pictures")

    def picture(page: Page, name: str) -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png", full_page=True)

    return picture
