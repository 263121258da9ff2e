"""Brings the catalogues up to what the pages ask for: `make catalogues` adds each text that they lack, still empty.

A template asks for a text by `t("...")`. What it puts together from a part (`t("kind." ~ case.kind)`) is not seen here,
and neither are the messages: those it takes from the catalogues of the other languages, so that a key that one of them
has comes into all, and a new language begins with every text. tests/portal/test_words.py says which keys may be put
together.
"""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.plurals import get_plural
from babel.messages.pofile import escape, read_po

from models.languages import LANGUAGES, SOURCE
from notifications.catalogues import CODED, MESSAGES, Catalogue
from web.language import PAGES

FOLDER = Path(__file__).parent / "templates"
TEMPLATES = [
    *sorted(FOLDER.glob("*.html")),
    *sorted(FOLDER.glob("apply/*.html")),
    *sorted(FOLDER.glob("public/*.html")),
]
Key = tuple[str | None, str]  # context, and the English text or a code


def extracted(templates: Iterable[Path]) -> list[str]:
    """The texts that templates ask for as they are, in their order, each once."""
    found: dict[str, None] = {}
    for template in templates:
        with template.open("rb") as file:
            said = extract("jinja2.ext:babel_extract", file, keywords={"t": None}, options={"silent": "false"})
            found |= {str(each[1]): None for each in said if str(each[1])[-1] != "."}
    return list(found)


def missing(catalogue: Catalogue, asked: Iterable[str]) -> dict[str, list[Key]]:
    """For each language, what its file lacks: what is asked for, and what the file of another language has.

    Of English only coded keys are written.
    """
    written = {language: written_in(catalogue.file(language)) for language in LANGUAGES}
    due = dict.fromkeys([*((None, each) for each in asked), *chain.from_iterable(written.values())])
    return {
        language: [key for key in due if key not in known and (language != SOURCE or CODED.fullmatch(key[1]))]
        for language, known in written.items()
    }


def written_in(path: Path) -> list[Key]:
    """The keys of a file in their order, those without words, too; none where there is no file yet."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [(each.context, str(each.id)) for each in read_po(file) if each.id]


def add(catalogue: Catalogue, asked: Iterable[str]) -> list[str]:
    """Adds what a language lacks to the end of its file, without words yet, and says what it added."""
    added = []
    for language, keys in missing(catalogue, list(asked)).items():
        path = catalogue.file(language)
        if keys and not path.exists():
            begin(path, language)
        if keys:
            with path.open("a", encoding="utf-8") as file:
                file.writelines(entry(*key) for key in keys)
        added += [f"{path.relative_to(catalogue.folder.parents[1])}: {key}" for _, key in keys]
    return added


def entry(context: str | None, key: str) -> str:
    """A text of a file, without words."""
    said = f"msgctxt {escape(context)}\n" if context else ""
    return f'\n{said}msgid {escape(key)}\nmsgstr ""\n'


def begin(path: Path, language: str) -> None:
    """Writes the head of a new language's file."""
    path.parent.mkdir(exist_ok=True)
    head = (f"Language: {language}", "Content-Type: text/plain; charset=utf-8")
    plurals = f"Plural-Forms: {get_plural(language).plural_forms}"
    path.write_text(
        "".join(['msgid ""\nmsgstr ""\n', *(f'"{each}\\n"\n' for each in (*head, plurals))]), encoding="utf-8"
    )


if __name__ == "__main__":
    for line in [*add(PAGES, extracted(TEMPLATES)), *add(MESSAGES, ())]:
        print(line)
