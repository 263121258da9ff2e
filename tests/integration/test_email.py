"""E-mails by SMTP, to a real server: encrypted, one mail even if it is sent twice, and nothing in it that tells."""

import ssl
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr, ValidationError

from models.languages import LANGUAGES
from models.settings import Settings
from notifications.breaker import PAUSE
from notifications.channels import email_smtp
from notifications.channels.choice import gateways
from notifications.channels.email_smtp import NO_EMAIL, REFUSED_WAIT, Encryption, MailServer, SmtpGateway, mail_of
from notifications.channels.smpp import SmppGateway
from notifications.channels.sms_http import HttpGateway
from notifications.deliver import CallRefused, Deliverer
from notifications.leases import EMAIL, LEASE_DURATION, LETTER, SMS, Leased
from tasks.worker import new_deliveries
from tests.conftest import forget_settings
from tests.filing import clean, file, file_clean, rows
from tests.integration.gateways import drained
from tests.integration.mail_server import OK, PASSWORD, USER, MailBook, certificate, context_of, serving
from tests.integration.message_centre import free_port
from tests.people import after

SENDER = "no-reply@register.example"
LEASE_OVER = LEASE_DURATION.total_seconds() + 1
BODY = {
    "ar": "السجل الاجتماعي الموحد: توصلنا بطلبكم RSU-7ZPZ-X61A-AQFB.",
    "fr": "RSU : nous avons enregistré votre demande RSU-7ZPZ-X61A-AQFB.",
    "en": "RSU: we have received your application RSU-7ZPZ-X61A-AQFB.",
}


def a_message(recipient: str = "home@mail.example", language: str = "ar", reference: UUID | None = None) -> Leased:
    return Leased(7, 1, "received", reference or uuid4(), 1, 0, EMAIL, recipient, BODY[language], language=language)


def a_gateway(port: int, encryption: Encryption = "starttls", user: str = "", password: str = "") -> SmtpGateway:
    return SmtpGateway(MailServer("127.0.0.1", port, encryption, user, SecretStr(password), SENDER))


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def trusted(pem: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's context, whose certificate this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return context_of(pem)


@pytest.fixture
def book() -> MailBook:
    return MailBook()


@pytest.fixture
def gateway(book: MailBook, trusted: ssl.SSLContext) -> Iterator[SmtpGateway]:
    with serving(book, trusted) as port:
        yield a_gateway(port)


@pytest.fixture
def owed_by_email(database: str) -> None:
    """One household, whose messages go by e-mail."""
    file_clean(1)
    rows("update message set channel = 'email', recipient = 'home@mail.example', salt = null")


def messages() -> list[tuple[object, ...]]:
    return rows("select status, tries, error from message")


# What is sent


def test_a_mail_goes_once_and_encrypted_from_our_address_to_the_households(
    owed_by_email: None, gateway: SmtpGateway, book: MailBook
) -> None:
    deliverer = Deliverer(gateway, EMAIL)
    deliverer.drain()
    deliverer.drain()

    assert messages() == [("sent", 1, None)]
    assert book.encrypted == [True]
    (envelope,), (mail,) = book.envelopes, book.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["home@mail.example"])
    assert (mail["From"], mail["To"]) == (SENDER, "home@mail.example")
    number = mail["Message-ID"].strip("<>").partition("@")[0]
    assert rows("select id from message") == [(UUID(number),)]
    assert rows("select gateway, number from message_part") == [("smtp", number)], "by which a bounce is known again"


def test_a_household_that_gave_an_address_gets_each_message_there_and_by_phone(
    database: str, gateway: SmtpGateway, book: MailBook
) -> None:
    file(clean(1)[0].body | {"email": "home@mail.example"})
    Deliverer(gateway, EMAIL).drain()

    told = rows("select template, channel, status, error from message order by template")
    assert told == [("received", "sms", "owed", None), ("received_by_email", "email", "sent", None)]
    (body,) = {body for (body,) in rows("select body from message")}
    assert body in book.mails[0].get_content()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_plain_text_in_its_readers_language_and_direction(
    language: str, gateway: SmtpGateway, book: MailBook
) -> None:
    message = a_message(language=language)
    assert gateway.send([message]) == {message.id: "accepted"}

    (mail,) = book.mails
    assert (mail.get_content_type(), mail["Content-Language"]) == ("text/plain", language)
    assert mail["Auto-Submitted"] == "auto-generated"
    lines = mail.get_content().splitlines()
    assert lines[0].lstrip("\u200f") == BODY[language]
    assert {each[0] == "\u200f" for each in lines if each} == {language == "ar"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_subject_and_what_we_add_hold_no_reference_number_or_link(
    language: str, gateway: SmtpGateway, book: MailBook
) -> None:
    gateway.send([a_message(language=language)])
    (mail,) = book.mails
    said = mail["Subject"] + mail.get_content().replace(BODY[language], "")
    assert not any(letter.isdigit() or letter in "/@" for letter in said)
    assert "RSU-" not in said
    assert "www" not in said


def test_every_header_is_one_that_we_chose(gateway: SmtpGateway, book: MailBook) -> None:
    gateway.send([a_message()])
    (mail,) = book.mails
    assert {name.lower() for name in mail} - {"x-peer", "x-mailfrom", "x-rcptto"} == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "content-language",
        "auto-submitted",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
    }


