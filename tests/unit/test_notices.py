"""What people are told: every event that concerns them, in their language, in few words that give nothing away."""

import re
from datetime import UTC, datetime
from itertools import product
from string import Formatter

import msgspec
import pytest

from notifications.catalogues import LANGUAGES
from notifications.notices import notices, words
from tests.factories import EVENTS, a_case_file, a_declaration, a_recorded
from tests.unit.segments import GSM_7, segments
from workflows.events.event import REMINDING, Event
from workflows.events.registration import CorrectionAsked, CorrectionReminded, HouseholdApproved, PersonsVerified
from workflows.flows import FLOWS, messages, move
from workflows.flows.grammar import Message
from workflows.flows.registration import FLOW as REGISTRATION
from workflows.registers.ports import Notice

TEMPLATES = {template: each.text for template, each in messages().items()}
TOLD = [event for event in EVENTS if REGISTRATION.messages.get(type(event))]
COMES_FROM = {event: stage.name for stage in REGISTRATION.stages.values() for event in stage.transitions}
LANGUAGE_OF_EVERY_TEXT = list(product(TEMPLATES, LANGUAGES))


def owed(event: Event, language: str = "ar", phone: str | None = "+212612345678") -> Notice:
    """The one message that this event makes owed."""
    file = a_case_file(declaration=a_declaration(language=language, phone=phone))
    (message,) = notices(file, a_recorded(event), leads_to(event))
    return message


def leads_to(event: Event) -> str:
    """The stage of a registration to which this event leads."""
    return move("registration", COMES_FROM.get(type(event), REGISTRATION.first), event).stage


def message_of(template: str) -> Message:
    """A template with its English text."""
    return Message(template, TEMPLATES[template])


def each_message() -> list[Notice]:
    """Every message in every language."""
    return [owed(event, language) for event in TOLD for language in LANGUAGES]


@pytest.mark.parametrize("event", TOLD, ids=lambda event: type(event).__name__)
def test_an_event_that_concerns_the_citizen_makes_one_message_owed(event: Event) -> None:
    message = owed(event)
    assert (message.template, message.channel, message.language, message.recipient) == (
        getattr(REGISTRATION.messages[type(event)], "template", None),
        "sms",
        "ar",
        "+212612345678",
    )
    assert "RSU-7K3M-9QWX-2D5T" in message.body


@pytest.mark.parametrize(
    "event",
    [event for event in EVENTS if not REGISTRATION.messages.get(type(event)) and not isinstance(event, REMINDING)],
    ids=lambda event: type(event).__name__,
)
def test_an_event_that_changes_nothing_for_the_citizen_is_silent(event: Event) -> None:
    assert notices(a_case_file(), a_recorded(event), leads_to(event)) == ()


def test_the_stages_between_are_silent_and_the_outcome_is_told() -> None:
    silent = [type(event) for event in EVENTS if not notices(a_case_file(), a_recorded(event), leads_to(event))]
    assert PersonsVerified in silent
    assert HouseholdApproved in silent


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_household_without_a_phone_is_owed_a_letter(language: str) -> None:
    message = owed(TOLD[0], language, phone=None)
    assert (message.channel, message.recipient, message.language) == ("letter", None, language)
    assert message.body == owed(TOLD[0], language).body


@pytest.mark.parametrize("phone", ["+212612345678", None])
def test_a_household_with_an_e_mail_address_gets_the_same_message_there_besides(phone: str | None) -> None:
    file = a_case_file(declaration=a_declaration(language="fr", phone=phone, email="home@example.ma"))
    first, mail = notices(file, a_recorded(TOLD[0]), leads_to(TOLD[0]))
    assert first == owed(TOLD[0], "fr", phone)
    assert mail == first._replace(template=f"{first.template}_by_email", channel="email", recipient="home@example.ma")


def test_the_words_are_those_of_the_declarations_language() -> None:
    assert owed(TOLD[0], "ar").body.startswith("السجل")
    assert owed(TOLD[0], "fr").body.startswith("RSU : nous")


# What no message holds -----------------------------------------------------------------------------


