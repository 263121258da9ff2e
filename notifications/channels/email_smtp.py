"""A mail server that speaks SMTP (RFC 5321): e-mails in plain text, over an encrypted line."""

import asyncio
import re
import ssl
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from email.utils import format_datetime
from typing import Literal, NamedTuple
from uuid import UUID

import aiosmtplib
from pydantic import SecretStr

from models import clock
from models.languages import LANGUAGES
from notifications.catalogues import MESSAGES
from notifications.deliver import ACCEPTED, CallRefused
from notifications.leases import EMAIL, Leased

SMTP = "smtp"  # the name under which its reports come, read from the mails that came back
# A deadline for the whole call, whatever drips. With the wait before it (deliver.py), it ends before the lease does.
DEADLINE_SECONDS = 8.0
CONNECT_SECONDS, QUIT_SECONDS = 3.0, 1.0
LAST_SECONDS = 3.0  # before the deadline no further message is begun: its answer would come too late
REFUSED_WAIT = timedelta(minutes=1)  # a wrong password, tried too often, may lock the account
CLOSING_DOWN = 421  # the server ends the session, whatever the message
NO_EMAIL = "not an e-mail"
# A server's policy (RFC 3463, X.7.X) may be about us, and somebody may mend it: the message is tried again.
POLICY = re.compile(r"5\.7\.\d{1,3}\b")
RIGHT_TO_LEFT = "\u200f"
SUBJECT = "RSU: a message about your file"
CLOSING = (
    "You get this because a household gave us this address. If that was not you, delete it. Our messages hold no link "
    "and ask for no code, and nobody reads answers to them."
)
LINES = SMTP_LINES.clone(cte_type="7bit")  # not every server takes eight bits
Encryption = Literal["starttls", "tls", "none"]


class MailServer(NamedTuple):
    """Where the server is, how the line to it is encrypted, who we are there, and the address that we write from."""

    host: str
    port: int
    encryption: Encryption
    user: str
    password: SecretStr
    sender: str


class Mail(NamedTuple):
    """A message as the server takes it."""

    reference: UUID
    recipient: str
    octets: bytes


