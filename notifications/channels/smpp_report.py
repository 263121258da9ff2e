"""Reads the delivery report in a deliver_sm (SMPP 3.4, 4.6 and appendix B); our own, since smpplib reads no parameters
that it does not expect there.
"""

import re
import struct
from collections.abc import Iterator

from notifications.reports import DELIVERED, UNDELIVERED, WAITING, Report

IS_REPORT, REPORTS = 0x3C, 0x04  # the bits of esm_class that say what it is
PAYLOAD, NUMBER, STATE = 0x0424, 0x001E, 0x0427  # optional parameters
# message_state (5.2.28), and the words of the text in which most servers say it.
STATES = {2: DELIVERED, 3: UNDELIVERED, 4: UNDELIVERED, 5: UNDELIVERED, 8: UNDELIVERED}
WORDS = {
    b"DELIVRD": DELIVERED,
    b"EXPIRED": UNDELIVERED,
    b"DELETED": UNDELIVERED,
    b"UNDELIV": UNDELIVERED,
    b"REJECTD": UNDELIVERED,
}
TEXT_NUMBER = re.compile(rb"\bid:\s*([!-~]{1,64})")
TEXT_STATE = re.compile(rb"\bstat:\s*([A-Z]+)")
PRINTABLE = re.compile("[!-~]{1,64}")


def report_of(body: bytes) -> Report | None:
    """The report in the body of a deliver_sm; None for a message of a person, and for what cannot be read."""
    try:
        kind, text, parameters = fields_of(body)
    except (ValueError, IndexError, struct.error):
        return None
    if kind & IS_REPORT != REPORTS:
        return None
    number = parameters.get(NUMBER) or found(TEXT_NUMBER, text)
    named = number_of(number.rstrip(b"\0"))
    if not named:
        return None
    if STATE in parameters:
        return Report(named, STATES.get(parameters[STATE][0], WAITING))
    return Report(named, WORDS.get(found(TEXT_STATE, text), WAITING))


def found(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    """What the pattern's group holds in this text; nothing where it is not found."""
    hit = pattern.search(text)
    return hit[1] if hit else b""


def number_of(given: bytes | str | None) -> str:
    """A server's number of a part as we keep it; empty for none, and for one that no column could store."""
    number = given.decode("latin-1") if isinstance(given, bytes) else given or ""
    return number if PRINTABLE.fullmatch(number) else ""


def fields_of(body: bytes) -> tuple[int, bytes, dict[int, bytes]]:
    """The esm_class, the text and the optional parameters. Raises ValueError, IndexError or struct.error if cut."""
    place = after_text(body, 0)  # service_type
    place = after_text(body, after_text(body, place + 2) + 2)  # source and destination, each with its type and plan
    kind = body[place]
    place = after_text(body, after_text(body, place + 3))  # the times
    place += 4  # registered_delivery, replace_if_present, data_coding, sm_default_msg_id
    length = body[place]
    text = body[place + 1 : place + 1 + length]
    parameters = dict(optional_parameters(body[place + 1 + length :]))
    return kind, text or parameters.get(PAYLOAD, b""), {tag: value for tag, value in parameters.items() if value}


def after_text(body: bytes, place: int) -> int:
    """The place after the text that begins here and ends with a zero."""
    return body.index(0, place) + 1


def optional_parameters(rest: bytes) -> Iterator[tuple[int, bytes]]:
    """The tag and the value of each."""
    while rest:
        tag, length = struct.unpack(">HH", rest[:4])
        yield tag, rest[4 : 4 + length]
        rest = rest[4 + length :]
