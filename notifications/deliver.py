"""Sends the messages that are owed: leases a batch, calls the gateway with no transaction open, records its answers.

A lease that ends without an answer means that nobody knows the result: the deliverer asks the gateway before it sends
the message again (leases.py).
"""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol
from uuid import UUID

from models import clock
from models.errors import Unavailable
from notifications.breaker import PAUSE, Breaker
from notifications.leases import EXPIRED, FRESH, LEASE_DURATION, SMS, TRIED, Leased, Outcome, lease, record_outcomes
from notifications.quiet import Hours, put_off, urgent_templates
from workflows.queue.inhand import in_hand

# A process that was held up for longer after it took a lease must not send: others may ask about its messages soon.
SEND_WITHIN_SECONDS = 5.0
LONGEST_ROUND_SECONDS = 120.0  # with all its calls; then the watchdog takes the round for hanging
BATCH = 100
ACCEPTED, UNANSWERED = "accepted", "no answer"
CHANGED = "changed after it was decided"  # by hand, in the database
COUNTING = Lock()
MAX_TRIES = 48  # then the message has failed: after about three and a half hours


class CallRefused(Unavailable):
    """The gateway refused a call as a whole. That says nothing of its messages, so it counts as no try of theirs.

    `code`: why, without a word of the gateway's. `carried`: the gateway may have carried some messages all the same.
    `wait`: for how long the gateway asks to be left alone. `answers`: as `Gateway.send` returns them, where the gateway
    takes messages one by one and ended the call in the middle; the other messages then got no answer.
    """

    def __init__(
        self,
        text: str,
        code: str,
        *,
        carried: bool = False,
        wait: timedelta | None = None,
        answers: Mapping[UUID, str | None] | None = None,
    ) -> None:
        super().__init__(text)
        self.code, self.carried, self.wait, self.answers = code, carried, wait, answers


class Gateway(Protocol):
    """A service that carries messages.

    Both calls end within seconds. They raise Unavailable if no answer came: the result is then unknown.
    """

    name: str  # under which its reports come
    can_be_asked: bool  # False: a message without an answer is left to an operator
    most: int  # messages of one call: so many have an unknown result if the process dies in it
    final: Mapping[str, str]  # answers after which another try is wrong, and what the message is then: failed or stuck

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str | None]:
        """`accepted`, or why not, for each message by our reference; None for one that surely never left.

        It leaves out the messages that got no answer.
        """

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """The messages among these that the gateway accepted earlier."""

    def numbers_of(self, reference: UUID) -> Sequence[str]:
        """The gateway's own numbers for the parts of a message of the last call, if it reports on them."""

    def attend(self) -> None:
        """Keeps the connection alive, if there is one. Called every few seconds while nothing is sent."""

    def close(self) -> None:
        """Ends the connection, if there is one."""


def outcome_of_answer(message: Leased, answer: str | None, final: Mapping[str, str]) -> Outcome:
    """Sent if the gateway accepted it; else owed again after a while, and failed after the last try."""
    if answer == ACCEPTED:
        return Outcome(message, "sent", None)
    if answer is None:
        return Outcome(message, "owed", None, tried=False)
    if answer in final:
        return Outcome(message, final[answer], answer)
    if message.tries >= MAX_TRIES:
        return Outcome(message, "failed", answer)
    wait = timedelta(seconds=min(300, 2**message.tries))
    return Outcome(message, "owed", answer, max(wait, LEASE_DURATION) if answer == UNANSWERED else wait)


def outcome_of_refusal(message: Leased, refusal: CallRefused) -> Outcome:
    """Owed again once the gateway may be called; if it may have been carried, asked about after another lease."""
    if refusal.carried:
        return Outcome(message, "sending", refusal.code, LEASE_DURATION, tried=False)
    return Outcome(message, "owed", refusal.code, refusal.wait or PAUSE, tried=False)


def outcomes_of_refusal(messages: Sequence[Leased], refusal: CallRefused, final: Mapping[str, str]) -> list[Outcome]:
    """What became of the messages of a call that was refused, as a whole or in the middle."""
    if refusal.answers is None:
        return [outcome_of_refusal(message, refusal) for message in messages]
    return [
        outcome_of_refusal(message, refusal) if answer is None else outcome_of_answer(message, answer, final)
        for message in messages
        if message.id in refusal.answers
        for answer in [refusal.answers[message.id]]
    ]


