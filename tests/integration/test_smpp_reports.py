"""Delivery reports in the SMPP session, from a real server: each is recorded before it is confirmed."""

import logging
import struct
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from smpp34 import Tlv

from models.errors import Unavailable
from notifications.channels import smpp
from notifications.channels.smpp import Account, SmppGateway
from notifications.channels.smpp_report import report_of
from notifications.deliver import Deliverer
from notifications.reports import DELIVERED, UNDELIVERED, WAITING, Report
from tests.filing import file_clean, rows
from tests.integration.message_centre import MessageCentre, serving, wait_until

TLV_MESSAGE_PAYLOAD, TLV_MESSAGE_STATE, TLV_RECEIPTED_MESSAGE_ID = 0x0424, 0x0427, 0x001E
TEXT = b"id:%s sub:001 dlvrd:001 submit date:2611300910 done date:2611300911 stat:%s err:000 text:your request"


@pytest.fixture
def centre(database: str) -> Iterator[MessageCentre]:
    with serving(MessageCentre()) as made:
        yield made


@pytest.fixture
def gateway(centre: MessageCentre) -> Iterator[SmppGateway]:
    made = SmppGateway(Account("127.0.0.1", centre.port, "sijil", SecretStr("s3cr3tpw"), "RSU"))
    yield made
    made.drop()


def sent(centre: MessageCentre, gateway: SmppGateway) -> int:
    """Sends one message. Returns how many parts it has."""
    file_clean(1)
    Deliverer(gateway).drain()
    return len(centre.accepted)


def attended(gateway: SmppGateway, so: Callable[[], bool]) -> None:
    """Looks after the connection until it is so."""

    def looked() -> bool:
        gateway.attend()
        return so()

    wait_until(looked)


def told() -> list[tuple[object, ...]]:
    return rows("select status, delivery from message")


def test_it_asks_for_a_report_and_is_delivered_once_each_part_is(centre: MessageCentre, gateway: SmppGateway) -> None:
    parts = sent(centre, gateway)
    assert {each.registered_delivery & 1 for each in centre.accepted} == {1}
    answers = [centre.deliver(TEXT % (b"id-%d" % number, b"DELIVRD")) for number in range(1, parts + 1)]
    wait_until(lambda: gateway.session is not None and gateway.session.has_news())
    attended(gateway, lambda: told() == [("sent", "delivered")])
    assert [each.result(5).command_status for each in answers] == [0] * parts


def test_a_report_in_parameters_counts_before_the_text(centre: MessageCentre, gateway: SmppGateway) -> None:
    sent(centre, gateway)
    tlvs = [Tlv(TLV_RECEIPTED_MESSAGE_ID, b"id-1\0"), Tlv(TLV_MESSAGE_STATE, b"\x05"), Tlv(0x1401, b"vendor")]
    answer = centre.deliver(TEXT % (b"other", b"DELIVRD"), tlvs=tlvs)
    attended(gateway, lambda: told() == [("sent", "undelivered")])
    assert answer.result(5).is_success


def test_a_report_that_comes_with_the_next_message_is_read_while_that_is_sent(
    centre: MessageCentre, gateway: SmppGateway
) -> None:
    for number in range(1, 1 + sent(centre, gateway)):
        centre.deliver(TEXT % (b"id-%d" % number, b"DELIVRD"))
    wait_until(lambda: gateway.session is not None and gateway.session.has_news())
    rows("update message set status = 'owed', due_at = now()")
    Deliverer(gateway).drain()
    attended(gateway, lambda: told() == [("sent", "delivered")])


def test_many_reports_are_read_at_one_look(centre: MessageCentre, gateway: SmppGateway) -> None:
    sent(centre, gateway)
    answers = [centre.deliver(TEXT % (b"x-%d" % number, b"DELIVRD")) for number in range(60)]
    wait_until(lambda: gateway.session is not None and gateway.session.has_news())
    attended(gateway, lambda: rows("select count(*) from message_part where starts_with(number, 'x-')") == [(60,)])
    assert {each.result(5).command_status for each in answers} == {0}
    assert gateway.session is not None


def test_a_report_that_could_not_be_recorded_is_not_confirmed(
    centre: MessageCentre, gateway: SmppGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(centre, gateway)

    def away(gateway: str, reports: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(smpp, "keep_reports", away)
    answer = centre.deliver(TEXT % (b"id-1", b"DELIVRD"))
    attended(gateway, lambda: answer.done())
    assert answer.result(0).command_status != 0
    assert told() == [("sent", None)]
    assert gateway.session is not None


def test_what_people_write_to_us_is_confirmed_and_kept_nowhere(
    centre: MessageCentre, gateway: SmppGateway, caplog: pytest.LogCaptureFixture
) -> None:
    sent(centre, gateway)
    before = rows("select * from message_part order by 1, 2")
    with caplog.at_level(logging.DEBUG):
        answer = centre.deliver(b"I am Adam Tazi", esm_class=0)
        attended(gateway, lambda: answer.done())
    assert answer.result(0).command_status == 0
    assert rows("select * from message_part order by 1, 2") == before
    for secret in ("Tazi", "212612345678"):
        assert secret not in caplog.text


def body(text: bytes, esm_class: int = 4, rest: bytes = b"") -> bytes:
    """The body of a deliver_sm."""
    ends = b"\1\1212612345678\0" + b"\5\0RSU\0"
    return b"\0" + ends + bytes([esm_class, 0, 0]) + b"\0\0" + bytes(4) + bytes([len(text)]) + text + rest


def parameter(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


@pytest.mark.parametrize(
    ("given", "report"),
    [
        (body(TEXT % (b"7f", b"DELIVRD")), Report("7f", DELIVERED)),
        (body(TEXT % (b"7f", b"EXPIRED")), Report("7f", UNDELIVERED)),
        (body(TEXT % (b"7f", b"UNDELIV")), Report("7f", UNDELIVERED)),
        (body(TEXT % (b"7f", b"REJECTD")), Report("7f", UNDELIVERED)),
        (body(TEXT % (b"7f", b"ACCEPTD")), Report("7f", WAITING)),
        (body(TEXT % (b"7f", b"NONSENSE")), Report("7f", WAITING)),
        (body(b"", rest=parameter(TLV_MESSAGE_PAYLOAD, TEXT % (b"7f", b"DELIVRD"))), Report("7f", DELIVERED)),
        (
            body(b"", rest=parameter(TLV_RECEIPTED_MESSAGE_ID, b"7f\0") + parameter(TLV_MESSAGE_STATE, b"\2")),
            Report("7f", DELIVERED),
        ),
        (body(TEXT % (b"7f", b"DELIVRD"), esm_class=0x20), None),
        (body(TEXT % (b"7f", b"DELIVRD"), esm_class=0), None),
        (body(b"stat:DELIVRD"), None),
        (body(b"id:\xff stat:DELIVRD"), None),
        (body(b"text", rest=b"\0"), None),
        (b"", None),
        (b"\0" * 16, None),
        (b"\xff" * 200, None),
    ],
)
def test_a_report_is_read_as_the_standard_says_and_nonsense_is_none(given: bytes, report: Report | None) -> None:
    assert report_of(given) == report


def test_a_body_cut_anywhere_is_read_without_an_error() -> None:
    whole = body(TEXT % (b"7f", b"DELIVRD"), rest=parameter(TLV_MESSAGE_STATE, b"\2"))
    for length in range(len(whole)):
        report_of(whole[:length])
