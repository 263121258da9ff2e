"""A real SMTP server (aiosmtpd) that answers as a test says, and a certificate of an authority of its own."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.message_centre import free_port

USER, PASSWORD = "sijil", "s3cr3t-mail"
OK = "250 taken"


@dataclass
class MailBook:
    """Keeps each mail that it takes; `recipient` and `data` say what it answers."""

    recipient: Callable[[str], str] = lambda address: OK
    data: Callable[[EmailMessage], str] = lambda mail: OK
    sender: Callable[[str], str] = lambda address: OK
    delay: float = 0.0  # seconds before it answers for a text
    hangs: bool = False  # it takes the text, and says nothing
    breaks: bool = False  # it takes the text, and ends the connection
    mails: list[EmailMessage] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)  # each try

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.sender(address)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tried.append(address)
        if (answer := self.recipient(address)).startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        assert isinstance(envelope.content, bytes)
        mail: EmailMessage = message_from_bytes(envelope.content, policy=policy.default)
        answer = self.data(mail)
        if answer.startswith("250"):
            self.mails.append(mail)
            self.envelopes.append(envelope)
            self.encrypted.append(session.ssl is not None)
        await asyncio.sleep(self.delay)
        if self.hangs:
            await asyncio.sleep(3600)
        if self.breaks:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer

    def ids(self) -> list[str]:
        """The Message-ID of each mail that it took."""
        return [each["Message-ID"] for each in self.mails]

    def sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        """Lets in who has the password."""
        assert isinstance(given, LoginPassword)
        self.signed_in.append(given == LoginPassword(USER.encode(), PASSWORD.encode()))
        return AuthResult(success=self.signed_in[-1], handled=False)


@contextmanager
def serving(book: MailBook, context: ssl.SSLContext | None, **options: Any) -> Iterator[int]:
    """The port at which it serves; without a context it has no STARTTLS."""
    controller = Controller(
        book, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=bool(context), **options
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def certificate(folder: Path) -> Path:
    """A file with a key and the certificate of 127.0.0.1 that it signs itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)  # noqa: TID251 - the clock of TLS is the system's
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def context_of(path: Path) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
