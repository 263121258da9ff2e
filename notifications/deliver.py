"""Sends the messages that are owed: leases a batch, calls the gateway with no transaction open, records its answers.

A lease that ends without an answer means that nobody knows the result: the deliverer asks the gateway before it sends
the message again (leases.py).
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
from notifications.leases import EXPIRED, FRESH, LEASE_DURATION, TRIED, Leased, Outcome, lease, record_outcomes
from workflows.queue.inhand import in_hand

# A process that was held up for longer after it took a lease must not send: others may ask about its messages soon.
SEND_WITHIN_SECONDS = 5.0
LONGEST_ROUND_SECONDS = 120.0  # with all its calls; then the watchdog takes the round for hanging
BATCH = 100
ACCEPTED, UNANSWERED = "accepted", "no answer"
CHANGED = "changed after it was decided"  # by hand, in the database
MAX_TRIES = 48  # then the message has failed: after about three and a half hours


class CallRefused(Unavailable):
    """The gateway refused a call as a whole. That says nothing of its messages, so it counts as no try of theirs.

    `code`: why, without a word of the gateway's. `carried`: the gateway may have carried some messages all the same.
    `wait`: for how long the gateway asks to be left alone.
    """

    def __init__(self, text: str, code: str, *, carried: bool = False, wait: timedelta | None = None) -> None:
        super().__init__(text)
        self.code, self.carried, self.wait = code, carried, wait


class Gateway(Protocol):
    """A service that carries messages.

    Both calls end within seconds. They raise Unavailable if no answer came: the result is then unknown.
    """

    can_be_asked: bool

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """`accepted`, or why not, for each message by our reference."""

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """The messages among these that the gateway accepted earlier."""


def outcome_of_answer(message: Leased, answer: str) -> Outcome:
    """Sent if the gateway accepted it; else owed again after a while, and failed after the last try."""
    if answer == ACCEPTED:
        return Outcome(message, "sent", None)
    if message.tries >= MAX_TRIES:
        return Outcome(message, "failed", answer)
    wait = timedelta(seconds=min(300, 2**message.tries))
    return Outcome(message, "owed", answer, max(wait, LEASE_DURATION) if answer == UNANSWERED else wait)


def outcome_of_refusal(message: Leased, refusal: CallRefused) -> Outcome:
    """Owed again once the gateway may be called; if it may have been carried, asked about after another lease."""
    if refusal.carried:
        return Outcome(message, "sending", refusal.code, LEASE_DURATION, tried=False)
    return Outcome(message, "owed", refusal.code, refusal.wait or PAUSE, tried=False)


@dataclass(slots=True)
class Deliverer:
    """Delivers one worker process's share of the messages."""

    gateway: Gateway
    retry_size: int = 1  # of the next call with messages that were tried in vain
    stopping: bool = False
    breaker: Breaker = field(default_factory=lambda: Breaker(BATCH))
    counters: Counter[str] = field(default_factory=Counter)

    def drain(self, seconds: float = 2.0) -> bool:
        """Sends until nothing is owed or the breaker is open (returns False), or the time is up (True).

        Raises Unavailable if the gateway is away.
        """
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not self.breaker.allows_call():
                return False
            with in_hand("delivery", LONGEST_ROUND_SECONDS):
                count = self.resolve_expired() + self.send_owed()
            if not count:
                return False
        return True

    def send_owed(self) -> int:
        """Sends one batch of fresh messages, and some that were tried in vain. Returns how many it leased."""
        return self.send_batch(FRESH, self.breaker.call_size) + self.send_retries()

    def send_retries(self) -> int:
        """Sends one message that was tried in vain, then twice as many after each full answer.

        So a message that the gateway chokes on holds up few, and after a long outage all are sent soon.
        """
        most, self.retry_size = min(self.retry_size, self.breaker.call_size), 1
        count = self.send_batch(TRIED, most)
        self.retry_size = min(BATCH, most * 2 if count == most else most)
        return count

    def send_batch(self, which: str, most: int) -> int:
        """Leases and sends up to `most` of these messages. Returns how many it leased.

        Messages that get no answer, or that were held up before the call, are asked about when their lease ends.
        """
        send_until = time.monotonic() + SEND_WITHIN_SECONDS
        leased = lease(which, most)
        messages = [message for message in leased if message.as_decided]
        record_outcomes([Outcome(message, "stuck", CHANGED) for message in leased if not message.as_decided])
        if messages and time.monotonic() < send_until:
            try:
                answers = self.send_unless_accepted(messages)
            except CallRefused as refusal:
                record_outcomes([outcome_of_refusal(message, refusal) for message in messages])
                raise
            record_outcomes(
                [outcome_of_answer(message, answers[message.id]) for message in messages if message.id in answers]
            )
        return len(leased)

    def send_unless_accepted(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        """The gateway's answer for each message; those that it accepted in an earlier call are not sent again."""
        accepted = self.already_accepted([message.id for message in messages if message.fence > 1])
        answers = dict.fromkeys(accepted, ACCEPTED)
        unsent = [message for message in messages if message.id not in accepted]
        if unsent and not self.stopping:
            with self.guarded_call():
                answers |= self.gateway.send(unsent)
                self.breaker.record_success()
        return answers

    @contextmanager
    def guarded_call(self) -> Iterator[None]:
        """A block that calls the gateway; the breaker learns of a call that got no answer."""
        try:
            yield
        except Unavailable as error:
            self.counters["gateway_failures"] += 1
            self.breaker.record_failure(str(error), (error.wait or PAUSE) if isinstance(error, CallRefused) else None)
            raise
        finally:
            self.counters["gateway_open"] = int(self.breaker.is_open)

    def already_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """Asks the gateway which of these it accepted: a call that we gave up may have arrived later."""
        if not references or not self.gateway.can_be_asked:
            return set()
        with self.guarded_call():
            return self.gateway.find_accepted(references)

    def resolve_expired(self) -> int:
        """Asks about one batch of messages whose lease ended without an answer. Returns how many.

        Those that the gateway accepted are sent; the others are owed again after a while, or have failed.
        """
        messages = lease(EXPIRED, BATCH)
        if messages and not self.gateway.can_be_asked:
            stuck = "no answer came, and the gateway cannot be asked"
            record_outcomes([Outcome(message, "stuck", stuck) for message in messages])
        elif messages:
            accepted = self.already_accepted([message.id for message in messages])
            record_outcomes(
                [outcome_of_answer(message, ACCEPTED if message.id in accepted else UNANSWERED) for message in messages]
            )
        return len(messages)
