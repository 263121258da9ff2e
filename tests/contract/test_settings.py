"""README's table of settings is the settings."""

import re
from pathlib import Path

from models.settings import Settings

README = Path(__file__).parents[2] / "README.md"
NAMES = {f"SIJIL_{name.upper()}" for name in Settings.model_fields}


def test_readme_names_every_setting_and_no_other() -> None:
    assert set(re.findall(r"\bSIJIL_[A-Z_]*[A-Z]\b", README.read_text(encoding="utf-8"))) == NAMES


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
