"""A decision tried out and taken back: what the household would be told by it, to the word.

It runs as the decision will, in a transaction that is never committed. So what is shown before a decision is sent is
what the decision makes, and what the decision would refuse is refused before.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from models.database import Connection, transaction
from notifications.catalogues import LANGUAGES
from web.language import PAGES
from web.queries import Reason, reasons_of, status_of
from web.states import state_of
from workflows.casework.answers import AnswerResult

MESSAGES = """
    select channel, language, body from message
    where case_id = (select case_id from receipt where reference = %s) and seq >= %s order by seq, template
"""
LANGUAGE = """
    select coalesce(b.body ->> 'language', b.body -> 'declaration' ->> 'language', 'ar')
    from receipt r join cases c on c.id = r.case_id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where r.reference = %s
"""
# A decision that a worker carries out at once: the page says what it comes to, and not that it is under way.
TOLD_AT_THE_END = {"AppealRejected": "appeal_rejected"}
Decide = Callable[[Connection], AnswerResult]


class Told(NamedTuple):
    """A message that the decision would send."""

    channel: str
    language: str
    body: str


class Rehearsed(NamedTuple):
    """What a decision would come to: its event and stage, its messages, and what the household's page would say."""

    event: str
    stage: str
    messages: Sequence[Told]
    language: str
    direction: str
    title: str
    what: str
    reasons: Sequence[str]


class TakenBack(Exception):
    """Ends the rehearsal, so that nothing of it is committed."""

    def __init__(self, found: Rehearsed) -> None:
        super().__init__()
        self.found = found


def rehearse(decide: Decide, reference: str) -> Rehearsed:
    """Tries a decision out. Raises what the decision would raise."""
    try:
        with transaction() as connection:
            result = decide(connection)
            raise TakenBack(seen(connection, reference, result))
    except TakenBack as taken:
        return taken.found


def seen(connection: Connection, reference: str, result: AnswerResult) -> Rehearsed:
    """What the household would see after the decision."""
    messages = connection.execute(MESSAGES, [reference, result.version]).fetchall()
    row = connection.execute(LANGUAGE, [reference]).fetchone()
    language = row[0] if row and row[0] in LANGUAGES else "ar"
    status = status_of(connection, reference)
    state, word = (
        TOLD_AT_THE_END.get(result.event) or state_of(status),
        "doubt" if result.stage == "hearing" else "reason",
    )
    reasons = [reason_in(language, word, each) for each in reasons_of(connection, status)]
    return Rehearsed(
        result.event,
        result.stage,
        [Told(*each) for each in messages],
        language,
        LANGUAGES[language].direction,
        PAGES.text(language, f"{state}.title"),
        PAGES.text(language, f"{state}.what"),
        reasons,
    )


def reason_in(language: str, word: str, each: Reason) -> str:
    """A reason as the household's page says it, with the value that it is about."""
    said = PAGES.text(language, f"{word}.{each.reason}")
    if not each.value:
        return said
    return f"{PAGES.text(language, '{what}:').format(what=PAGES.text(language, f'field.{each.value}'))} {said}"