@pytest.mark.parametrize(
    "address",
    [
        "home@mail.example\r\nBcc: other@mail.example",
        "home@mail.example\nRCPT TO:<other@mail.example>",
        "home@mail.example> SIZE=1",
        "home@mail.example, other@mail.example",
        "home",
        "",
        "بيت@mail.example",
        "home@بيت.example",
    ],
)
def test_an_address_that_is_none_adds_no_header_and_no_recipient_and_harms_no_other_mail(
    address: str, gateway: SmtpGateway, book: MailBook
) -> None:
    bad, good = a_message(address), a_message()
    assert gateway.send([bad, good]) == {bad.id: NO_EMAIL, good.id: "accepted"}
    assert book.tried == ["home@mail.example"]
    assert SmtpGateway.final[NO_EMAIL] == "failed"


def test_a_body_cannot_end_the_mail_or_begin_a_header(gateway: SmtpGateway, book: MailBook) -> None:
    message = a_message()._replace(body="one\r\n.\r\nMAIL FROM:<other@mail.example>\n\n.two")
    assert gateway.send([message]) == {message.id: "accepted"}
    (mail,) = book.mails
    assert "MAIL FROM:<other@mail.example>" in mail.get_content()


def test_a_mail_goes_in_seven_bits_however_short_its_lines_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_smtp, "text_of", lambda message: "é\n")
    assert mail_of(a_message(), SENDER).octets.isascii()


def test_a_text_message_and_a_letter_are_none_of_its_business(gateway: SmtpGateway, book: MailBook) -> None:
    others = [a_message()._replace(channel=SMS), a_message()._replace(channel=LETTER, recipient=None)]
    assert set(gateway.send(others).values()) == {NO_EMAIL}
    assert book.tried == []


# What the server answers


def test_a_server_that_refuses_for_now_gets_the_same_mail_again(
    owed_by_email: None, gateway: SmtpGateway, book: MailBook
) -> None:
    book.data = lambda mail: "451 4.3.0 try again"
    deliverer = Deliverer(gateway, EMAIL)
    assert drained(deliverer) == ""
    assert messages() == [("owed", 1, "SMTP 451")]

    book.data = lambda mail: OK
    with after(days=0, seconds=3):
        deliverer.drain()
    assert messages() == [("sent", 2, None)]
    assert len(book.mails) == 1


def test_greylisting_of_one_address_holds_up_no_other(gateway: SmtpGateway, book: MailBook) -> None:
    book.recipient = lambda address: "450 4.2.0 greylisted" if address.startswith("grey") else OK
    grey, good = a_message("grey@mail.example"), a_message()
    assert gateway.send([grey, good]) == {grey.id: "SMTP 450", good.id: "accepted"}


@pytest.mark.parametrize("at", ["recipient", "data"])
def test_a_server_that_refuses_for_good_is_not_asked_again(
    at: str, owed_by_email: None, gateway: SmtpGateway, book: MailBook
) -> None:
    setattr(book, at, lambda given: "550 5.1.1 <home@mail.example> unknown")
    deliverer = Deliverer(gateway, EMAIL)
    assert drained(deliverer) == ""
    with after(days=1):
        deliverer.drain()
    assert messages() == [("failed", 1, "SMTP 550")]
    assert book.tried == ["home@mail.example"]


def test_a_refusal_by_policy_may_be_about_us_and_is_tried_again(gateway: SmtpGateway, book: MailBook) -> None:
    book.recipient = lambda address: "550 5.7.1 relaying denied"
    message = a_message()
    assert gateway.send([message]) == {message.id: "SMTP 550 5.7.1"}
    assert "SMTP 550 5.7.1" not in SmtpGateway.final


