"""Text messages by SMPP, to a real server: each is sent once, none is lost, and the password is never told."""

import logging
import logging.config
import struct
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError
from smpp34 import SubmitSmEvent
from smpplib import consts

from models.settings import Settings
from notifications.channels.choice import gateway_of
from notifications.channels.smpp import IN_PART, Account, SmppGateway
from notifications.channels.sms_http import HttpGateway
from notifications.channels.sms_parts import parts_of
from notifications.deliver import CallRefused, Deliverer
from tests.filing import file_clean, rows
from tests.integration.gateways import drained
from tests.integration.message_centre import (
    ANSWER,
    BIND_TRANSCEIVER,
    SUBMIT,
    Line,
    MessageCentre,
    Packet,
)
from tests.integration.smpp_sending import ARABIC, FRENCH, PASSWORD, a_message, messages
from tests.integration.smpp_sending import centre as centre
from tests.integration.smpp_sending import gateway as gateway
from tests.integration.smpp_sending import line as line
from tests.people import after

# What is sent


def test_a_message_goes_out_once_from_the_registered_sender_to_the_number(
    database: str, centre: MessageCentre, gateway: SmppGateway, line: Line
) -> None:
    file_clean(3)
    deliverer = Deliverer(gateway)
    deliverer.drain()
    deliverer.drain()

    assert messages() == [("sent", 1, None, 3)]
    assert (centre.bound, line.seen[0]) == (["sijil"], BIND_TRANSCEIVER)
    told = {each.destination_addr for each in centre.accepted}
    assert told == {number.removeprefix("+") for (number,) in rows("select recipient from message")}
    assert {(each.source_addr, each.source_addr_ton, each.dest_addr_ton) for each in centre.accepted} == {("RSU", 5, 1)}


def test_a_long_text_in_arabic_goes_in_joined_parts_of_140_octets(centre: MessageCentre, gateway: SmppGateway) -> None:
    message = a_message(ARABIC)
    assert gateway.send([message]) == {message.id: "accepted"}

    parts = [bytes(each.short_message) for each in centre.accepted]
    assert {(each.esm_class, each.data_coding) for each in centre.accepted} == {(0x40, 8)}
    assert [len(part) for part in parts[:-1]] == [140] * (len(parts) - 1)
    assert [part[:6] for part in parts] == [
        bytes([5, 0, 3, message.id.bytes[-1], len(parts), place]) for place in range(1, len(parts) + 1)
    ]
    assert b"".join(part[6:] for part in parts).decode("utf-16-be") == ARABIC


def test_french_goes_in_the_alphabet_of_160_letters(centre: MessageCentre, gateway: SmppGateway) -> None:
    gateway.send([a_message(FRENCH)])
    (sent,) = centre.accepted
    assert (sent.esm_class, sent.data_coding, len(sent.short_message)) == (0, 0, len(FRENCH))
    assert bytes(sent.short_message).replace(b"\x05", "é".encode()).replace(b"\x7f", "à".encode()).decode() == FRENCH


@pytest.mark.parametrize("text", ["reçue", "têtu", "`", "\x1b", "§\u0000", "\u2d63"])
def test_a_letter_outside_the_alphabet_makes_it_ucs_2(text: str) -> None:
    (octets,), coding, esm_class = parts_of(text, uuid4())
    assert (octets.decode("utf-16-be"), coding, esm_class) == (text, 8, 0)


@pytest.mark.parametrize(
    ("text", "coding", "lengths"),
    [
        ("a" * 160, 0, [160]),
        ("a" * 161, 0, [159, 14]),
        ("a" * 152 + "€" * 5, 0, [158, 16]),
        ("ب" * 70, 8, [140]),
        ("ب" * 71, 8, [140, 14]),
        ("ب" * 66 + "😀" * 5, 8, [138, 26]),
    ],
)
def test_no_letter_is_cut_in_two(text: str, coding: int, lengths: list[int]) -> None:
    parts = parts_of(text, uuid4())
    assert (parts.coding, [len(part) for part in parts.octets]) == (coding, lengths)


