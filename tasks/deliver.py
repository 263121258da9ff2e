"""Sending what is owed: a lease for a batch of the ledger, the call with no transaction open, the answer under the lease's number.

A lease that ends without an answer means that nobody knows: the gateway is asked before anything is sent again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from models import clock
from models.database import Connection, raw, transaction

LEASE = timedelta(seconds=15)  # longer than a call may take, or a slow answer would be taken for none
BATCH = 100
LAST_TRY = 48  # then it has failed; about four hours, as GOV.UK Notify does


class Letter(NamedTuple):
    """A message under a lease."""

    case_id: int
    seq: int
    template: str
    id: UUID
    fence: int
    tries: int
    channel: str
    recipient: str | None
    body: str


class Gateway(Protocol):
    """Whoever carries messages. Both calls raise Unavailable where no answer came: then the result is not known."""

    can_be_asked: bool

    def send(self, letters: Sequence[Letter]) -> Mapping[UUID, str]:
        """`accepted`, or why not, for each message, by our reference."""

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """Those of these references that it has accepted."""


# Rows are locked in the order of their key by every statement that takes more than one.
TAKE = """
    with due as (
        select case_id, seq, template from message
        where status = %s and due_at <= %s order by due_at limit %s for update skip locked
    )
    update message m set status = 'sending', fence = fence + 1, lease_owner = %s, due_at = %s, tries = tries + 1
    from due where (m.case_id, m.seq, m.template) = (due.case_id, due.seq, due.template)
    returning m.case_id, m.seq, m.template, m.id, m.fence, m.tries, m.channel, m.recipient, coalesce(m.body, '')
"""
ANSWER = """
    update message m set status = a.status, due_at = a.due_at, sent_at = a.sent_at, error = a.error, lease_owner = null
    from unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
        as a (case_id, seq, template, fence, status, due_at, sent_at, error)
    where (m.case_id, m.seq, m.template) = (a.case_id, a.seq, a.template) and m.fence = a.fence and m.status = 'sending'
"""


@dataclass(slots=True)
class Deliverer:
    """One worker process's way of sending; its threads share it."""

    gateway: Gateway
    owner: Callable[[], int]  # this worker's number
    stopping: bool = False

    def drain(self, seconds: float = 2.0) -> bool:
        """Sends until nothing is owed (False) or the time is up (True). Raises Unavailable where the gateway is away."""
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not (self.ask() + self.send()):
                return False
        return True

    def send(self) -> int:
        """One batch that is owed; how many."""
        letters = self.lease("owed")
        if letters:
            answers = self.gateway.send(letters)
            self.answer([outcome(letter, answers.get(letter.id), clock.now()) for letter in letters])
        return len(letters)

    def ask(self) -> int:
        """One batch whose lease ended without an answer: what was accepted is sent, the rest is owed again."""
        letters = self.lease("sending")
        if letters and not self.gateway.can_be_asked:
            self.answer([Outcome(letter, "stuck", "no answer came, and the gateway cannot be asked") for letter in letters])
        elif letters:
            known = self.gateway.known([letter.id for letter in letters])
            self.answer([Outcome(letter, "sent" if letter.id in known else "owed", None) for letter in letters])
        return len(letters)

    def lease(self, status: str) -> list[Letter]:
        """Messages that are ours to send or ask about until the lease ends."""
        now = clock.now()
        with transaction() as session:
            rows = raw(session).execute(TAKE, [status, now, BATCH, self.owner(), now + LEASE])
            return [Letter(*row) for row in rows]

    def answer(self, outcomes: Sequence["Outcome"]) -> None:
        """Writes the answers down; one that comes under an older lease is void."""
        now = clock.now()
        with transaction() as session:
            write(raw(session), outcomes, now)


class Outcome(NamedTuple):
    """What became of a message under its lease."""

    letter: Letter
    status: str
    error: str | None
    wait: timedelta = timedelta(0)


def outcome(letter: Letter, answer: str | None, now: datetime) -> Outcome:
    """Sent where it was accepted; else owed again after a while, and in the end failed."""
    if answer == "accepted":
        return Outcome(letter, "sent", None)
    if letter.tries >= LAST_TRY:
        return Outcome(letter, "failed", answer)
    return Outcome(letter, "owed", answer, timedelta(seconds=min(300, 2**letter.tries)))


def write(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """All answers of a call in one statement."""
    rows = [
        (
            each.letter.case_id, each.letter.seq, each.letter.template, each.letter.fence, each.status, now + each.wait,
            now if each.status == "sent" else None, each.error,
        )
        for each in sorted(outcomes, key=lambda each: each.letter[:3])
    ]  # fmt: skip
    connection.execute(ANSWER, [list(column) for column in zip(*rows, strict=True)])


