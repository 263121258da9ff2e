"""Reads mails that came back, and says of which of our messages they report that they did not arrive (RFC 3464).

Anybody can write to our address, so nothing of such a mail is believed but one thing: the number of our message in the
`Message-ID` of what it returns. Only those hold it who had the mail in hand, and all that follows is that the message
counts as undelivered: an e-mail comes beside a text message or letter, and no term hangs on it. What a mailbox answers
in words of its own (an absent reader, a report of another form) says nothing.
"""

import mailbox
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from email import message_from_bytes, message_from_string
from email.message import Message
from pathlib import Path
from uuid import UUID

from models.database import Connection
from notifications.channels.email_smtp import SMTP

# The parser takes minutes over a megabyte that somebody made for it: of headers that never end, of parts within parts.
LONGEST = 65_536  # bytes that are read of a mail: of ours, returned whole, some thousands
MOST_BOUNDARIES = 20  # in all of it: a report and what it returns have a few
NUMBER = re.compile(r"\s*<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>\s]{1,255})>\s*")
UNREADABLE = (RecursionError, ValueError, LookupError, TypeError, AttributeError)  # what the parser raises of odd mails
KNOWN = """
    select number, case_id from message_part
    where gateway = %s and number = any(%s) order by number
"""


def mails_in(folder: Path) -> Iterator[bytes]:
    """The mails of a mailbox in the form Maildir, new and seen, but those that somebody takes away meanwhile; none is
    changed. Raises OSError, as a folder does.
    """
    box = mailbox.Maildir(folder, create=False)
    for key in sorted(box.keys()):
        with suppress(KeyError, FileNotFoundError), box.get_file(key) as file:
            yield file.read(LONGEST)


def returned_number(mail: bytes, domain: str) -> UUID | None:
    """The number of our message, written from this domain, that this mail reports as not delivered, for good.

    A mail that the parser cannot read, or that has it work for long, says nothing.
    """
    read = mail[:LONGEST]
    if read.lower().count(b"boundary") > MOST_BOUNDARIES:
        return None
    try:
        return number_in(read, domain)
    except UNREADABLE:
        return None


def number_in(mail: bytes, domain: str) -> UUID | None:
    """The same, of a mail that can be read."""
    report = message_from_bytes(mail)
    if report.get_content_type() != "multipart/report" or not report.is_multipart():
        return None
    parts = [each for each in report.get_payload() if isinstance(each, Message)]
    if not any(fails(each) for each in parts):
        return None
    return next((number for each in parts if (number := number_of(each, domain))), None)


def fails(part: Message) -> bool:
    """Whether this part says of a recipient that a delivery failed for good: not that it is late, nor was relayed."""
    if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
        return False
    said = [str(each.get("Action", "")).strip().lower() for each in part.get_payload() if isinstance(each, Message)]
    return "failed" in said


def number_of(part: Message, domain: str) -> UUID | None:
    """The number of our message that this part returns, whole or by its headers alone."""
    match part.get_content_type():
        case "message/rfc822" if part.is_multipart():
            original = part.get_payload(0)
        case "text/rfc822-headers":
            raw = part.get_payload(decode=True)
            original = message_from_string(raw.decode("ascii", "replace")) if isinstance(raw, bytes) else None
        case _:
            return None
    found = NUMBER.fullmatch(str(original.get("Message-ID", ""))) if isinstance(original, Message) else None
    return UUID(found[1]) if found and found[2].lower() == domain.lower() else None


def known(connection: Connection, numbers: Iterable[UUID]) -> Sequence[tuple[str, int]]:
    """Those of these numbers under which a mail of ours went out, each with its case."""
    rows: Sequence[tuple[str, int]] = connection.execute(KNOWN, [SMTP, [str(each) for each in numbers]]).fetchall()
    return rows
