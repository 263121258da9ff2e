"""Which event makes which message owed, as the flow of its kind of case says, in the words of a catalogue.

No message names a person, gives a score or a reason, or holds a link (docs/formats.md).
"""

from datetime import datetime
from functools import cache
from typing import Any

from models.days import MOROCCO
from notifications.catalogues import MESSAGES
from workflows.bodies.body import Contact
from workflows.casefile import CaseFile
from workflows.events.event import Recorded
from workflows.flows import FLOWS
from workflows.flows.grammar import Message, Stage
from workflows.registers.ports import Notice

BESIDES = "_besides"  # ends the template's name where somebody else gets the same message


def notices(case: CaseFile, recorded: Recorded, to: str) -> tuple[Notice, ...]:
    """What this event makes owed, given the file before it and the stage that it led to."""
    flow, event = FLOWS[case.kind], type(recorded.event)
    message = flow.messages.get(event)
    if message is None:
        return ()
    if case.body.unasked:
        message = flow.unasked.get(event, message)
    places = {"reference": case.reference, **term_of(flow.stages.get(to), case, recorded)}
    first = notice(message, message.template, case.body.contact, **places)
    besides = case.body.told_besides
    if not besides:
        return (first,)
    template = f"{message.template}{BESIDES}"
    return (first, *(notice(message, template, each, **places) for each in besides))


def term_of(stage: Stage | None, case: CaseFile, recorded: Recorded) -> dict[str, Any]:
    """How many days the stage gives, and the last of them: a term that runs already ends as its page says."""
    if stage is None or stage.within is None:
        return {"days": 0, "day": ""}
    runs = stage.name == case.stage
    begun = case.stage_since if runs else recorded.event.since or recorded.at
    until = (case.deadline if runs else None) or begun + stage.within
    return {"days": stage.within.days, "day": written(until)}


def written(moment: datetime) -> str:
    """Morocco's date at this moment as each of our languages writes it: no phone turns its order, no letter costs."""
    return f"{moment.astimezone(MOROCCO):%d/%m/%Y}"


def notice(message: Message, template: str, to: Contact, **places: Any) -> Notice:
    """A message to one of its people. Those without a phone are owed a letter."""
    text = words(message, to.language).format(**places)
    return Notice(template, "sms" if to.phone else "letter", to.language, to.phone, text)


@cache
def words(message: Message, language: str) -> str:
    """A message's text in a language, with its places for `reference`, `days` and `day`."""
    return MESSAGES.text(language, message.text, message.template)