def test_what_the_server_says_is_not_kept_since_it_may_quote_the_address(
    owed_by_email: None, gateway: SmtpGateway, book: MailBook
) -> None:
    book.recipient = lambda address: f"550 5.1.1 <{address}> does not live here"
    drained(Deliverer(gateway, EMAIL))
    assert [error for _, _, error in messages() if "home" in str(error)] == []


def test_a_server_that_closes_in_the_middle_keeps_what_it_took_and_counts_no_try_of_the_others(
    gateway: SmtpGateway, book: MailBook
) -> None:
    book.recipient = lambda address: "421 4.3.2 closing" if address.startswith("late") else OK
    first, late, last = a_message(), a_message("late@mail.example"), a_message()
    with pytest.raises(CallRefused) as refused:
        gateway.send([first, late, last])
    assert refused.value.answers == {first.id: "accepted", late.id: None, last.id: None}
    assert (refused.value.code, refused.value.wait) == ("SMTP 421", None)


def test_a_server_that_will_not_have_our_address_gets_no_message_for_a_minute(
    owed_by_email: None, gateway: SmtpGateway, book: MailBook
) -> None:
    book.sender = lambda address: "550 5.7.1 not yours"
    assert "took no more messages: SMTP 550" in drained(Deliverer(gateway, EMAIL))
    assert rows("select status, tries, due_at > now() + '50 seconds'::interval from message") == [("owed", 0, True)]


# Nobody knows whether it was sent


def test_a_mail_whose_server_breaks_off_after_the_text_is_sent_again_as_the_same_mail(
    owed_by_email: None, gateway: SmtpGateway, book: MailBook
) -> None:
    book.breaks = True
    deliverer = Deliverer(gateway, EMAIL)
    assert "took no more messages" in drained(deliverer)
    assert rows("select status from message") == [("sending",)]

    book.breaks = False
    with after(days=0, seconds=LEASE_OVER):
        deliverer.drain()
    assert rows("select status, error from message") == [("owed", "no answer")]
    with after(days=0, seconds=3 * LEASE_OVER):
        deliverer.drain()
    assert messages() == [("sent", 2, None)]
    first, second = book.ids()
    assert first == second


def test_a_server_that_hangs_is_given_up_within_the_lease_and_the_mail_sent_again_as_the_same(
    owed_by_email: None, gateway: SmtpGateway, book: MailBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_smtp, "DEADLINE_SECONDS", 3.5)
    book.hangs = True
    deliverer = Deliverer(gateway, EMAIL)
    began = time.monotonic()
    assert "took no more messages: " in drained(deliverer)
    assert time.monotonic() - began < 5
    assert rows("select status from message") == [("sending",)]

    book.hangs = False
    for round_ in (1, 3):
        with after(days=0, seconds=round_ * LEASE_OVER):
            deliverer.drain()
    assert messages() == [("sent", 2, None)]
    assert len(set(book.ids())) == 1


def test_a_slow_server_gets_no_message_that_it_could_not_answer_for_in_time(
    gateway: SmtpGateway, book: MailBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_smtp, "DEADLINE_SECONDS", 3.8)
    book.delay = 0.5
    sent = [a_message() for _ in range(5)]
    answers = gateway.send(sent)
    assert answers[sent[0].id] == "accepted"
    assert answers[sent[-1].id] is None
    assert [each for each in answers.values() if each] == ["accepted"] * len(book.mails)


def test_two_waits_of_a_call_are_over_before_the_lease_is() -> None:
    assert LEASE_DURATION.total_seconds() > email_smtp.DEADLINE_SECONDS + 5.0


# Who the server is


