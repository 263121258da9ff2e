"""Which event makes which message owed, as the flow of its kind of case says, in the words of a catalogue.

No message names a person, gives a score or a reason, or holds a link (docs/formats.md).
"""

from functools import cache
from typing import Any

from notifications.catalogues import MESSAGES
from workflows.bodies.body import Contact
from workflows.casefile import CaseFile
from workflows.events import Recorded
from workflows.flows import FLOWS
from workflows.flows.grammar import Message
from workflows.registers.ports import Notice

BESIDES = "_besides"  # ends the template's name where somebody else gets the same message


def notices(case: CaseFile, recorded: Recorded, to: str) -> tuple[Notice, ...]:
    """What this event makes owed, given the file before it and the stage that it led to."""
    flow = FLOWS[case.kind]
    instead = flow.unasked.get(type(recorded.event)) if case.body.unasked else None
    message = instead or flow.messages.get(type(recorded.event))
    if message is None:
        return ()
    stage = flow.stages.get(to)
    days = stage.within.days if stage and stage.within else 0
    first = notice(message, message.template, case.body.contact, reference=case.reference, days=days)
    besides = case.body.told_besides
    if not besides:
        return (first,)
    template = f"{message.template}{BESIDES}"
    return (first, *(notice(message, template, each, reference=case.reference, days=days) for each in besides))


def notice(message: Message, template: str, to: Contact, **places: Any) -> Notice:
    """A message to one of its people. Those without a phone are owed a letter."""
    text = words(message, to.language).format(**places)
    return Notice(template, "sms" if to.phone else "letter", to.language, to.phone, text)


@cache
def words(message: Message, language: str) -> str:
    """A message's text in a language, with its places for `reference` and `days`."""
    return MESSAGES.text(language, message.text, message.template)