@dataclass(slots=True)
class Deliverer:
    """Delivers one worker process's share of the messages of one channel."""

    gateway: Gateway
    channel: str = SMS
    hours: Hours | None = None  # None: it sends at any hour
    urgent: Collection[str] = field(default_factory=urgent_templates)
    retry_size: int = 1  # of the next call with messages that were tried in vain
    stopping: bool = False
    breaker: Breaker = field(init=False)
    counters: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.breaker = Breaker(min(BATCH, self.gateway.most))

    def drain(self, seconds: float = 2.0) -> bool:
        """Sends until nothing is owed or the breaker is open (returns False), or the time is up (True).

        Raises Unavailable if the gateway is away.
        """
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            if not self.breaker.allows_call():
                return False
            with in_hand("delivery", LONGEST_ROUND_SECONDS):
                self.put_off()
                count = self.resolve_expired() + self.send_owed()
            if not count:
                return False
        return True

    def put_off(self) -> None:
        """Puts off until the morning, in quiet hours, what is due and can wait."""
        if until := self.quiet_until():
            put_off(self.channel, until, clock.offset(), self.urgent)

    def quiet_until(self) -> datetime | None:
        """When the quiet hours end; None if it is none of them."""
        return self.hours.morning_after(clock.now()) if self.hours else None

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

        Messages that get no answer are asked about when their lease ends; those that were held up before the call, or
        that a process which ends did not send, are owed again.
        """
        send_until = time.monotonic() + SEND_WITHIN_SECONDS
        leased = lease(which, most, self.channel, self.urgent if self.quiet_until() else None)
        messages = [message for message in leased if message.as_decided]
        record_outcomes([Outcome(message, "stuck", CHANGED) for message in leased if not message.as_decided])
        try:
            answers = self.send_unless_accepted(messages, send_until)
        except CallRefused as refusal:
            self.record(outcomes_of_refusal(messages, refusal, self.gateway.final))
            raise
        self.record_answers([message for message in messages if message.id in answers], answers)
        return len(leased)

    def record_answers(self, messages: Sequence[Leased], answers: Mapping[UUID, str | None]) -> None:
        """Records the answer for each of these messages."""
        outcomes = [outcome_of_answer(each, answers[each.id], self.gateway.final) for each in messages]
        self.record(outcomes)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Records these outcomes, with the gateway's numbers for what it accepted."""
        gateway = self.gateway
        sent = [
            each._replace(numbers=numbers if each.status == "sent" else ())
            for each in outcomes
            for numbers in [gateway.numbers_of(each.message.id)]
        ]
        record_outcomes(sent, gateway.name)

    def send_unless_accepted(self, messages: Sequence[Leased], until: float) -> Mapping[UUID, str | None]:
        """The gateway's answer for each message; those that it accepted in an earlier call are not sent again."""
        if time.monotonic() >= until:
            return {message.id: None for message in messages}
        accepted = self.already_accepted([message.id for message in messages if message.fence > 1])
        answers: dict[UUID, str | None] = {each.id: ACCEPTED if each.id in accepted else None for each in messages}
        unsent = [message for message in messages if message.id not in accepted]
        if unsent and not self.stopping:
            with self.guarded_call():
                answers = {**dict.fromkeys(accepted, ACCEPTED), **self.gateway.send(unsent)}
                self.breaker.record_success()
        return answers

    @contextmanager
    def guarded_call(self) -> Iterator[None]:
        """A block that calls the gateway; the breaker learns of a call that got no answer."""
        was_open = self.breaker.is_open
        try:
            yield
        except Unavailable as error:
            self.count(gateway_failures=1)
            self.breaker.record_failure(str(error), (error.wait or PAUSE) if isinstance(error, CallRefused) else None)
            raise
        finally:
            self.count(gateway_open=self.breaker.is_open - was_open)

    def count(self, **more: int) -> None:
        """Adds to the process's counters, which all its channels share."""
        with COUNTING:
            self.counters.update(more)

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
        messages = lease(EXPIRED, BATCH, self.channel)
        if messages and not self.gateway.can_be_asked:
            stuck = "no answer came, and the gateway cannot be asked"
            record_outcomes([Outcome(message, "stuck", stuck) for message in messages])
        elif messages:
            accepted = self.already_accepted([message.id for message in messages])
            self.record_answers(
                messages, {each.id: ACCEPTED if each.id in accepted else UNANSWERED for each in messages}
            )
        return len(messages)
