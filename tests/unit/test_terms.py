"""The official terms, and words that accuse: every text that a citizen reads is held to one list for reviewers."""

import re
import tomllib
from collections.abc import Iterator

import pytest

from models.languages import LANGUAGES, SOURCE
from notifications.catalogues import MESSAGES, Catalogue
from web.language import PAGES

LIST = tomllib.loads((MESSAGES.folder / "terms.toml").read_text(encoding="utf-8"))
TERMS, ACCUSATIONS = LIST["terms"], LIST["accusations"]


def texts(language: str, *catalogues: Catalogue) -> Iterator[tuple[str, str]]:
    """Every text of a citizen's pages and messages: the English, and the language's own."""
    for catalogue in catalogues or (MESSAGES, PAGES):
        for context, key in catalogue.texts("ar"):
            yield catalogue.text(SOURCE, key, context), catalogue.text(language, key, context)


def of_messages(term: dict[str, list[str]]) -> list[str]:
    """What a message may have in the place of a term."""
    return term.get("sms", []) + term.get("in_messages", [])


@pytest.mark.parametrize("catalogue", [MESSAGES, PAGES], ids=lambda each: each.domain)
@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("term", TERMS, ids=lambda each: each["english"])
def test_where_the_english_names_a_term_the_text_has_the_official_one(
    term: dict[str, list[str]], language: str, catalogue: Catalogue
) -> None:
    official = term[language] + (of_messages(term) if catalogue is MESSAGES else [])
    asked = str(term["english"]).lower()
    named = [said for english, said in texts(language, catalogue) if asked in re.sub(r"\{\w*\}", "", english).lower()]
    assert [said for said in named if not any(each in said.lower() for each in official)] == []


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("term", TERMS, ids=lambda each: each["english"])
def test_no_text_has_a_form_of_a_term_that_is_not_official(term: dict[str, list[str]], language: str) -> None:
    pages = [said for _, said in texts(language, PAGES) for wrong in term.get("sms", []) if wrong in said]
    assert pages + [said for _, said in texts(language) for wrong in term["not"] if wrong in said] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_accuses_anybody(language: str) -> None:
    """A reason is a fact that can be answered."""
    words = re.compile("|".join(rf"\b{word}" for word in ACCUSATIONS[language]), re.IGNORECASE)
    assert [said for _, said in texts(language) if words.search(said)] == []


def test_a_word_that_accuses_would_be_found() -> None:
    assert all(ACCUSATIONS[language] for language in LANGUAGES)
    assert re.search(rf"\b{ACCUSATIONS['ar'][0]}", "في الملف احتيال")
