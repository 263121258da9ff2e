"""A command for operators: reads the mails that came back, and records which e-mails did not arrive."""

import sys
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from models import clock
from models.database import transaction
from models.errors import Refused
from models.settings import settings
from notifications.bounces import LONGEST, known, mails_in, returned_number
from notifications.channels.email_smtp import SMTP, domain_of
from notifications.reports import UNDELIVERED, Report, keep_reports
from sijil.acting import name_of, servers_for
from sijil.commands.arguments import Name
from sijil.output import Json, print_result
from workflows.audit.acts import Act, Purpose
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OPERATOR


def record_bounces(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="A mailbox in the form Maildir. Without it: one mail, on standard input."
        ),
    ] = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Reads mails that came back to our address, and records which e-mails did not arrive.

    It believes delivery reports (RFC 3464) that return a message of ours, and nothing else; it changes no mailbox, and
    reading one twice records nothing twice. Household and term stay as they are: the text message or letter counts.
    """
    with servers_for("read_bounces", name) as who:
        domain, by = sender_domain(), name_of(who, "operator")
        read = [returned_number(mail, domain) for mail in mails(folder)]
        numbers = {number for number in read if number}
        ours = record(numbers, by)
    unknown, other = len(numbers) - ours, read.count(None)
    lines = [
        f"{ours} e-mails did not arrive, by {len(read)} mails that were read.",
        f"{unknown} reports name a message that no mail server was given, {other} mails are no such report: whoever "
        "keeps the mailbox may look at them.",
    ]
    print_result({"mails": len(read), "undelivered": ours, "unknown": unknown, "other": other}, as_json, *lines)


def record(numbers: Set[UUID], by: str) -> int:
    """Records that the messages with these numbers did not arrive, and notes who said so; how many are ours."""
    with transaction() as connection:
        ours = known(connection, numbers)
        cases = sorted({case_id for _, case_id in ours})
        sign_act(connection, OPERATOR, by, Doing(Act.READ_BOUNCES, clock.now(), cases, purpose=Purpose.OPERATION))
    keep_reports(SMTP, [Report(number, UNDELIVERED) for number, _ in ours])
    return len(ours)


def sender_domain() -> str:
    """The domain that we write from. Raises Refused where no mail server is set."""
    if not settings().smtp_sender:
        raise Refused("no_mail_server", "No e-mail goes out by a mail server from here: set SIJIL_SMTP_SENDER.")
    return domain_of(settings().smtp_sender)


def mails(folder: Path | None) -> Iterator[bytes]:
    """The mails that were given. Raises Refused where the folder is no mailbox."""
    if folder is None:
        yield sys.stdin.buffer.read(LONGEST)
        while sys.stdin.buffer.read(LONGEST):  # the mail server that hands it over writes to the end
            pass
        return
    if not all((folder / part).is_dir() for part in ("cur", "new")):
        text = f"{folder} is no mailbox in the form Maildir: it has no folders `cur` and `new`."
        raise Refused("no_mailbox", text)
    yield from mails_in(folder)