def test_no_message_gives_a_score_an_identifier_or_any_number_beside_the_days() -> None:
    days = {
        "correction": ["30"],
        "correction_asked": ["30"],
        "hearing": ["15"],
        "appeal_received": ["60"],
        "appeal_information": ["30"],
        "appeal_late": ["15"],
        "update_correction": ["30"],
        "update_correction_asked": ["30"],
        "update_hearing": ["15"],
        "update_conflict": ["15"],
        "removal_announced": ["7"],
        "new_phone": ["4"],
        "entry_value_asked": ["30"],
        "entry_differs": ["30"],
        "entry_declare_anew": ["30"],
        "enrolment_received": ["90"],
        "enrolment_returned": ["90"],
    }
    assert days.keys() == {template for template, text in TEMPLATES.items() if "{days}" in text}
    for message in each_message():
        told = message.body.replace("RSU-7K3M-9QWX-2D5T", "")
        if "{day}" in TEMPLATES[message.template]:
            told = re.sub(r"\b\d\d/\d\d/\d{4}\b", "", told, count=1)
        numbers = re.findall(r"\d+", told)
        assert numbers == days.get(message.template, []), message


def test_a_reminder_says_the_last_day_of_the_term_that_runs_as_morocco_writes_it() -> None:
    """The 23rd at 23:30 UTC was the 24th in Morocco, an hour ahead then."""
    until = datetime(2025, 12, 23, 23, 30, tzinfo=UTC)
    stage = REGISTRATION.stages["needs_correction"]
    file = msgspec.structs.replace(a_case_file(), stage=stage.name, deadline=until)
    (reminder,) = notices(file, a_recorded(CorrectionReminded(reminder=1)), stage.name)
    assert "24/12/2025" in reminder.body

    unset = msgspec.structs.replace(file, deadline=None, stage_since=until - stage.within)  # type: ignore[operator]  # this stage has a term
    assert notices(unset, a_recorded(CorrectionReminded(reminder=1)), stage.name) == (reminder,)


def test_every_reminder_of_a_citizen_says_a_day() -> None:
    reminders = {template for template in TEMPLATES if template.endswith("reminder")}
    reminders |= {"confirmation_due", "change_invited"}
    assert len(reminders) == 9
    assert {template for template, text in TEMPLATES.items() if "{day}" in text} == reminders


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_names_the_register_alike(language: str) -> None:
    """Another name looks like fraud."""
    name = {"ar": "السجل الاجتماعي الموحد: ", "fr": "RSU : ", "en": "RSU: "}[language]
    assert [each for each in TEMPLATES if not words(message_of(each), language).startswith(name)] == []


# Form ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("template", "language"), LANGUAGE_OF_EVERY_TEXT)
def test_every_template_has_words_in_every_language_with_the_places_of_the_english(
    template: str, language: str
) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    assert places(words(message_of(template), language)) == places(TEMPLATES[template]) <= {"reference", "days", "day"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_french_messages_are_written_in_the_alphabet_of_sms(template: str) -> None:
    """One letter outside it, such as ô or ç, would halve what a segment holds."""
    foreign = set(words(message_of(template), "fr").format(reference="RSU", days=30, day="14/12/2026")) - GSM_7
    assert not foreign, f"not in the alphabet of SMS (tests/unit/segments.py): {sorted(foreign)}"


def test_the_days_are_those_of_the_stage_and_fall_under_the_arabic_form_that_is_written() -> None:
    """Arabic has one form of the word 'days' for 3 to 10 and one for 11 to 99. Another period needs another text."""
    for flow in FLOWS.values():
        for stage in flow.stages.values():
            for event, to in stage.transitions.items():
                message, period = flow.messages[event], flow.stages[to].within
                if message and "{days}" in message.text:
                    assert period
                    assert 3 <= period.days % 100 <= 99
                    assert ("أيام" if period.days % 100 <= 10 else "يوما") in words(message, "ar")


def test_a_correction_that_a_caseworker_asks_for_is_not_blamed_on_the_population_register() -> None:
    asked = next(event for event in TOLD if isinstance(event, CorrectionAsked))
    assert "caseworker" in TEMPLATES[owed(asked).template]
    assert not any(
        register in owed(asked, language).body
        for language, register in (("ar", "سجل السكان"), ("fr", "registre de la population"))
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_promises_what_the_portal_cannot_do(language: str) -> None:
    assert not [
        name
        for name in TEMPLATES
        if re.search(r"online|en ligne|عبر البوابة", TEMPLATES[name] + words(message_of(name), language))
    ]


# Segments (3GPP TS 23.038) -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ê", 1),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("م" * 70, 1),
        ("م" * 71, 2),
        ("م" * 134, 2),
        ("م" * 135, 3),
        ("a" * 70 + "م", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_operators_bill_them(text: str, count: int) -> None:
    assert segments(text) == count
