"""The texts in every language: none missing, none doubtful, the same places everywhere."""

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from models.errors import Broken
from models.languages import DRAFTS, LANGUAGES, SOURCE
from notifications.catalogues import CODED, MESSAGES, Catalogue
from web.language import PAGES, day, number, province, term
from workflows.bodies.body import Language
from workflows.bodies.territory import provinces, region_of

DOMAINS = {each.domain: each for each in (MESSAGES, PAGES)}
FILES = [(each.domain, code) for each in DOMAINS.values() for code in (*LANGUAGES, *DRAFTS) if each.file(code).exists()]


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
        assert folders - set(DRAFTS) | {SOURCE} == set(LANGUAGES) == set(get_args(Language))
    assert [code for code, each in LANGUAGES.items() if each.direction == "rtl"] == ["ar"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_language_has_the_same_texts(domain: str) -> None:
    first, *others = (keys(domain, language) for language in LANGUAGES if language != SOURCE)
    assert all(each == first for each in others)
    assert first
    in_english = set(DOMAINS[domain].texts(SOURCE))
    assert in_english == {(context, key) for context, key in first if CODED.fullmatch(key)}


@pytest.mark.parametrize("language", DRAFTS)
def test_a_draft_says_that_it_is_one_has_pages_alone_and_no_text_that_is_not_asked_for(language: str) -> None:
    assert not MESSAGES.file(language).exists(), "no phone need draw its script"
    head = PAGES.file(language).read_text(encoding="utf-8").partition("msgstr")[0]
    assert head.startswith("# Draft.")
    assert "Made by a machine" in head
    assert "read by nobody" in head
    assert keys("pages", language) < keys("pages", "ar")
    english = {found for (_, key), found in PAGES.texts(language).items() if re.search("[A-Za-z]{3,}", found)}
    assert {each for each in english if not re.fullmatch(r"\W*\{\w+\}\W*", each) and "{" not in each} == set()


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_no_text_is_missing_doubtful_or_left_over(domain: str, language: str) -> None:
    assert [each.id for each in entries(domain, language) if not each.string or each.fuzzy] == []
    assert not catalogue(domain, language).obsolete


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_a_text_has_the_places_of_the_other_languages(domain: str, language: str) -> None:
    said = DOMAINS[domain]
    for (context, key), found in said.texts(language).items():
        assert places(found) == places(said.text(SOURCE, key, context)), key


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_no_text_counts_things_because_no_form_of_plural_is_chosen_here(domain: str, language: str) -> None:
    assert [each.id for each in entries(domain, language) if each.pluralizable] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_arabic_is_written_in_arabic_letters(domain: str) -> None:
    """But for names, codes, addresses and PDF, which nobody writes in Arabic letters, no word of another script stands
    in an Arabic text: readers of speech would stumble.
    """
    latin = {
        key: found
        for key, found in DOMAINS[domain].texts("ar").items()
        if re.search(r"[A-Za-z]{3,}", re.sub(r"\{\w+\}|https?://\S+|RSU\S*|\bPDF\b", "", found))
    }
    assert latin == {}
    assert [key for key, found in DOMAINS[domain].texts("ar").items() if "بي دي إف" in found] == []


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


def test_a_text_that_was_shown_before_is_shown_without_a_look_at_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [PAGES.text(language, "Begin") for language in LANGUAGES]

    def look(*_: object) -> Path:
        raise AssertionError("A page asks for a hundred texts: to make a path for each takes longer than all else.")

    monkeypatch.setattr(Catalogue, "file", look)
    assert [PAGES.text(language, "Begin") for language in LANGUAGES] == said


def test_numbers_and_dates_that_were_shown_before_are_shown_without_babel(monkeypatch: pytest.MonkeyPatch) -> None:
    noon, late = datetime(2026, 11, 25, 12, tzinfo=UTC), datetime(2026, 11, 25, 20, tzinfo=UTC)
    said = [(day(code, noon), number(code, "1.50"), term(code, Decimal("0.331"))) for code in LANGUAGES]
    for name in ("format_date", "format_decimal"):
        monkeypatch.setattr(f"web.language.{name}", None)
    assert [(day(code, late), number(code, "1.50"), term(code, Decimal("0.3310"))) for code in LANGUAGES] == said


def test_every_province_has_a_name_in_arabic_script_and_in_latin() -> None:
    in_arabic = [province("ar", each) for each in provinces()]
    assert len(set(in_arabic)) == len(in_arabic) == 75
    assert not any(letter.isascii() and letter.isalpha() for each in in_arabic for letter in each)
    assert province("fr", "MA-TNG") == province("en", "MA-TNG") == "Tanger-Assilah"


def test_a_province_is_of_the_region_that_the_decree_names() -> None:
    """Nouaceur is of Casablanca-Settat, Chtouka-Ait Baha of Souss-Massa, whatever the list of countries says."""
    assert (region_of("MA-NOU"), region_of("MA-CHT")) == (6, 9)
    assert Counter(provinces().values()) == dict(enumerate((8, 8, 9, 7, 5, 9, 8, 5, 6, 4, 4, 2), start=1))
