"""Text messages by SMPP where the server goes away, is slow or wants nobody, and where our process ends."""

import struct
import time

import pytest

from notifications.breaker import PAUSE
from notifications.channels import smpp
from notifications.channels.smpp import SmppGateway
from notifications.deliver import CallRefused, Deliverer
from tasks import delivery_thread
from tests.filing import file_clean, rows
from tests.integration.gateways import drained
from tests.integration.message_centre import (
    ANSWER,
    BIND_TRANSCEIVER,
    ENQUIRE,
    SUBMIT,
    UNBIND,
    Cut,
    Line,
    MessageCentre,
    Packet,
    free_port,
    wait_until,
)
from tests.integration.smpp_sending import LEASE_OVER, PERHAPS, a_gateway, a_message, messages
from tests.integration.smpp_sending import centre as centre
from tests.integration.smpp_sending import gateway as gateway
from tests.integration.smpp_sending import line as line
from tests.people import after

# A server that goes away, is slow, or wants nobody


def test_a_server_that_goes_away_in_mid_send_loses_nothing_and_nothing_is_sent_twice(
    database: str, centre: MessageCentre, gateway: SmppGateway, line: Line
) -> None:
    """It accepted what it did not answer: whoever sent it again would tell people twice."""
    file_clean(20)
    answers = 0

    def fifth_breaks(packet: Packet) -> bytes:
        nonlocal answers
        answers += packet[0] == ANSWER | SUBMIT
        if answers == 7:
            raise Cut
        return packet[2]

    line.answer = fifth_breaks
    deliverer = Deliverer(gateway)
    assert "went away" in drained(deliverer)
    ((perhaps,),) = rows("select count(*) from message where status = 'sending'")
    assert 1 <= int(perhaps) <= smpp.WINDOW
    assert rows("select distinct tries from message where status = 'owed'") == [(0,)]

    line.answer = lambda packet: packet[2]
    for seconds in range(0, 120, 8):
        with after(seconds=LEASE_OVER + PAUSE.total_seconds() + seconds):
            drained(deliverer)
    assert dict(rows("select status, count(*) from message group by 1")) == {"sent": 20 - perhaps, "stuck": perhaps}
    assert rows("select distinct error from message where status = 'stuck'") == [(PERHAPS,)]
    parts = [(each.destination_addr, bytes(each.short_message)) for each in centre.accepted]
    assert len(set(parts)) == len(parts)
    unsent = {number.removeprefix("+") for (number,) in rows("select recipient from message where status = 'stuck'")}
    assert {each.destination_addr for each in centre.accepted} | unsent == {
        number.removeprefix("+") for (number,) in rows("select recipient from message")
    }


def test_a_session_that_broke_while_idle_is_bound_anew_before_anything_is_sent(
    centre: MessageCentre, gateway: SmppGateway, line: Line
) -> None:
    first, second = a_message("first"), a_message("second")
    gateway.send([first])
    line.cut()
    wait_until(lambda: centre.unbound == 1)
    assert gateway.send([second]) == {second.id: "accepted"}
    assert (centre.texts(), line.connections) == (["first", "second"], 2)


def test_a_session_is_kept_between_calls(centre: MessageCentre, gateway: SmppGateway, line: Line) -> None:
    for text in ("first", "second"):
        gateway.send([a_message(text)])
    assert (centre.texts(), line.connections) == (["first", "second"], 1)