def test_what_is_no_text_message_never_reaches_the_server(centre: MessageCentre, gateway: SmppGateway) -> None:
    letter = a_message()._replace(channel="letter", recipient=None)
    endless = a_message("ب" * 67 * 256)
    assert gateway.send([letter, endless]) == {letter.id: "not a text message", endless.id: "invalid length"}
    assert centre.bound == []


# What the server answers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (consts.SMPP_ESME_RINVDSTADR, "invalid destination"),
        (consts.SMPP_ESME_RINVDSTTON, "invalid destination"),
        (consts.SMPP_ESME_RINVMSGLEN, "invalid length"),
        (consts.SMPP_ESME_RX_P_APPN, "refused for good"),
    ],
)
def test_a_message_refused_for_good_has_failed_and_the_others_go(
    database: str, centre: MessageCentre, gateway: SmppGateway, status: int, error: str
) -> None:
    file_clean(3)
    bad = str(rows("select min(recipient) from message")[0][0]).removeprefix("+")
    centre.status = lambda event: status if event.destination_addr == bad else 0
    deliverer = Deliverer(gateway)
    for hours in range(3):
        with after(seconds=3600 * hours):
            deliverer.drain()

    assert messages() == [("failed", 1, error, 1), ("sent", 1, None, 2)]
    sent = [(each.destination_addr, bytes(each.short_message)) for each in centre.submitted]
    assert len(sent) == len(set(sent))


def test_a_message_refused_for_reasons_of_its_own_is_tried_again(
    database: str, centre: MessageCentre, gateway: SmppGateway
) -> None:
    file_clean(1)
    centre.status = lambda event: consts.SMPP_ESME_RSYSERR
    deliverer = Deliverer(gateway)
    deliverer.drain()
    assert messages() == [("owed", 1, "SMPP status 8", 1)]

    centre.status = lambda event: 0
    with after(seconds=3):
        deliverer.drain()
    assert messages() == [("sent", 2, None, 1)]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (consts.SMPP_ESME_RTHROTTLED, "throttled"),
        (consts.SMPP_ESME_RMSGQFUL, "queue full"),
        (consts.SMPP_ESME_RINVSRCADR, "invalid sender"),
    ],
)
def test_hours_of_refusals_for_now_are_no_try_of_any_message_and_then_all_are_sent_once(
    database: str, centre: MessageCentre, gateway: SmppGateway, status: int, error: str
) -> None:
    file_clean(12)
    told = set[str]()

    def four_alone(event: SubmitSmEvent) -> int:
        if len(told) < 4:
            told.add(event.destination_addr)
        return 0 if event.destination_addr in told else status

    centre.status = four_alone
    deliverer = Deliverer(gateway)
    assert error in drained(deliverer)
    for hours in (1, 2, 3):
        with after(seconds=3600 * hours):
            drained(deliverer)
    assert messages() == [("owed", 0, error, 8), ("sent", 1, None, 4)]
    assert len({each.destination_addr for each in centre.submitted}) < 12

    centre.status = lambda event: 0
    for seconds in range(0, 60, 3):
        with after(seconds=3600 * 4 + seconds):
            drained(deliverer)
    assert messages() == [("sent", 1, None, 12)]
    sent = [(each.destination_addr, bytes(each.short_message)) for each in centre.accepted]
    assert len(sent) == len(set(sent))


def test_a_part_refused_for_now_is_sent_again_and_the_accepted_one_is_not(
    centre: MessageCentre, gateway: SmppGateway
) -> None:
    refused = 0

    def second_part_twice(event: SubmitSmEvent) -> int:
        nonlocal refused
        if event.short_message[5] == 2 and refused < 2:
            refused += 1
            return int(consts.SMPP_ESME_RTHROTTLED)
        return 0

    centre.status = second_part_twice
    message = a_message("ب" * 100)
    assert gateway.send([message]) == {message.id: "accepted"}
    assert [event.short_message[5] for event in centre.accepted] == [1, 2]
    assert len(centre.submitted) == 4


