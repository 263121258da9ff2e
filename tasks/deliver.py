"""Sending what is owed: a lease for a batch of the ledger, the call with no transaction open, the answer under the lease's number.

A lease that ends without an answer means that nobody knows: the gateway is asked before anything is sent again.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from models import clock
from models.database import Connection, raw, transaction
from models.errors import Unavailable
from tasks.breaker import PAUSE, Breaker
from workflows.flow import DELIVERY
from workflows.ledger import digest_of, digests
from workflows.ports import Notice
from workflows.queue.inhand import in_hand

LEASE = timedelta(seconds=15)  # longer than two calls may take, or a slow answer would be taken for none
FRESH_SECONDS = 5.0  # how old a lease may be when the call begins: a process that was held up must not call when others ask already
HANGS_SECONDS = 120.0  # of one round, with all its calls
BATCH = 100
ALONE_AFTER = 3  # tries without success: then a message is sent apart from the others, so that one that the gateway chokes on holds up few neighbours
ACCEPTED, UNANSWERED = "accepted", "no answer"
CHANGED = "changed after it was decided"  # by hand, in the database
LAST_TRY = 48  # then it has failed: after about three and a half hours


class Leased(NamedTuple):
    """A message under a lease: ours to send, or to ask about, until that ends."""

    case_id: int
    seq: int
    template: str
    id: UUID
    fence: int
    tries: int
    channel: str
    recipient: str | None
    body: str
    as_decided: bool = True  # what it says is what its event sealed


class TurnedAway(Unavailable):
    """A call was refused as a whole, which says nothing of its messages: no try of theirs.

    `code`: why, without a word of theirs. `carried`: whether some may have been carried all the same. `wait`: for how long the gateway asks to be left alone.
    """

    def __init__(self, text: str, code: str, *, carried: bool = False, wait: timedelta | None = None) -> None:
        super().__init__(text)
        self.code, self.carried, self.wait = code, carried, wait


class Gateway(Protocol):
    """Whoever carries messages. Both calls end within seconds, and raise Unavailable where no answer came: then the result is not known."""

    can_be_asked: bool

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """`accepted`, or why not, for each message, by our reference."""

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """Those of these references that it has accepted."""


# Which messages are taken: owed and not tried often yet; tried in vain; under a lease that ended without an answer.
FRESH = f"status = 'owed' and tries < {ALONE_AFTER}"
TRIED = f"status = 'owed' and tries >= {ALONE_AFTER}"
UNKNOWN = "status = 'sending'"
# TAKE passes over rows that somebody holds, ANSWER is given its rows in the order of their key: no two wait for each other.
# Nothing is taken while the queue is paused. Asking what became of a message is no try: a gateway that was away has refused nothing.
# Leases go by the database's clock, which all deliverers share: one whose own clock is ahead must not take a lease for over.
# Which messages and how many stands in its text and not in parameters: so any plan of it reads the part of the index that it is about, and no more.
TAKE = """
    with due as (
        select case_id, seq, template from message
        where {which} and due_at <= now() + %s and not exists (select from paused_queue where queue = '{queue}')
        order by rank limit {most} for update skip locked
    )
    update message m set status = 'sending', fence = fence + 1, due_at = now() + %s, tries = tries + (m.status = 'owed')::int
    from due where (m.case_id, m.seq, m.template) = (due.case_id, due.seq, due.template)
    returning m.case_id, m.seq, m.template, m.id, m.fence, m.tries, m.channel, m.recipient, coalesce(m.body, ''), m.language, m.salt,
        (select owed from event e where (e.case_id, e.seq) = (m.case_id, m.seq))
"""
# No wait (tasks/gateways/http.py) and no lease is longer than a day: a clock that has gone back since set what lies days ahead.
BRING_BACK = "update message set due_at = now() + %s where status in ('owed', 'sending') and due_at > now() + %s"
# What was erased while it was under way is not owed again: there is nothing left of it to send.
ANSWER = """
    update message m set due_at = a.due_at, sent_at = a.sent_at, tries = m.tries - (not a.tried)::int,
        status = case when m.body is null and a.status = 'owed' then 'failed' else a.status end,
        error = case when m.body is null and a.status <> 'sent' then 'erased' else a.error end
    from unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[],
        %s::boolean[]) as a (case_id, seq, template, fence, status, due_at, sent_at, error, tried)
    where (m.case_id, m.seq, m.template) = (a.case_id, a.seq, a.template) and m.fence = a.fence and m.status = 'sending'