def test_a_quiet_session_is_tried_by_an_enquire_link_and_left_if_it_gives_no_answer(
    gateway: SmppGateway, line: Line, centre: MessageCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(smpp, "ENQUIRE_SECONDS", 0.3)
    gateway.send([a_message("first")])
    gateway.attend()
    assert (ENQUIRE in line.seen, line.connections) == (True, 1)

    line.answer = lambda packet: b"" if packet[0] == ANSWER | ENQUIRE else packet[2]
    gateway.send([a_message("second")])
    assert (centre.texts(), line.connections) == (["first", "second"], 2)


def test_what_the_server_asks_between_calls_is_answered(gateway: SmppGateway, line: Line) -> None:
    gateway.send([a_message()])
    line.open[0].sendall(struct.pack(">4L", 16, ENQUIRE, 0, 77))
    wait_until(lambda: gateway.session is not None and gateway.session.has_news())
    gateway.attend()
    wait_until(lambda: ANSWER | ENQUIRE in line.seen)
    assert gateway.session is not None


def test_a_session_ends_with_an_unbind(gateway: SmppGateway, line: Line) -> None:
    gateway.send([a_message()])
    gateway.close()
    assert line.seen[-1] == UNBIND
    assert gateway.session is None


def test_a_worker_that_has_nothing_to_send_answers_the_server_and_unbinds_at_its_end(
    gateway: SmppGateway, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_thread, "ATTEND_SECONDS", 0.05)
    gateway.send([a_message()])
    delivery = delivery_thread.DeliveryThread(Deliverer(gateway))
    thread = delivery.start()
    line.open[0].sendall(struct.pack(">4L", 16, ENQUIRE, 0, 77))
    wait_until(lambda: ANSWER | ENQUIRE in line.seen)
    assert line.connections == 1
    delivery.end(thread)
    assert line.seen[-1] == UNBIND


def test_a_server_that_is_slow_gets_as_many_as_it_answers_and_none_is_left_unknown(
    database: str, centre: MessageCentre, gateway: SmppGateway
) -> None:
    file_clean(40)
    centre.delay = 0.6
    began = time.monotonic()
    assert drained(Deliverer(gateway)) == ""
    assert time.monotonic() - began < 2 * smpp.DEADLINE_SECONDS
    assert rows("select distinct status from message where channel = 'sms' order by 1") == [("owed",), ("sent",)]
    assert rows("select distinct tries, error from message where status = 'owed'") == [(0, None)]


@pytest.mark.parametrize("how", ["silent", "dripping"])
def test_a_call_ends_at_its_deadline_however_slowly_the_answer_comes(
    gateway: SmppGateway, line: Line, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp, "DEADLINE_SECONDS", 1.0)
    monkeypatch.setattr(smpp, "ANSWER_SECONDS", 0.5)

    def drip(packet: Packet) -> bytes:
        if packet[0] == ANSWER | SUBMIT:
            for octet in packet[2] if how == "dripping" else b"":
                line.open[0].sendall(bytes([octet]))
                time.sleep(0.3)
            return b""
        return packet[2]

    line.answer = drip
    began = time.monotonic()
    first, second = a_message("first"), a_message("second")
    with pytest.raises(CallRefused, match="no answer in time") as raised:
        gateway.send([first, second])
    assert time.monotonic() - began < 2.0
    assert raised.value.answers == {second.id: None}


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">4L", 4, ANSWER | SUBMIT, 0, 2),
        struct.pack(">4L", 16, 0x999, 0, 2),
    ],
)
def test_an_answer_that_is_no_smpp_ends_the_session_at_once(gateway: SmppGateway, line: Line, said: bytes) -> None:
    line.answer = lambda packet: said if packet[0] == ANSWER | SUBMIT else packet[2]
    message = a_message()
    began = time.monotonic()
    with pytest.raises(CallRefused) as raised:
        gateway.send([message])
    assert (raised.value.answers, gateway.session) == ({}, None)
    assert time.monotonic() - began < smpp.DEADLINE_SECONDS / 2


@pytest.mark.parametrize("status", [5, 13, 14, 15])
def test_a_refused_bind_is_no_try_and_is_not_tried_at_once(
    database: str, gateway: SmppGateway, line: Line, status: int
) -> None:
    file_clean(2)

    def refuses(packet: Packet) -> bytes:
        command, _, whole = packet
        return whole[:8] + struct.pack(">L", status) + whole[12:] if command == ANSWER | BIND_TRANSCEIVER else whole

    line.answer = refuses
    deliverer = Deliverer(gateway)
    said = drained(deliverer)
    assert f"bind refused, SMPP status {status}" in said
    with after(seconds=30):
        assert drained(deliverer) == ""
    assert (line.connections, messages()) == (1, [("owed", 0, f"bind refused, SMPP status {status}", 2)])

    line.answer = lambda packet: packet[2]
    with after(seconds=61):
        drained(deliverer)
        drained(deliverer)
    assert messages() == [("sent", 1, None, 2)]


def test_where_nobody_listens_nothing_was_sent_and_no_try_is_counted(database: str) -> None:
    file_clean(2)
    assert "cannot be reached" in drained(Deliverer(a_gateway(free_port())))
    assert messages() == [("owed", 0, "ConnectionRefusedError", 2)]


# A process that ends or is held up


@pytest.mark.parametrize("stopping", [True, False])
def test_what_a_process_never_sent_is_owed_and_not_stuck(
    database: str, gateway: SmppGateway, centre: MessageCentre, monkeypatch: pytest.MonkeyPatch, stopping: bool
) -> None:
    file_clean(2)
    deliverer = Deliverer(gateway)
    if stopping:
        deliverer.stopping = True
    else:
        monkeypatch.setattr("notifications.deliver.SEND_WITHIN_SECONDS", 0.0)
    deliverer.send_owed()
    assert (messages(), centre.submitted) == ([("owed", 0, None, 2)], [])


def test_a_process_that_died_before_it_noted_the_answers_leaves_few_to_an_operator_and_nothing_is_sent_twice(
    database: str, gateway: SmppGateway, centre: MessageCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_clean(50)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Deliverer, "record_answers", dies)
        with pytest.raises(KeyboardInterrupt):
            Deliverer(gateway).drain()
    assert len(centre.accepted) > 0
    for seconds in (0, 1, 2):
        with after(seconds=LEASE_OVER + seconds):
            Deliverer(gateway).drain()
    assert rows("select error, count(*) from message where status = 'stuck' group by 1") == [(PERHAPS, 20)]
    assert rows("select distinct status from message where channel = 'sms' order by 1") == [("sent",), ("stuck",)]
    parts = [(each.destination_addr, bytes(each.short_message)) for each in centre.accepted]
    assert len(set(parts)) == len(parts)
