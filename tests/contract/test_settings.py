"""docs/settings.md names every setting, and no page names one that is not there."""

import re
from pathlib import Path

import pytest

from models.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "docs/settings.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = {f"SIJIL_{name.upper()}" for name in Settings.model_fields}


def named_in(page: Path) -> set[str]:
    """The settings that a page names."""
    return set(re.findall(r"\bSIJIL_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))


def test_the_page_of_settings_names_every_setting_and_no_other() -> None:
    assert named_in(SETTINGS) == NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_setting_that_is_not_there(page: Path) -> None:
    assert named_in(page) <= NAMES


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
