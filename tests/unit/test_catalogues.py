"""The texts in every language: none missing, none doubtful, the same places everywhere."""

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from models.errors import Broken
from notifications.catalogues import LANGUAGES, MESSAGES, Catalogue
from web.language import PAGES
from workflows.bodies.body import Language

DOMAINS = {each.domain: each for each in (MESSAGES, PAGES)}
FILES = [(domain, language) for domain in DOMAINS for language in LANGUAGES]


def catalogue(domain: str, language: str) -> Catalog:
    with (DOMAINS[domain].folder / language / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=language)


def entries(domain: str, language: str) -> list[Message]:
    return [each for each in catalogue(domain, language) if each.id]


def keys(domain: str, language: str) -> set[tuple[str | None, str]]:
    return {(each.context, str(each.id)) for each in entries(domain, language)}


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def test_every_language_is_a_folder_a_line_and_a_choice_of_the_declaration() -> None:
    for each in DOMAINS.values():
        folders = {path.parent.name for path in each.folder.glob(f"*/{each.domain}.po")}
        assert folders == set(LANGUAGES) == set(get_args(Language))
    assert LANGUAGES["ar"].direction == "rtl"


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_language_has_the_same_texts(domain: str) -> None:
    first, *others = (keys(domain, language) for language in LANGUAGES)
    assert all(each == first for each in others)
    assert first


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_no_text_is_missing_doubtful_or_left_over(domain: str, language: str) -> None:
    assert [each.id for each in entries(domain, language) if not each.string or each.fuzzy] == []
    assert not catalogue(domain, language).obsolete


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_a_text_has_the_places_of_the_other_languages(domain: str, language: str) -> None:
    other = DOMAINS[domain].texts(next(each for each in LANGUAGES if each != language))
    assert {key: places(found) for key, found in DOMAINS[domain].texts(language).items()} == {
        key: places(found) for key, found in other.items()
    }


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_no_text_counts_things_because_no_form_of_plural_is_chosen_here(domain: str, language: str) -> None:
    assert [each.id for each in entries(domain, language) if each.pluralizable] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_arabic_is_written_in_arabic_letters(domain: str) -> None:
    """But for names, codes and addresses, no word of another script stands in an Arabic text: readers of speech would
    stumble.
    """
    latin = {
        key: found
        for key, found in DOMAINS[domain].texts("ar").items()
        if re.search(r"[A-Za-z]{3,}", re.sub(r"\{\w+\}|https?://\S+|RSU\S*", "", found))
    }
    assert latin == {}


def test_french_is_not_the_english_key() -> None:
    same = {key for (_, key), found in PAGES.texts("fr").items() if found == key and key.strip(", ")}
    assert same == set()


def test_french_pages_keep_a_mark_of_two_parts_on_the_line_of_its_word() -> None:
    """A blank before : ; ? and ! is one that no line breaks at (U+00A0); an SMS has the plain one, because its alphabet
    knows no other.
    """
    assert [each for each in PAGES.texts("fr").values() if re.search(r"[^\u00a0][:;?!]", each)] == []
    assert [each for each in MESSAGES.texts("fr").values() if "\u00a0" in each or re.search(r"[^ ][:;?!]", each)] == []


@pytest.mark.parametrize(
    ("language", "word", "others"), [("ar", "تعليق", "حفظ الطلب|يحفظ|جانبا"), ("fr", "suspendue", "classée|de côté")]
)
def test_a_lapsed_application_is_called_by_one_word_in_messages_and_pages(
    language: str, word: str, others: str
) -> None:
    said = {key: found for domain in DOMAINS for key, found in DOMAINS[domain].texts(language).items()}
    keys_of_lapse = [key for key in said if "suspended" in key[1] or key[1] == "lapsed.title"]
    assert len(keys_of_lapse) == 4
    assert [key for key in keys_of_lapse if word not in said[key]] == []
    assert [found for found in said.values() if re.search(others, found)] == []


@pytest.mark.parametrize(
    ("catalogue", "file"), [(PAGES, "web/locales/fr/pages.po"), (MESSAGES, "notifications/locales/fr/messages.po")]
)
def test_a_text_that_is_not_there_is_our_fault_names_its_file_and_is_never_shown_in_english(
    catalogue: Catalogue, file: str
) -> None:
    with pytest.raises(Broken, match=f"lacks 'Nothing of the kind' in 'fr': add it to {file}"):
        catalogue.text("fr", "Nothing of the kind")


def test_an_empty_text_is_found_when_the_catalogue_is_read(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "pages.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Show"\nmsgstr ""\n'
    )
    with pytest.raises(Broken, match=r"has no text for .*Show"):
        Catalogue(tmp_path, "pages").texts("fr")
