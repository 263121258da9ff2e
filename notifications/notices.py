"""Which event makes which message owed, as the flow of its kind of case says, in the words of a catalogue.

No message names a person, gives a score or a reason, or holds a link (docs/formats.md).
"""

import re
from datetime import datetime
from functools import cache
from string import Formatter
from typing import Any

from models.errors import Broken
from notifications.catalogues import MESSAGES
from notifications.wording import ANSWER, CONTEST, TRIED, as_day, says, written
from workflows.bodies.body import Contact
from workflows.casefile import CaseFile
from workflows.engine.reached import TELLING
from workflows.events.event import KINDS, ChangeInvited, ConfirmationReminded, Event, MessageRepeated, Recorded
from workflows.flows import CHANGE_INVITED, CONFIRMATION_DUE, FLOWS, stage_of
from workflows.flows.grammar import BESIDES, Message, Stage
from workflows.policies import newest_terms
from workflows.registers.ports import Notice

NO_WORD = re.compile("[{}%]")  # what only a place has
BY_EMAIL = "_by_email"  # ends it where the same people get it by e-mail, too


def notices(case: CaseFile, recorded: Recorded, to: str) -> tuple[Notice, ...]:
    """What this event makes owed, given the file before it and the stage that it led to."""
    if isinstance(recorded.event, MessageRepeated):
        return (repeated(case, recorded.event, recorded.at, to),)
    if isinstance(recorded.event, ConfirmationReminded):
        return to_people(CONFIRMATION_DUE, case.body.contact, reference=case.reference, day=as_day(recorded.event.day))
    if isinstance(recorded.event, ChangeInvited):
        return to_people(CHANGE_INVITED, case.body.contact, reference=case.reference, day=as_day(recorded.event.day))
    event = type(recorded.event)
    if FLOWS[case.kind].messages.get(event) is None:
        return ()
    return owed(case, event, **term_of(FLOWS[case.kind].stages.get(to), case, recorded))


def owed(case: CaseFile, event: type[Event], *, days: int = 0, day: str = "") -> tuple[Notice, ...]:
    """What an event of this kind makes owed; `days` and `day` are those of the stage that it leads to."""
    message = message_of(case, event)
    if message is None:
        return ()
    places = {"reference": case.reference, "days": days, "day": day}
    besides = [notice(message, f"{message.template}{BESIDES}", each, **places) for each in case.body.told_besides]
    first, *by_email = to_people(message, case.body.contact, **places)
    return (first, *besides, *by_email)


def to_people(message: Message, contact: Contact, **places: Any) -> tuple[Notice, ...]:
    """A message to the people of a case, and its copy by e-mail where they gave an address."""
    first = notice(message, message.template, contact, **places)
    return (first, copy_by_email(first, contact.email)) if contact.email else (first,)


def copy_by_email(first: Notice, address: str) -> Notice:
    """The same message by e-mail; it never comes in the place of the other one (docs/decisions/0047)."""
    return first._replace(template=f"{first.template}{BY_EMAIL}", channel="email", recipient=address)


def message_of(case: CaseFile, event: type[Event]) -> Message | None:
    """The message that an event of this kind makes owed; None: nobody is told."""
    flow = FLOWS[case.kind]
    instead = flow.unasked if case.body.unasked else flow.confirming if case.body.confirms else {}
    if case.body.by_register:
        instead = {**instead, **flow.by_register}
    return instead.get(event, flow.messages.get(event))


def repeated(case: CaseFile, event: MessageRepeated, at: datetime, to: str) -> Notice:
    """The message that follows one of which nothing proves that it arrived, by the channel that the event names."""
    message = message_of(case, KINDS[event.event])
    assert message is not None
    within = stage_of(case.kind, to).within if event.renews else None
    since = event.since or at
    places = {"days": within.days if within else 0, "day": written(since + within) if within else ""}
    to_whom = case.body.told_besides[0] if message.to_besides else case.body.contact
    told = notice(message, message.to_prove, to_whom, reference=case.reference, **places)
    if event.channel == told.channel:
        return told
    return told._replace(channel=event.channel, recipient=None, body=letter(told, event, at))


def letter(told: Notice, event: MessageRepeated, at: datetime) -> str:
    """The text of a letter that follows text messages: why it comes, what they said, from when their term counts."""
    parts = [says(told.language, TRIED, day=written(event.first)), told.body]
    if event.renews:
        parts.append(says(told.language, ANSWER, day=written(event.since or at)))
    if issubclass(KINDS[event.event], TELLING):
        parts.append(says(told.language, CONTEST, days=newest_terms()["lodging"].within.days))
    return "\n\n".join(parts)


def term_of(stage: Stage | None, case: CaseFile, recorded: Recorded) -> dict[str, Any]:
    """How many days the stage gives, and the last of them: a term that runs already ends as its page says."""
    if stage is None or stage.within is None:
        return {"days": 0, "day": ""}
    runs = stage.name == case.stage
    begun = case.stage_since if runs else recorded.event.since or recorded.at
    until = (case.deadline if runs else None) or begun + stage.within
    return {"days": stage.within.days, "day": written(until)}


def notice(message: Message, template: str, to: Contact, **places: Any) -> Notice:
    """A message to one of its people. Those without a phone are owed a letter."""
    text = filled(words(message, to.language), message.template, **places)
    return Notice(template, "sms" if to.phone else "letter", to.language, to.phone, text)


@cache
def words(message: Message, language: str) -> str:
    """A message's text in a language, with its places for `reference`, `days` and `day`.

    Raises Broken where its places are not those of the English text: nothing is sent by half a text.
    """
    text = MESSAGES.text(language, message.text, message.template)
    if (found := places_of(text)) is None or found != places_of(message.text):
        file = MESSAGES.file(language).relative_to(MESSAGES.folder.parents[1])
        raise Broken(
            f"The text of '{message.template}' in '{language}' has other places than the English one, or a brace or a "
            f"percent sign that is none: correct {file}. Until then no such message is sent."
        )
    return text


@cache
def places_of(text: str) -> frozenset[str] | None:
    """The names of a text's places; None where something looks like a place, and is none that we fill."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return None
    places = [(name, form, conversion) for _, name, form, conversion in parts if name is not None]
    if any(NO_WORD.search(literal) for literal, *_ in parts) or any(
        form or conversion or not name.isidentifier() for name, form, conversion in places
    ):
        return None
    return frozenset(name for name, *_ in places)


def filled(text: str, template: str, **values: str | int) -> str:
    """A text with a value in each of its places. Raises Broken where one has none."""
    if missing := sorted(name for name in places_of(text) or () if not values.get(name)):
        raise Broken(f"The message '{template}' has no value for {', '.join(missing)}: it is not sent.")
    return text.format(**values)
