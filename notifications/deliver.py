"""Sending what is owed: a lease for a batch of the ledger, the call with no transaction open, the answer under the
lease's number (leases.py).

A lease that ends without an answer means that nobody knows: the gateway is asked before anything is sent again.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from models.errors import Unavailable
from notifications.breaker import PAUSE, Breaker
from notifications.leases import FRESH, LEASE, TRIED, UNKNOWN, Leased, Outcome, lease, write_down
from workflows.queue.inhand import in_hand

FRESH_SECONDS = (
    5.0  # how old a lease may be when the call begins: a process that was held up must not call when others ask already
)
HANGS_SECONDS = 120.0  # of one round, with all its calls
BATCH = 100
ACCEPTED, UNANSWERED = "accepted", "no answer"
CHANGED = "changed after it was decided"  # by hand, in the database
LAST_TRY = 48  # then it has failed: after about three and a half hours


class TurnedAway(Unavailable):
    """A call was refused as a whole, which says nothing of its messages: no try of theirs.

    `code`: why, without a word of theirs. `carried`: whether some may have been carried all the same. `wait`: for how
    long the gateway asks to be left alone.
    """

    def __init__(self, text: str, code: str, *, carried: bool = False, wait: timedelta | None = None) -> None:
        super().__init__(text)
        self.code, self.carried, self.wait = code, carried, wait


class Gateway(Protocol):
    """Whoever carries messages.

    Both calls end within seconds, and raise Unavailable where no answer came: then the result is not known.
    """

    can_be_asked: bool

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """`accepted`, or why not, for each message, by our reference."""

    def known(self, references: Sequence[UUID]) -> set[UUID]:
        """Those of these references that it has accepted."""


def outcome(message: Leased, answer: str) -> Outcome:
    """Sent where it was accepted; else owed again after a while, and in the end failed."""
    if answer == ACCEPTED:
        return Outcome(message, "sent", None)
    if message.tries >= LAST_TRY:
        return Outcome(message, "failed", answer)
    wait = timedelta(seconds=min(300, 2**message.tries))
    return Outcome(message, "owed", answer, max(wait, LEASE) if answer == UNANSWERED else wait)


def given_back(message: Leased, refusal: TurnedAway) -> Outcome:
    """Owed again once the gateway may be called; where it may have been carried, asked about when a
    fresh lease ends.
    """
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
        """Sends until nothing is owed, or the gateway is left alone (False), or the time is up (True).

        Raises Unavailable where the gateway is away.
        """
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
        """One by itself, then twice as many whenever the gateway answers for all: after a long silence they are not
        many hours apart.
        """
        most, self.at_once = min(self.at_once, self.breaker.size), 1
        count = self.send_due(TRIED, most)
        self.at_once = min(BATCH, most * 2 if count == most else most)
        return count

    def send_due(self, which: str, most: int) -> int:
        """So many of these. What gets no answer, or was held up before the call, is asked about when its lease ends."""
        fresh_until = time.monotonic() + FRESH_SECONDS
        taken = lease(which, most)
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
        """One batch whose lease ended without an answer: what was accepted is sent, the rest is owed again after a
        while, or has failed.
        """
        messages = lease(UNKNOWN, BATCH)
        if messages and not self.gateway.can_be_asked:
            write_down(
                [Outcome(message, "stuck", "no answer came, and the gateway cannot be asked") for message in messages]
            )
        elif messages:
            known = self.accepted_late([message.id for message in messages])
            write_down([outcome(message, ACCEPTED if message.id in known else UNANSWERED) for message in messages])
        return len(messages)
