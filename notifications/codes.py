"""Sends the codes that somebody waits for, on a thread of its own: no backlog of other messages holds them up.

A code is sent at most once, and never once it is old: whoever gets none asks for another. So it has no lease and no
tries; it goes back only where the gateway surely carried nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from models import clock
from models.database import transaction
from notifications.deliver import ACCEPTED, BATCH, CallRefused, Deliverer
from notifications.leases import SMS, Leased
from notifications.notices import filled, words
from workflows.flows.grammar import Message
from workflows.intake.codes import LIFE, code_of

# It is of use to nobody who has waited for longer, and asked anew.
SEND_WITHIN = timedelta(minutes=2)
TEXT = "RSU: your code is {code}. It is valid for {minutes} minutes. Give it to nobody, not even to an officer."
TEMPLATE = "phone_code"
TAKE = """
    with due as (
        select token, recipient from phone_code where status = 'owed' and at > %s
        order by at limit %s for update skip locked
    )
    update phone_code c set status = 'sent', recipient = null from due where c.token = due.token
    returning c.token, due.recipient, c.language
"""
GIVE_BACK = """
    update phone_code c set status = 'owed', recipient = back.recipient
    from unnest(%s::bytea[], %s::text[]) as back (token, recipient) where c.token = back.token and c.status = 'sent'
"""
FAILED = "update phone_code set status = 'failed' where token = any(%s::bytea[]) and status = 'sent'"
TOO_LATE = "update phone_code set status = 'failed', recipient = null where status = 'owed' and at <= %s"


class Code(NamedTuple):
    """A code that is due: to whom, and in which language."""

    token: bytes
    recipient: str
    language: str

    @property
    def message(self) -> Leased:
        """The message as a gateway takes it."""
        return Leased(0, 0, TEMPLATE, UUID(bytes=self.token[:16]), 1, 1, SMS, self.recipient, self.text)

    @property
    def text(self) -> str:
        """Its text, with the code."""
        return text_of_code(self.language, code_of(self.token))


def text_of_code(language: str, code: str) -> str:
    """The message that brings a code."""
    text = words(Message(TEMPLATE, TEXT), language)
    return filled(text, TEMPLATE, code=code, minutes=int(LIFE.total_seconds()) // 60)


@dataclass(slots=True)
class CodeDeliverer(Deliverer):
    """Delivers codes by the gateway of text messages."""

    def resolve_expired(self) -> int:
        """Gives up codes that nobody waits for any more."""
        with transaction() as connection:
            connection.execute(TOO_LATE, [clock.now() - SEND_WITHIN])
        return 0

    def send_owed(self) -> int:
        """Sends those that are due. Returns how many."""
        with transaction() as connection:
            most = min(BATCH, self.breaker.call_size)
            due = [Code(*row) for row in connection.execute(TAKE, [clock.now() - SEND_WITHIN, most])]
        if due:
            self.send_codes(due)
        return len(due)

    def send_codes(self, due: Sequence[Code]) -> None:
        """Sends these. Raises Unavailable where the gateway gave no answer; those that surely never left are due
        again.
        """
        try:
            with self.guarded_call():
                answers = self.gateway.send([each.message for each in due])
                self.breaker.record_success()
        except CallRefused as refusal:
            if not refusal.carried:
                surely = (
                    dict.fromkeys([each.message.id for each in due]) if refusal.answers is None else refusal.answers
                )
                self.record_answers_of_codes(due, surely)
            raise
        self.record_answers_of_codes(due, answers)

    def record_answers_of_codes(self, due: Sequence[Code], answers: Mapping[UUID, str | None]) -> None:
        """Has those sent by the next round that surely never left; of those without an answer nobody knows."""
        answered = [(each, answers[each.message.id]) for each in due if each.message.id in answers]
        unsent = [each for each, answer in answered if answer is None]
        refused = [each.token for each, answer in answered if answer not in (ACCEPTED, None)]
        with transaction() as connection:
            connection.execute(GIVE_BACK, [[each.token for each in unsent], [each.recipient for each in unsent]])
            connection.execute(FAILED, [refused])
