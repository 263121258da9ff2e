"""What each SMS costs at the most, and what none of them holds: in every language, with the longest values."""

import re
import tomllib
from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest

from notifications.catalogues import LANGUAGES, MESSAGES
from notifications.channels.email_smtp import CLOSING, SUBJECT
from notifications.channels.sms_parts import parts_of
from notifications.codes import TEMPLATE, text_of_code
from notifications.notices import words
from notifications.wording import written
from tests.factories import a_declaration
from tests.unit.segments import MOST_SEGMENTS, segments
from workflows.flows import FLOWS, messages
from workflows.flows.grammar import Message
from workflows.intake.receipts import is_whole, new_reference

FILE = MESSAGES.folder / "segments.toml"
BUDGET = tomllib.loads(FILE.read_text(encoding="utf-8"))
MESSAGES_OF_FLOWS: dict[str, Message] = messages()
REFERENCE, DAYS, DAY = "RSU-7K3M-9QWX-2D5T", 99, written(datetime(2026, 12, 31, 12, tzinfo=UTC))
ON_THE_SITE = {
    "ar": ("بالموقع|في صفحته", "بمركز الخدمة"),
    "fr": ("sur le site", "centre de services"),
    "en": ("on the site", "service centre"),
}
DONE_ON_THE_SITE = [
    *("correction", "correction_asked", "reminder", "hearing", "hearing_reminder", "appeal_set_aside"),
    *("update_correction", "update_correction_asked", "update_reminder", "update_kept_open", "update_conflict"),
    *("update_hearing", "update_hearing_reminder", "removal_announced", "confirmation_due"),
]
EVERY_TEXT = list(product([*MESSAGES_OF_FLOWS, TEMPLATE], LANGUAGES))


def longest(template: str, language: str) -> str:
    """The text as it is sent, with the longest values that its places can have."""
    if template == TEMPLATE:
        return text_of_code(language, "482913")
    return words(MESSAGES_OF_FLOWS[template], language).format(reference=REFERENCE, days=DAYS, day=DAY)


def without_values(template: str, language: str) -> str:
    """The text with nothing in its places."""
    if template == TEMPLATE:
        return text_of_code(language, "·").replace(" 15 ", " ")
    return words(MESSAGES_OF_FLOWS[template], language).format(reference="", days="", day="")


def test_every_text_has_a_budget_in_every_language_and_no_other_has() -> None:
    assert [*BUDGET] == [*MESSAGES_OF_FLOWS, TEMPLATE]
    assert {tuple(each) for each in BUDGET.values()} == {tuple(LANGUAGES)}


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_a_text_takes_the_segments_of_its_budget_with_the_longest_values(template: str, language: str) -> None:
    text = longest(template, language)
    assert segments(text) == BUDGET[template][language] <= MOST_SEGMENTS
    assert len(parts_of(text, UUID(int=7)).octets) == BUDGET[template][language]  # as the SMPP server gets it


def test_the_longest_values_are_the_longest_that_there_are() -> None:
    assert len(new_reference()) == len(REFERENCE)
    assert is_whole(REFERENCE)
    assert max(stage.within.days for flow in FLOWS.values() for stage in flow.stages.values() if stage.within) <= DAYS


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_no_text_holds_a_link(template: str, language: str) -> None:
    text = longest(template, language)
    assert not re.search(r"://|www|@|\.(ma|com|org|net)\b|(?<!\d)/|/(?!\d)", text, re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", DONE_ON_THE_SITE)
def test_what_can_be_done_on_the_site_names_the_site_and_a_service_centre(template: str, language: str) -> None:
    """What was filed anywhere is corrected, answered, chosen or taken back in one's file on the portal, too."""
    text = longest(template, language)
    assert [each for each in ON_THE_SITE[language] if re.search(each, text) is None] == []


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_no_text_has_a_number_of_its_own_such_as_a_score(template: str, language: str) -> None:
    assert not re.search(r"\d", without_values(template, language))


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_no_text_names_a_person(template: str, language: str) -> None:
    names = {
        getattr(member, part)
        for member in a_declaration().members
        for part in ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la")
    }
    assert not [name for name in names if name and name in longest(template, language)]


@pytest.mark.parametrize(("template", "language"), EVERY_TEXT)
def test_no_text_says_why(template: str, language: str) -> None:
    """Whoever reads over a shoulder learns nothing of a review or a reason: the page tells it, behind the reference."""
    reasons = (
        r"\bnames?\b|birth|deceased|died|duplicate|fraud|suspect|\bnom\b|naissance|décéd|décès|doublon|soupçon"
        r"|وفاة|\bتوفي|احتيال|تاريخ الازدياد|الاسم|مكرر|اشتباه"
    )
    assert not re.search(reasons, longest(template, language), re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_e_mail_adds_holds_no_more(language: str) -> None:
    for context, text in (("email_subject", SUBJECT), ("email_closing", CLOSING)):
        assert not re.search(r"\d|://|www|@|\{", MESSAGES.text(language, text, context))
