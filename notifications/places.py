"""The names of regions and provinces as a letter has them: on one in Arabic in both scripts, for whoever carries it."""

from pathlib import Path

from models.languages import DEFAULT
from notifications.catalogues import Catalogue
from workflows.bodies.territory import COUNTRY, name_of

PLACES = Catalogue(Path(__file__).parent / "locales", "provinces")  # in Arabic; else their Latin names serve


def province_in(language: str, code: str) -> str:
    """A province by its code (ISO 3166-2:MA)."""
    return beside(language, code, name_of(code))


def region_in(language: str, number: int, name: str) -> str:
    """A region by its number (1 to 12, decree 2-15-40); `name`: its Latin one."""
    return beside(language, f"{COUNTRY}-{number:02}", name)


def beside(language: str, code: str, name: str) -> str:
    """The Latin name, in Arabic after the Arabic one."""
    return f"{PLACES.text(DEFAULT, code)} – {name}" if language == DEFAULT else name