def test_a_server_without_starttls_gets_no_message_and_no_password(book: MailBook) -> None:
    with serving(book, None, authenticator=book.sign_in, auth_require_tls=False) as port:
        message = a_message()
        with pytest.raises(CallRefused) as refused:
            a_gateway(port, user=USER, password=PASSWORD).send([message])
    assert refused.value.answers == {message.id: None}
    assert (book.tried, book.signed_in) == ([], [])


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_message(
    pem: Path, book: MailBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with serving(book, context_of(pem)) as port, pytest.raises(CallRefused) as refused:
        a_gateway(port).send([a_message()])
    assert not refused.value.carried
    assert book.tried == []


def test_a_server_of_another_name_gets_no_message(trusted: ssl.SSLContext, book: MailBook) -> None:
    with serving(book, trusted) as port, pytest.raises(CallRefused):
        SmtpGateway(MailServer("localhost", port, "starttls", "", SecretStr(""), SENDER)).send([a_message()])
    assert book.tried == []


def test_a_server_is_spoken_to_in_tls_from_the_first_octet(trusted: ssl.SSLContext, book: MailBook) -> None:
    message = a_message()
    with serving(book, None, ssl_context=trusted) as port:
        assert a_gateway(port, "tls").send([message]) == {message.id: "accepted"}


def test_a_server_on_this_host_may_be_spoken_to_without_encryption(book: MailBook) -> None:
    message = a_message()
    with serving(book, None) as port:
        assert a_gateway(port, "none").send([message]) == {message.id: "accepted"}
    assert book.encrypted == [False]


def test_we_sign_in_and_a_wrong_password_is_not_tried_again_for_a_minute(
    trusted: ssl.SSLContext, book: MailBook
) -> None:
    with serving(book, trusted, authenticator=book.sign_in, auth_required=True) as port:
        message = a_message()
        assert a_gateway(port, user=USER, password=PASSWORD).send([message]) == {message.id: "accepted"}
        with pytest.raises(CallRefused) as refused:
            a_gateway(port, user=USER, password="wrong").send([message])
    assert (refused.value.code, refused.value.wait) == ("SMTP 535", REFUSED_WAIT)
    assert "wrong" not in str(refused.value)
    assert book.signed_in == [True, False]  # one try, though the server knows two ways


def test_nobody_listens_and_the_message_waits(owed_by_email: None) -> None:
    port = free_port()
    assert f"127.0.0.1:{port} took no more messages: SMTPConnectError" in drained(Deliverer(a_gateway(port), EMAIL))
    assert messages() == [("owed", 0, "SMTPConnectError")]
    assert PAUSE < REFUSED_WAIT


# Settings


def test_a_worker_delivers_e_mails_at_any_hour_and_text_messages_by_day(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_SMTP_URL", "smtp://mail.example")
    monkeypatch.setenv("SIJIL_SMTP_SENDER", SENDER)
    monkeypatch.setenv("SIJIL_TEXT_HOURS", "09:00-20:00")
    forget_settings()
    hours = {each.deliverer.channel: each.deliverer.hours for each in new_deliveries(Counter()).threads[1:]}
    assert (hours[EMAIL], hours[LETTER]) == (None, None)
    assert hours[SMS] is not None


MAIL = {"smtp_url": "smtp://mail.example", "smtp_sender": SENDER, "smtp_password": PASSWORD, "smtp_user": USER}


def server_of(**changes: str) -> MailServer:
    made = gateways(Settings.model_validate(MAIL | changes))[EMAIL]
    assert isinstance(made, SmtpGateway)
    return made.server


def test_the_settings_say_where_the_server_is_and_how_the_line_is_encrypted() -> None:
    assert server_of()[:4] == ("mail.example", 587, "starttls", USER)
    assert server_of(smtp_url="smtps://mail.example")[:3] == ("mail.example", 465, "tls")
    assert server_of(smtp_url="smtp://[::1]:2525", smtp_encryption="off")[:3] == ("::1", 2525, "none")
    assert PASSWORD not in repr(server_of())


def test_without_a_mail_server_e_mails_go_to_the_gateway() -> None:
    assert isinstance(gateways(Settings())[EMAIL], HttpGateway)
    smpp = {"gateway_url": "smpp://a", "smpp_system_id": "a", "smpp_password": "b", "smpp_sender": "RSU"}
    assert isinstance(gateways(Settings.model_validate(smpp))[EMAIL], SmppGateway)


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_sender": ""},
        {"smtp_sender": "no address"},
        {"smtp_sender": "a@b.c\r\nBcc: d@e.f"},
        {"smtp_url": "smtp://user:secret@mail.example"},
        {"smtp_url": "http://mail.example"},
        {"smtp_encryption": "off"},
        {"smtp_url": "smtps://127.0.0.1", "smtp_encryption": "off"},
        {"smtp_encryption": "perhaps"},
    ],
)
def test_settings_that_name_no_whole_server_are_refused_without_the_password(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate(MAIL | wrong)
    assert PASSWORD not in str(refused.value)