class Session(aiosmtplib.SMTP):
    """A session that ends at once, since a polite end of TLS would wait for the server, and tries a password once."""

    @property
    def supported_auth_methods(self) -> list[str]:
        """See aiosmtplib, which tries a refused password by every method: each try may count at the server."""
        return super().supported_auth_methods[:1]

    def close(self) -> None:
        """See aiosmtplib."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        super().close()


class SmtpGateway:
    """Sends by a session a call. One thread at a time uses it, on an event loop of its own (channels/sms_http.py).

    No server can be asked about our references, but a message that comes twice is one mail: both have its Message-ID.
    So of a message without an answer nobody is asked, and it is sent again.
    """

    name = SMTP
    can_be_asked = True
    most = 20
    final: Mapping[str, str] = {f"SMTP {code}": "failed" for code in range(500, 600)} | {NO_EMAIL: "failed"}

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.loop = asyncio.new_event_loop()
        weakref.finalize(self, self.loop.close)

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str | None]:
        """See `deliver.Gateway`."""
        answers: dict[UUID, str | None] = {}
        mails: list[Mail] = []
        for each in messages:
            try:
                mails.append(mail_of(each, self.server.sender))
                answers[each.id] = None
            except ValueError:
                answers[each.id] = NO_EMAIL
        if mails:
            self.loop.run_until_complete(self.call(mails, answers))
        return answers

    def find_accepted(self, references: Sequence[UUID]) -> set[UUID]:
        """See `deliver.Gateway`: nobody knows, and a mail that comes again is the same one."""
        return set()

    def numbers_of(self, reference: UUID) -> Sequence[str]:
        """See `deliver.Gateway`: a mail that comes back returns our own number (notifications/bounces.py)."""
        return [str(reference)]

    def attend(self) -> None:
        """See `deliver.Gateway`; it keeps no connection."""

    def close(self) -> None:
        """See `deliver.Gateway`; it keeps no connection."""

    async def call(self, mails: Sequence[Mail], answers: dict[UUID, str | None]) -> None:
        """Sends these, and notes each answer. Raises CallRefused, with the answers so far, where the call ended early.

        A message of which nobody knows whether it was sent has no answer in them.
        """
        session = self.session()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as until:
                await session.connect(timeout=CONNECT_SECONDS)
                for each in mails:
                    if (until.when() or 0.0) - self.loop.time() > LAST_SECONDS:
                        await self.submit(session, each, answers)
                with suppress(aiosmtplib.SMTPException, OSError):
                    await session.quit(timeout=QUIT_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self.refusal(error, answers) from None
        finally:
            session.close()
            await asyncio.sleep(0)  # the loop closes the socket

    def session(self) -> Session:
        """A session for one call. Certificates are checked against those that the system, or SSL_CERT_FILE, trusts."""
        server = self.server
        return Session(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password.get_secret_value() or None,
            local_hostname=domain_of(server.sender),
            timeout=DEADLINE_SECONDS,
            use_tls=server.encryption == "tls",
            start_tls=server.encryption == "starttls",
            tls_context=None if server.encryption == "none" else ssl.create_default_context(),
        )

    async def submit(self, session: Session, mail: Mail, answers: dict[UUID, str | None]) -> None:
        """Hands over one message. From its text on nobody knows what became of it, until the server answers."""
        await session.mail(self.server.sender)
        try:
            await session.rcpt(mail.recipient)
            del answers[mail.reference]
            await session.data(mail.octets)
            answers[mail.reference] = ACCEPTED
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as refusal:
            if refusal.code == CLOSING_DOWN:
                answers[mail.reference] = None
                raise
            answers[mail.reference] = answer_of(refusal)
            await session.rset()

    def refusal(self, error: Exception, answers: Mapping[UUID, str | None]) -> CallRefused:
        """The error of a call that ended early: by its kind or the server's code, without a word of the server's."""
        code = getattr(error, "code", 0)
        why = f"SMTP {code}" if code > 0 else type(error).__name__
        ours = isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPSenderRefused)
        text = f"The mail server at {self.server.host}:{self.server.port} took no more messages: {why}."
        return CallRefused(text, why, wait=REFUSED_WAIT if ours and code != CLOSING_DOWN else None, answers=answers)


def answer_of(refusal: aiosmtplib.SMTPResponseException) -> str:
    """The server's code; what it says beside it may hold the address."""
    policy = POLICY.match(refusal.message)
    return f"SMTP {refusal.code} {policy[0]}" if policy else f"SMTP {refusal.code}"


def mail_of(message: Leased, sender: str) -> Mail:
    """The mail that brings a message, in its reader's language. Raises ValueError where there is no address."""
    if message.channel != EMAIL or not message.recipient or not message.recipient.isascii():
        raise ValueError(NO_EMAIL)
    mail = EmailMessage(policy=LINES)
    mail["From"] = Address(addr_spec=sender)
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Subject"] = MESSAGES.text(message.language, SUBJECT, "email_subject")
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{message.id}@{domain_of(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"  # no absent reader's mailbox answers it (RFC 3834)
    mail.set_content(text_of(message))
    mail["Content-Language"] = message.language
    return Mail(message.id, message.recipient, mail.as_bytes())


def text_of(message: Leased) -> str:
    """The text of the message, and why somebody gets it; each line of Arabic runs from right to left."""
    lines = [*message.body.splitlines(), "", MESSAGES.text(message.language, CLOSING, "email_closing")]
    mark = RIGHT_TO_LEFT if LANGUAGES[message.language].direction == "rtl" else ""
    return "".join(f"{mark}{each}\n" if each else "\n" for each in lines)


def domain_of(address: str) -> str:
    """The domain of an address."""
    return address.rpartition("@")[2]
