"""The texts in each language, read from gettext catalogues whose keys are the English texts."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po

from models.errors import Broken


class Language(NamedTuple):
    """A language: the direction of its script, its own name for itself, and the locale of its dates."""

    direction: str
    name: str
    locale: str


# A language is a folder in the `locales` of notifications/ and of web/, a line here, and a choice in
# workflows/bodies/declaration.py.
LANGUAGES = {
    "ar": Language("rtl", "العربية", "ar_MA"),  # plain `ar` would name the months as in Syria
    "fr": Language("ltr", "Français", "fr_MA"),
}
# The staff may read the console in English, too.
STAFF_LANGUAGES = {**LANGUAGES, "en": Language("ltr", "English", "en_GB")}
Texts = dict[tuple[str | None, str], str]


class Catalogue(NamedTuple):
    """The texts of one domain: for each language, the file `LANGUAGE/DOMAIN.po` in a folder."""

    folder: Path
    domain: str

    def texts(self, language: str) -> Texts:
        """Every text in a language, by context and English key, read once. Raises Broken if one is missing."""
        return read_texts(self.file(language), language)

    def file(self, language: str) -> Path:
        """The file that holds the texts in a language."""
        return self.folder / language / f"{self.domain}.po"

    def text(self, language: str, key: str, context: str | None = None) -> str:
        """One text. Raises Broken if the catalogue lacks it, so that no reader sees English by accident."""
        try:
            return self.texts(language)[context, key]
        except KeyError:
            here = self.file(language).relative_to(self.folder.parents[1])
            raise Broken(f"The catalogue '{self.domain}' lacks {key!r} in '{language}': add it to {here}.") from None


@cache
def read_texts(path: Path, language: str) -> Texts:
    """Every text of a file. Raises Broken if it cannot be read, or a text is missing."""
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


MESSAGES = Catalogue(Path(__file__).parent / "locales", "messages")
