"""Mails that came back: a delivery report on a message of ours says that it did not arrive, and nothing else does."""

import mailbox
import time
from io import BytesIO, TextIOWrapper
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from models.database import transaction
from notifications.bounces import LONGEST, mails_in, returned_number
from notifications.channels.email_smtp import SMTP
from notifications.reports import Numbered, write_numbers
from sijil.commands.bounces import mails
from tests.conftest import forget_settings
from tests.filing import file_clean, rows
from tests.integration.running import Run
from workflows.intake.submit import Accepted

DOMAIN = "register.example"
REPORT = """\
From: MAILER-DAEMON@mail.example
To: no-reply@register.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

<home@mail.example>: user unknown

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; home@mail.example
Action: {action}
Status: 5.1.1

--b
{returned}
--b--
"""
WHOLE = "Content-Type: message/rfc822\n\nFrom: no-reply@register.example\nMessage-ID: {number}\nSubject: x\n\nText\n"
HEADERS = "Content-Type: text/rfc822-headers\n\nFrom: no-reply@register.example\nMessage-ID: {number}\n"


def a_report(number: object, action: str = "failed", returned: str = WHOLE, domain: str = DOMAIN) -> bytes:
    named = returned.format(number=f"<{number}@{domain}>")
    return REPORT.format(action=action, returned=named).encode()


@pytest.mark.parametrize("returned", [WHOLE, HEADERS], ids=["whole", "headers"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_report_names_the_message_that_it_returns(returned: str, end: str) -> None:
    number = uuid4()
    mail = a_report(number, returned=returned).replace(b"\n", end.encode())
    assert returned_number(mail, DOMAIN) == number


NUMBER = UUID("019acb8d-0000-7000-8000-000000000000")


@pytest.mark.parametrize(
    "mail",
    [
        a_report(NUMBER, action="delayed"),
        a_report(NUMBER, action="delivered"),
        a_report(NUMBER, action="relayed"),
        a_report(NUMBER, domain="elsewhere.example"),
        a_report("019acb8d"),
        a_report(NUMBER, returned="Content-Type: text/plain\n\nMessage-ID: {number}\n"),
        a_report(NUMBER).replace(b"multipart/report", b"multipart/mixed"),
        a_report(NUMBER).replace(b"message/delivery-status", b"text/plain"),
        b"Subject: I am away\nIn-Reply-To: <%s@register.example>\n\nUntil Monday.\n" % str(NUMBER).encode(),
        b"Content-Type: multipart/report; report-type=delivery-status\n\nno boundary\n",
        b"",
        b"\xff\xfe\x00",
        b"".join(b'Content-Type: multipart/report; boundary="%d"\n\n--%d\n' % (n, n) for n in range(20_000)),
    ],
)
def test_nothing_else_is_believed(mail: bytes) -> None:
    assert returned_number(mail, DOMAIN) is None


NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(600))


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(NESTED + b"\n" * 900_000, id="parts within parts"),
        pytest.param(b'Content-Type: multipart/report; boundary="b' + b'\\";' * 300_000 + b"\n\n", id="a long header"),
    ],
)
def test_a_mail_that_was_made_to_be_read_for_long_is_not(mail: bytes) -> None:
    begun = time.monotonic()
    assert returned_number(mail, DOMAIN) is None
    assert time.monotonic() - begun < 10


@pytest.fixture
def by_mail(database: str, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The numbers of three messages that a mail server took."""
    monkeypatch.setenv("SIJIL_SMTP_URL", "smtp://mail.example:587")
    monkeypatch.setenv("SIJIL_SMTP_SENDER", "no-reply@register.example")
    forget_settings()
    file_clean(3)
    rows("update message set channel = 'email', status = 'sent', sent_at = now(), fence = 1, salt = null")
    sent = rows("select case_id, seq, template, id from message order by case_id")
    with transaction() as connection:
        write_numbers(connection, SMTP, [Numbered(tuple(key), 1, [str(number)]) for *key, number in sent])
    return [number for *_, number in sent]


def put(folder: Path, *mails: bytes) -> Path:
    """A Maildir with these mails."""
    box = mailbox.Maildir(folder, create=True)
    for each in mails:
        box.add(each)
    return folder


def test_a_mailbox_is_read_and_what_did_not_arrive_is_recorded_once(
    by_mail: list[UUID], ready: Run, tmp_path: Path
) -> None:
    folder = put(tmp_path / "box", a_report(by_mail[1]), a_report(uuid4()), b"Subject: away\n\nUntil Monday.\n")
    before = sorted(each.name for each in folder.rglob("*"))
    for _ in range(2):
        ran = ready("messages", "bounced", str(folder), "--json")
        assert ran.json == {"mails": 3, "undelivered": 1, "unknown": 1, "other": 1}
    assert rows("select id from message where delivery = 'undelivered'") == [(by_mail[1],)]
    assert sorted(each.name for each in folder.rglob("*")) == before
    assert "home@mail.example" not in ran.out + ran.err
    assert rows("select distinct act, cardinality(case_ids) from audit_entry") == [("read_bounces", 1)]
    assert rows("select count(*) from message_part") == [(3,)], "what a stranger made up leaves no row"
    (shown,) = ready("messages", "list", "--undelivered", "--channel", "email", "--json").json["messages"]
    assert shown["delivery"] == "undelivered"


def test_a_mail_that_somebody_deletes_meanwhile_holds_up_no_other_one(tmp_path: Path) -> None:
    folder = put(tmp_path / "box", *(a_report(uuid4()) for _ in range(3)))
    found = mails_in(folder)
    assert next(found)
    _, second, _ = sorted((folder / "new").iterdir())
    second.unlink()
    assert len(list(found)) == 1


def test_a_long_mail_on_standard_input_is_taken_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the mail server that hands it over is told that its line broke."""
    given = BytesIO(b"x" * 3 * LONGEST)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(given))
    assert [len(each) for each in mails(None)] == [LONGEST]
    assert given.tell() == 3 * LONGEST


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_that_is_no_mailbox_is_said(by_mail: list[UUID], ready: Run, tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    ran = ready("messages", "bounced", str(tmp_path / folder))
    assert ran.code == 2
    assert "is no mailbox in the form Maildir" in ran.err


def test_without_a_mail_server_there_is_nothing_to_read(notified: list[Accepted], ready: Run, tmp_path: Path) -> None:
    ran = ready("messages", "bounced", str(tmp_path))
    assert (ran.code, "SIJIL_SMTP_SENDER" in ran.err) == (2, True)
