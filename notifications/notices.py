"""Which event makes which message owed, as the flow of its kind of case says, in the words of a catalogue.

No message names a person, gives a score or a reason, or holds a link (docs/formats.md).
"""

from functools import cache

from notifications.catalogues import MESSAGES
from workflows.casefile import CaseFile
from workflows.events import Recorded
from workflows.flows import FLOWS
from workflows.flows.grammar import Message
from workflows.registers.ports import Notice


def notices(case: CaseFile, recorded: Recorded, to: str) -> tuple[Notice, ...]:
    """What this event makes owed, given the file before it and the stage that it led to.

    People without a phone are owed a letter.
    """
    flow = FLOWS[case.kind]
    message = flow.messages.get(type(recorded.event))
    if message is None:
        return ()
    language, phone = case.body.contact
    stage = flow.stages.get(to)
    days = stage.within.days if stage and stage.within else 0
    text = words(message, language).format(reference=case.reference, days=days)
    return (Notice(message.template, "sms" if phone else "letter", language, phone, text),)


@cache
def words(message: Message, language: str) -> str:
    """A message's text in a language, with its places for `reference` and `days`."""
    return MESSAGES.text(language, message.text, message.template)