def test_a_message_accepted_in_part_is_left_to_an_operator(
    database: str, centre: MessageCentre, gateway: SmppGateway
) -> None:
    file_clean(3)
    in_two = sum(len(parts_of(body, uuid4()).octets) == 2 for (body,) in rows("select body from message"))
    assert in_two > 0
    centre.status = lambda event: consts.SMPP_ESME_RMSGQFUL if event.short_message[5] == 2 else 0
    deliverer = Deliverer(gateway)
    for hours in range(3):
        with after(seconds=3600 * hours):
            drained(deliverer)
    assert rows("select tries, error, count(*) from message where status = 'stuck' group by 1, 2") == [
        (1, IN_PART, in_two)
    ]

    centre.status = lambda event: 0
    before = len(centre.accepted)
    with after(seconds=3600 * 4):
        drained(deliverer)
    assert len(centre.accepted) == before


def test_an_answer_with_an_optional_parameter_is_understood(gateway: SmppGateway, line: Line) -> None:
    """Some servers add them, and smpplib alone fails on these two."""

    def with_parameters(packet: Packet) -> bytes:
        command, _, whole = packet
        if command == ANSWER | SUBMIT:
            whole = whole[16:] + struct.pack(">HHBHHB", 0x1400, 1, 7, 0x0423, 1, 3)
            return struct.pack(">L", 16 + len(whole)) + packet[2][4:16] + whole
        return whole

    line.answer = with_parameters
    message = a_message()
    assert gateway.send([message]) == {message.id: "accepted"}


def test_a_command_of_the_server_that_a_transmitter_does_not_expect_disturbs_nothing(
    gateway: SmppGateway, line: Line
) -> None:
    strange = struct.pack(">4L", 38, 5, 0, 9) + b"\x00" * 17 + b"\x12\x03\x00\x01\x01"  # a deliver_sm
    line.answer = lambda packet: strange + packet[2] if packet[0] == ANSWER | SUBMIT else packet[2]
    message = a_message()
    assert gateway.send([message]) == {message.id: "accepted"}
    assert gateway.session is not None


def test_a_number_that_cannot_be_written_takes_no_other_message_with_it(gateway: SmppGateway) -> None:
    bad, good = a_message(recipient="+٢١٢٦"), a_message()
    with pytest.raises(CallRefused) as raised:
        gateway.send([bad, good])
    assert raised.value.answers == {good.id: None}
    assert gateway.send([good]) == {good.id: "accepted"}


# The password, and the settings


def test_no_log_names_the_password_a_number_or_a_text(
    gateway: SmppGateway, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    """smpplib would, at debug: each packet, in hexadecimal."""
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # as a server does that begins later
    caplog.set_level(logging.DEBUG)
    gateway.send([a_message("Dear reader")])
    line.answer = lambda packet: b""
    with pytest.raises(CallRefused) as raised:
        gateway.send([a_message("Dear reader")])
    for secret in (PASSWORD, "212612345678", "Dear reader"):
        told = caplog.text + str(raised.value) + repr(gateway.account)
        assert secret not in told
        assert secret.encode().hex() not in told


SMPP = {"gateway_url": "smpp://smsc.example:2776", "smpp_system_id": "sijil", "smpp_password": PASSWORD}


def test_the_address_says_which_gateway_it_is() -> None:
    assert isinstance(gateway_of(Settings()), HttpGateway)
    made = gateway_of(Settings.model_validate(SMPP | {"smpp_sender": "RSU"}))
    assert isinstance(made, SmppGateway)
    assert made.account == Account("smsc.example", 2776, "sijil", SecretStr(PASSWORD), "RSU")
    here = gateway_of(Settings.model_validate(SMPP | {"smpp_sender": "RSU", "gateway_url": "smpp://[::1]"}))
    assert isinstance(here, SmppGateway)
    assert here.account[:2] == ("::1", 2775)


@pytest.mark.parametrize(
    "change",
    [
        {"smpp_sender": ""},
        {"smpp_sender": "R S U"},
        {"smpp_sender": "212612345678"},
        {"smpp_sender": "ABCDEFGHIJKL"},
        {"smpp_system_id": ""},
        {"smpp_password": None},
        {"smpp_password": PASSWORD + "x"},
        {"gateway_url": f"smpp://sijil:{PASSWORD}@smsc.example"},
        {"gateway_url": "smpp://"},
    ],
)
def test_half_of_an_smpp_server_is_refused_and_the_password_is_not_quoted(change: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate(SMPP | {"smpp_sender": "RSU"} | change)
    assert PASSWORD not in str(raised.value)
