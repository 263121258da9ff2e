"""The texts in each language, read from gettext catalogues whose keys are the English texts."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po

from models.errors import Broken
from models.languages import LANGUAGES, SOURCE

__all__ = ["CODED", "LANGUAGES", "MESSAGES", "STAFF_LANGUAGES", "Catalogue"]


# The staff may read the console in these.
STAFF_LANGUAGES = {code: each for code, each in LANGUAGES.items() if each.console}
CODED = re.compile(r"[a-z_]+\.\S.*", re.DOTALL)  # a key that is no sentence: `role.caseworker`
Texts = dict[tuple[str | None, str], str]


class Catalogue(NamedTuple):
    """The texts of one domain: for each language, the file `LANGUAGE/DOMAIN.po` in a folder."""

    folder: Path
    domain: str

    def texts(self, language: str) -> Texts:
        """Every text in a language, by context and English key, read once. Raises Broken if one is missing.

        Of English the file holds what stands under a coded key; a catalogue of sentences alone has no such file.
        """
        return texts_of(self, language)

    def file(self, language: str) -> Path:
        """The file that holds the texts in a language."""
        return self.folder / language / f"{self.domain}.po"

    def text(self, language: str, key: str, context: str | None = None) -> str:
        """One text. Raises Broken if the catalogue lacks it, so that no reader sees English by accident."""
        try:
            return self.texts(language)[context, key]
        except KeyError:
            if language == SOURCE and not CODED.fullmatch(key):
                return key
            here = self.file(language).relative_to(self.folder.parents[1])
            raise Broken(f"The catalogue '{self.domain}' lacks {key!r} in '{language}': add it to {here}.") from None


@cache
def texts_of(catalogue: Catalogue, language: str) -> Texts:
    """Every text of a catalogue in a language. A page asks for a hundred texts: to make the file's path each time took
    half of the time of a page.
    """
    path = catalogue.file(language)
    return {} if language == SOURCE and not path.exists() else read_texts(path, language)


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
