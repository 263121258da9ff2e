"""A gateway that speaks SMPP 3.4: an operator's message centre, for text messages alone."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import SecretStr
from smpplib import consts

from models.errors import Unavailable
from notifications.channels.smpp_report import number_of
from notifications.channels.smpp_session import GONE, Session
from notifications.channels.sms_parts import Parts, parts_of
from notifications.deliver import ACCEPTED, CallRefused
from notifications.leases import Leased
from notifications.reports import keep_reports

# Two calls end before the lease under which the first began (deliver.py).
DEADLINE_SECONDS = 4.0  # of a call, with the connection, the bind and all answers
ANSWER_SECONDS = 1.5  # before the deadline no further message is sent: its answer would come too late
IDLE_SECONDS = 10.0  # a session that was quiet for longer is tried with an enquire_link before it carries a message
ENQUIRE_SECONDS = 1.0
RETRY_SECONDS = 0.5  # before the missing part of a message is sent again
WINDOW = 10  # messages and parts under way; a new session begins with one
IN_PART, NO_TEXT_MESSAGE = "accepted in part", "not a text message"
NO_NUMBER, TOO_LONG = "invalid destination", "invalid length"
OK = consts.SMPP_ESME_ROK
SMPP = "smpp"  # the name under which its reports come
NEWS_SECONDS = 0.05  # within which the next report comes, if the server has more
# Statuses that say nothing of the message: how often we send, and who we are. The call ends, and messages wait.
REFUSED_CALL = {
    consts.SMPP_ESME_RTHROTTLED: "throttled",
    consts.SMPP_ESME_RMSGQFUL: "queue full",
    consts.SMPP_ESME_RINVBNDSTS: "not bound",
    consts.SMPP_ESME_RINVSRCADR: "invalid sender",
    consts.SMPP_ESME_RINVSRCTON: "invalid sender",
    consts.SMPP_ESME_RINVSRCNPI: "invalid sender",
}
# Statuses after which another try is in vain.
REFUSED_FOR_GOOD = {
    consts.SMPP_ESME_RINVDSTADR: NO_NUMBER,
    consts.SMPP_ESME_RINVDSTTON: NO_NUMBER,
    consts.SMPP_ESME_RINVDSTNPI: NO_NUMBER,
    consts.SMPP_ESME_RINVMSGLEN: TOO_LONG,
    consts.SMPP_ESME_RX_P_APPN: "refused for good",
}
THROTTLED_WAIT = timedelta(seconds=2)
BIND_REFUSED_WAIT = timedelta(minutes=1)  # a wrong password, tried too often, may lock the account


class Account(NamedTuple):
    """Where the server is, and who we are there."""

    host: str
    port: int
    system_id: str
    password: SecretStr
    sender: str  # the registered sender id


@dataclass
class Submission:
    """A message in a call: its parts, and the status of each that was answered."""

    message: Leased
    parts: Parts
    sent: set[int] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)  # the server's, for the parts that it accepted

    def refusals(self) -> list[int]:
        """The statuses of the parts that were refused."""
        return [status for status in self.statuses.values() if status != OK]

    def missing(self) -> list[int]:
        """The parts to send again: refused for now, after another part was accepted."""
        if OK not in self.statuses.values() or not set(self.refusals()) <= set(REFUSED_CALL):
            return []
        return [place for place in range(len(self.parts.octets)) if self.statuses.get(place) != OK]

    def is_open(self) -> bool:
        """Whether an answer is outstanding, so that nobody knows what became of the message."""
        return bool(self.sent - set(self.statuses))

    def answer(self) -> str | None:
        """`accepted`, or why not; None if the server has no part of it, and it can go again."""
        refusals = self.refusals()
        for status in refusals:
            if status in REFUSED_FOR_GOOD:
                return REFUSED_FOR_GOOD[status]
        if OK in self.statuses.values():
            return ACCEPTED if not refusals and len(self.sent) == len(self.parts.octets) else IN_PART
        own = [status for status in refusals if status not in REFUSED_CALL]
        return f"SMPP status {own[0]}" if own else None


@dataclass
class Call:
    """One call: what waits, what is under way by its number in the session, and why no more is sent."""

    submissions: list[Submission] = field(default_factory=list)
    refusals: dict[UUID, str] = field(default_factory=dict)  # of messages that never reach the server
    queue: deque[tuple[Submission, int]] = field(default_factory=deque)
    under_way: dict[int, tuple[Submission, int]] = field(default_factory=dict)
    refused: int = OK
    slowest: float = 0.0  # answer so far, in seconds

    def answers(self) -> dict[UUID, str | None]:
        """What became of each message, as `deliver.Gateway.send` returns it."""
        return {**self.refusals, **{each.message.id: each.answer() for each in self.submissions if not each.is_open()}}


class SmppGateway:
    """Sends by submit_sm. One thread at a time uses it, over one session that it keeps.

    The server cannot be asked about our references: a message that got no answer is left to an operator.
    """

    name = SMPP
    can_be_asked = False
    most = 20  # few, since an operator must look at each that a process had in hand when it died
    final: Mapping[str, str] = dict.fromkeys((*REFUSED_FOR_GOOD.values(), NO_TEXT_MESSAGE), "failed") | {
        IN_PART: "stuck"
    }

    def __init__(self, account: Account) -> None:
        self.account = account
        self.session: Session | None = None
        self.used = 0.0  # when the session was last known to live, of the monotonic clock
        self.window = 1
        self.numbers: dict[UUID, list[str]] = {}  # of the last call

    def numbers_of(self, reference: UUID) -> Sequence[str]:
        """See `deliver.Gateway`."""
        return self.numbers.get(reference, [])

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str | None]:
        """See `deliver.Gateway`."""
        call = Call()
        self.numbers.clear()
        for message in messages:
            if message.channel != "sms" or not message.recipient:
                call.refusals[message.id] = NO_TEXT_MESSAGE
                continue
            try:
                call.submissions.append(Submission(message, parts_of(message.body, message.id)))
            except ValueError:
                call.refusals[message.id] = TOO_LONG
        if call.submissions:
            self.submit(call)
        return call.answers()

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`; it cannot be asked."""
        return set()

    def submit(self, call: Call) -> None:
        """Submits the messages of this call. Raises CallRefused, with what was answered, if it ended in the middle."""
        session = self.bound()
        call.queue.extend((each, place) for each in call.submissions for place in range(len(each.parts.octets)))
        try:
            self.exchange(session, call)
            while missing := self.missing(session, call):
                time.sleep(RETRY_SECONDS)
                call.queue, call.refused = deque(missing), OK
                self.exchange(session, call)
        except GONE as error:
            self.drop()
            why = type(error).__name__
            text = f"The server at {self.address()} went away, or gave no answer in time: {why}."
            raise CallRefused(text, why, answers=call.answers()) from None
        if call.refused != OK:
            code = REFUSED_CALL[call.refused]
            text = f"The server at {self.address()} takes no messages for now: {code}."
            wait = THROTTLED_WAIT if call.refused == consts.SMPP_ESME_RTHROTTLED else None
            raise CallRefused(text, code, wait=wait, answers=call.answers())

    def missing(self, session: Session, call: Call) -> list[tuple[Submission, int]]:
        """The parts to send again, if there is time: without them nobody could read what was accepted."""
        if session.until - time.monotonic() < ANSWER_SECONDS + RETRY_SECONDS:
            return []
        return [(each, place) for each in call.submissions for place in each.missing()]

    def exchange(self, session: Session, call: Call) -> None:
        """Submits what is in the queue, `window` at a time, until all of it is answered.

        After a refusal of the call it submits no more; near the deadline, only what is missing of a message.
        """
        while call.queue or call.under_way:
            if len(session.reports) >= WINDOW:
                self.keep_reports(session)
            if call.refused != OK:
                call.queue.clear()
            elif session.until - time.monotonic() < max(ANSWER_SECONDS, 2 * call.slowest):
                call.queue = deque(each for each in call.queue if each[0].sent)
            if call.queue and len(call.under_way) < self.window:
                self.submit_part(session, call)
            elif call.under_way:
                self.take_answer(session, call)
        self.keep_reports(session)

    def submit_part(self, session: Session, call: Call) -> None:
        """Submits the next part of the queue. It counts as under way before its first octet leaves."""
        submission, place = call.queue.popleft()
        submission.sent.add(place)
        submission.statuses.pop(place, None)
        sequence = session.request(
            "submit_sm",
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr_npi=consts.SMPP_NPI_UNK,
            source_addr=self.account.sender,
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=(submission.message.recipient or "").removeprefix("+"),
            esm_class=submission.parts.esm_class,
            data_coding=submission.parts.coding,
            short_message=submission.parts.octets[place],
            registered_delivery=consts.SMPP_SMSC_DELIVERY_RECEIPT_BOTH,
        )
        call.under_way[sequence] = submission, place

    def take_answer(self, session: Session, call: Call) -> None:
        """Waits for an answer, and notes it."""
        began = time.monotonic()
        answer = session.receive()
        self.used = time.monotonic()
        call.slowest = max(call.slowest, self.used - began)
        if answer is None or answer.sequence not in call.under_way:
            return
        submission, place = call.under_way.pop(answer.sequence)
        submission.statuses[place] = answer.status
        if answer.status == OK and (number := number_of(answer.message_id)):
            submission.numbers[place] = number
            self.numbers[submission.message.id] = list(submission.numbers.values())
        self.window = min(WINDOW, self.window + 1)
        if answer.status in REFUSED_CALL:
            call.refused = answer.status

    def bound(self) -> Session:
        """The session, which is bound and lives. Raises CallRefused if there is none to be had."""
        until = time.monotonic() + DEADLINE_SECONDS
        if self.session is not None and self.lives(self.session):
            self.session.until = until
            return self.session
        self.drop()
        session = Session(self.account.host, self.account.port, until)
        try:
            session.connect()
            status = session.bind("bind_transceiver", self.account.system_id, self.account.password.get_secret_value())
        except GONE as error:
            session.close()
            why = type(error).__name__
            raise CallRefused(f"The server at {self.address()} cannot be reached: {why}.", why) from None
        if status != OK:
            session.close()
            code = f"bind refused, SMPP status {status}"
            raise CallRefused(f"The server at {self.address()} refused us: {code}.", code, wait=BIND_REFUSED_WAIT)
        self.session, self.used, self.window = session, time.monotonic(), 1
        return session

    def lives(self, session: Session) -> bool:
        """Whether the server is still there: it answers an enquire_link, if it was quiet for long."""
        session.until = time.monotonic() + ENQUIRE_SECONDS
        try:
            while session.left() > ENQUIRE_SECONDS / 2 and session.has_news(NEWS_SECONDS if session.reports else 0.0):
                session.receive()
                if len(session.reports) >= WINDOW:
                    self.keep_reports(session)
            self.keep_reports(session)
            if time.monotonic() - self.used > IDLE_SECONDS:
                session.answer_to("enquire_link")
                self.used = time.monotonic()
        except GONE:
            return False
        return True

    def keep_reports(self, session: Session) -> None:
        """Records what the server reports, and only then confirms it: else it would not report it again."""
        if not session.reports:
            return
        try:
            keep_reports(self.name, [each.report for each in session.reports if each.report])
            status = OK
        except Unavailable:
            status = consts.SMPP_ESME_RX_T_APPN
        session.confirm(status)

    def attend(self) -> None:
        """See `deliver.Gateway`: answers the server's enquire_link, and sends ours."""
        if self.session is not None and not self.lives(self.session):
            self.drop()

    def close(self) -> None:
        """See `deliver.Gateway`: ends the session as SMPP wants it."""
        if self.session is not None and self.lives(self.session):
            try:
                self.session.answer_to("unbind")
            except GONE:
                pass
        self.drop()

    def drop(self) -> None:
        """Closes the connection, whatever its state."""
        if self.session is not None:
            self.session.close()
            self.session = None

    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.account.host}:{self.account.port}"