"""


class Outcome(NamedTuple):
    """What became of a message under its lease."""

    message: Leased
    status: str
    error: str | None
    wait: timedelta = timedelta(0)
    tried: bool = True  # False: what was counted when its lease began counts no more


def outcome(message: Leased, answer: str) -> Outcome:
    """Sent where it was accepted; else owed again after a while, and in the end failed."""
    if answer == ACCEPTED:
        return Outcome(message, "sent", None)
    if message.tries >= LAST_TRY:
        return Outcome(message, "failed", answer)
    wait = timedelta(seconds=min(300, 2**message.tries))
    return Outcome(message, "owed", answer, max(wait, LEASE) if answer == UNANSWERED else wait)


def leased(*row: Any) -> Leased:
    """A row of TAKE. One whose recipient or text was changed after its event sealed it is not sent: nobody decided that."""
    *kept, language, salt, owed = row
    message = Leased(*kept)
    if salt is None:  # erased meanwhile
        return message
    notice = Notice(message.template, message.channel, language, message.recipient, message.body)
    return message._replace(as_decided=digest_of(salt, message.id.hex, notice) in digests(owed or b""))


def given_back(message: Leased, refusal: TurnedAway) -> Outcome:
    """Owed again once the gateway may be called; where it may have been carried, asked about when a fresh lease ends."""
    if refusal.carried:
        return Outcome(message, "sending", refusal.code, LEASE, tried=False)
    return Outcome(message, "owed", refusal.code, refusal.wait or PAUSE, tried=False)


@dataclass(slots=True)
class Deliverer:
    """One worker process's way of sending."""

    gateway: Gateway
    at_once: int = 1  # of those that were tried in vain
    stopping: bool = False
    breaker: Breaker = field(default_factory=lambda: Breaker(BATCH))
    counters: Counter[str] = field(default_factory=Counter)

    def drain(self, seconds: float = 2.0) -> bool:
        """Sends until nothing is owed, or the gateway is left alone (False), or the time is up (True). Raises Unavailable where the gateway is away."""
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not self.breaker.lets_through():
                return False
            with in_hand("delivery", HANGS_SECONDS):
                count = self.ask() + self.send()
            if not count:
                return False
        return True

    def send(self) -> int:
        """One batch that is owed, and some that were tried in vain; how many."""
        return self.send_due(FRESH, self.breaker.size) + self.send_tried()

    def send_tried(self) -> int:
        """One by itself, then twice as many whenever the gateway answers for all: after a long silence they are not many hours apart."""
        most, self.at_once = min(self.at_once, self.breaker.size), 1
        count = self.send_due(TRIED, most)
        self.at_once = min(BATCH, most * 2 if count == most else most)
        return count

    def send_due(self, which: str, most: int) -> int:
        """So many of these. What gets no answer, or was held up before the call, is asked about when its lease ends."""
        fresh_until = time.monotonic() + FRESH_SECONDS
        taken = self.lease(which, most)
        messages = [message for message in taken if message.as_decided]
        write_down([Outcome(message, "stuck", CHANGED) for message in taken if not message.as_decided])
        if messages and time.monotonic() < fresh_until:
            try:
                answers = self.answers(messages)
            except TurnedAway as refusal:
                write_down([given_back(message, refusal) for message in messages])
                raise
            write_down([outcome(message, answers[message.id]) for message in messages if message.id in answers])
        return len(taken)

    def answers(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """What the gateway says of each; of those that it took in an earlier call nothing is sent."""
        known = self.accepted_late([message.id for message in messages if message.fence > 1])
        answers = dict.fromkeys(known, ACCEPTED)
        unsent = [message for message in messages if message.id not in known]
        if unsent and not self.stopping:
            with self.call():
                answers |= self.gateway.send(unsent)
                self.breaker.answered()
        return answers

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call to the gateway, told to the breaker where no answer came."""
        try:
            yield
        except Unavailable as error:
            self.counters["gateway_failures"] += 1
            self.breaker.failed(str(error), (error.wait or PAUSE) if isinstance(error, TurnedAway) else None)
            raise
        finally:
            self.counters["gateway_open"] = int(self.breaker.opened)

    def accepted_late(self, references: Sequence[UUID]) -> set[UUID]:
        """Of these, which were sent before: a call that was given up may have arrived since we asked."""
        if not references or not self.gateway.can_be_asked:
            return set()
        with self.call():
            return self.gateway.known(references)

    def ask(self) -> int:
        """One batch whose lease ended without an answer: what was accepted is sent, the rest is owed again after a while, or has failed."""
        messages = self.lease(UNKNOWN, BATCH)
        if messages and not self.gateway.can_be_asked:
            write_down([Outcome(message, "stuck", "no answer came, and the gateway cannot be asked") for message in messages])
        elif messages:
            known = self.accepted_late([message.id for message in messages])
            write_down([outcome(message, ACCEPTED if message.id in known else UNANSWERED) for message in messages])
        return len(messages)

    def lease(self, which: str, most: int) -> list[Leased]:
        """So many of these messages, lowest rank first: ours to send or ask about until the lease ends."""
        shift = clock.shift()
        with transaction() as session:
            rows = raw(session).execute(TAKE.format(which=which, queue=DELIVERY, most=most), [shift, shift + LEASE])
            return [leased(*row) for row in rows]


def bring_back(connection: Connection) -> int:
    """Messages that wait for a moment more than a day ahead are due now; how many."""
    shift = clock.shift()
    return connection.execute(BRING_BACK, [shift, shift + clock.ASTRAY]).rowcount


def write_down(outcomes: Sequence[Outcome]) -> None:
    """All answers of a call in one statement; one that comes under an older lease is void."""
    if not outcomes:
        return
    now = clock.now()
    rows = [
        (
            each.message.case_id, each.message.seq, each.message.template, each.message.fence, each.status, now + each.wait,
            now if each.status == "sent" else None, each.error, each.tried,
        )
        for each in sorted(outcomes, key=lambda each: each.message[:3])
    ]  # fmt: skip
    with transaction() as session:
        raw(session).execute(ANSWER, [list(column) for column in zip(*rows, strict=True)])
