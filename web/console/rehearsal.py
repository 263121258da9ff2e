"""A decision tried out and taken back: what the household would be told by it, to the word.

It runs as the decision will, in a transaction that is never committed. So what is shown before a decision is sent is
what the decision makes, and what the decision would refuse is refused before. Of an upheld appeal the household is told
once a worker has corrected its entry: that message is shown too, with the index that the entry will have.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from models import clock
from models.database import Connection, transaction
from notifications.catalogues import LANGUAGES
from notifications.notices import owed
from web.language import PAGES
from web.queries import Reason, reasons_of, status_of
from web.states import state_of
from workflows.casework.answers import AnswerResult
from workflows.casework.foretelling import foretold
from workflows.engine.load import COLUMNS, CaseRow, case_files

MESSAGES = """
    select channel, language, body from message
    where case_id = (select case_id from receipt where reference = %s) and seq >= %s order by seq, template
"""
ROW = f"select {COLUMNS} from cases where id = (select case_id from receipt where reference = %s)"
LANGUAGE = """
    select coalesce(b.body ->> 'language', b.body -> 'declaration' ->> 'language', 'ar')
    from receipt r join cases c on c.id = r.case_id
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number) where r.reference = %s
"""
# A decision that a worker carries out at once: the page says what it comes to, and not that it is under way.
TOLD_AT_THE_END = {"AppealRejected": "appeal_rejected", "AppealUpheld": "appeal_effective"}
Decide = Callable[[Connection], AnswerResult]


class Told(NamedTuple):
    """A message that the decision would send."""

    channel: str
    language: str
    body: str


class Rehearsed(NamedTuple):
    """What a decision would come to: its event and stage, its messages, and what the household's page would say.

    `later`: the messages that follow once the entry is corrected; `score`: the index that it then has.
    """

    event: str
    stage: str
    messages: Sequence[Told]
    language: str
    direction: str
    title: str
    what: str
    reasons: Sequence[str]
    later: Sequence[Told] = ()
    score: Decimal | None = None


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
    later, score = seen_later(connection, reference)
    state = TOLD_AT_THE_END.get(result.event) or state_of(status)
    if later and score is None:
        state = "appeal_without_entry"
    word = "doubt" if result.stage == "hearing" else "reason"
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
        later,
        score,
    )


def seen_later(connection: Connection, reference: str) -> tuple[Sequence[Told], Decimal | None]:
    """What the household is told once a worker has carried the decision out, and the index of its entry by then."""
    (file,) = case_files(connection, [CaseRow(*row) for row in connection.execute(ROW, [reference])])
    found = foretold(file, clock.now())
    if found is None:
        return (), None
    return [Told(each.channel, each.language, each.body) for each in owed(file, found.event)], found.score


def reason_in(language: str, word: str, each: Reason) -> str:
    """A reason as the household's page says it, with the value that it is about."""
    said = PAGES.text(language, f"{word}.{each.said}")
    if not each.value:
        return said
    return f"{PAGES.text(language, '{what}:').format(what=PAGES.text(language, f'field.{each.value}'))} {said}"
