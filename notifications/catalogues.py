"""The texts in each language: gettext catalogues, read at the start, English as the key."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from models.errors import Broken

HERE = Path(__file__).parent / "locales"
DIRECTIONS = {"ar": "rtl", "fr": "ltr"}  # a language is a folder in `locales` and a line here
LANGUAGES = tuple(DIRECTIONS)

Texts = dict[tuple[str | None, str], str]


@cache
def texts(domain: str, language: str) -> Texts:
    """Every text of a domain (`messages` or `pages`) in a language, by context and English key. Raises Broken where one is missing."""
    path = HERE / language / f"{domain}.po"
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    except (OSError, ValueError) as error:
        raise Broken(f"The catalogue {path} cannot be read: {error}") from error
    found = {(each.context, str(each.id)): str(each.string) for each in catalogue if each.id}
    missing = [key for key, text in found.items() if not text]
    if missing:
        raise Broken(f"The catalogue {path} has no text for {missing[0]}.")
    return found


def text(domain: str, language: str, key: str, context: str | None = None) -> str:
    """One text. Raises Broken where the catalogue lacks it: no reader is shown English by accident."""
    try:
        return texts(domain, language)[context, key]
    except KeyError:
        raise Broken(f"The catalogue '{domain}' lacks {key!r} in '{language}'.") from None
