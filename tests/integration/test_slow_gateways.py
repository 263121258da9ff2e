"""Gateways that are slow and not dead, behind real sockets: every call ends at its deadline, and
nothing is sent twice.
"""

import gzip
import json
import os
import time
from uuid import uuid4

import pytest

from benchmarks import slow_gateway
from models.errors import Unavailable
from notifications.channels import sms_http as http
from notifications.channels.sms_http import LONGEST_ANSWER, HttpGateway
from notifications.deliver import CallRefused, Deliverer
from notifications.leases import Leased
from tests.filing import file_clean, rows
from tests.integration.http_gateway import HttpBook, Said, results, serving
from tests.people import after
from workflows.queue.inhand import units

MESSAGE = Leased(7, 1, "received", uuid4(), 1, 0, "sms", "+212612345678", "text")


@pytest.fixture
def deadline(monkeypatch: pytest.MonkeyPatch) -> float:
    """A shorter one; a byte comes four times as often."""
    monkeypatch.setattr(http, "DEADLINE_SECONDS", 0.8)
    monkeypatch.setattr(slow_gateway, "DRIP_SECONDS", 0.2)
    return 0.8


def seconds_of(gateway: HttpGateway) -> float:
    """How long a call takes that gets no answer."""
    began = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        gateway.send([MESSAGE])
    assert not isinstance(raised.value, CallRefused)
    return time.monotonic() - began


@pytest.mark.parametrize("how", slow_gateway.SLOW)
def test_a_call_ends_at_its_deadline_however_slowly_the_answer_comes(how: str, deadline: float) -> None:
    with slow_gateway.slow_gateway(how) as url:
        assert deadline <= seconds_of(HttpGateway(url)) < deadline + 2


def test_a_gateway_that_freezes_in_the_handshake_of_tls_ends_at_the_deadline_and_leaves_no_connection_open(
    deadline: float,
) -> None:
    with slow_gateway.slow_gateway("frozen") as url:
        gateway = HttpGateway(url.replace("http:", "https:"))
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            seconds_of(gateway)
        until = time.monotonic() + 10  # the gateway's own ends of them are in this process, too
        while len(os.listdir("/proc/self/fd")) > before and time.monotonic() < until:
            time.sleep(0.01)
        assert len(os.listdir("/proc/self/fd")) <= before


def test_the_gateway_is_asked_again_after_a_call_that_was_cut(deadline: float) -> None:
    slow = [True]

    def answer(path: str, body: dict[str, object]) -> Said:
        if slow.pop() if slow else False:
            time.sleep(deadline + 1)
        return results([str(MESSAGE.id)], "accepted")

    with serving(answer) as url:
        gateway = HttpGateway(url)
        seconds_of(gateway)
        assert gateway.send([MESSAGE]) == {MESSAGE.id: "accepted"}


def test_an_answer_that_is_too_long_is_none() -> None:
    with serving(lambda path, body: Said(200, b" " * (LONGEST_ANSWER * 50))) as url, pytest.raises(Unavailable):
        HttpGateway(url).send([MESSAGE])


def test_an_answer_that_is_packed_though_we_asked_for_none_is_not_unpacked() -> None:
    """A short one may hold gigabytes."""
    packed = gzip.compress(json.dumps({"results": [{"reference": str(MESSAGE.id), "status": "accepted"}]}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    with serving(lambda path, body: Said(200, packed, headers)) as url, pytest.raises(Unavailable):
        HttpGateway(url).send([MESSAGE])


def test_cookies_that_a_gateway_sets_are_not_kept() -> None:
    """With each call it sets others: kept, they would soon be more than it takes."""
    calls: list[str] = []

    def answer(path: str, body: dict[str, object]) -> Said:
        calls.append(path)
        headers = {"Content-Type": "application/json", "Set-Cookie": f"call{len(calls)}={'x' * 2000}"}
        return Said(200, results([str(MESSAGE.id)], "accepted").body, headers)

    with serving(answer) as url:
        gateway = HttpGateway(url)
        assert [gateway.send([MESSAGE]) for _ in range(40)] == [{MESSAGE.id: "accepted"}] * 40


def test_a_redirect_is_not_followed_to_another_address() -> None:
    other = HttpBook()
    with (
        serving(other.answer) as elsewhere,
        serving(lambda path, body: Said(307, headers={"Location": f"{elsewhere}/messages"})) as url,
        pytest.raises(Unavailable),
    ):
        HttpGateway(url).send([MESSAGE])

    assert other.calls == []


def test_what_was_under_way_when_a_call_was_cut_is_asked_about_and_not_sent_again(
    database: str, deadline: float
) -> None:
    # Given a gateway that accepts, and answers too late
    file_clean(3)
    book = HttpBook()
    late = [True]

    def answer(path: str, body: dict[str, object]) -> Said:
        said = book.answer(path, body)
        if late.pop() if late else False:
            time.sleep(deadline + 1)
        return said

    with serving(answer) as url:
        deliverer = Deliverer(HttpGateway(url))
        with pytest.raises(Unavailable):
            deliverer.drain()
        assert rows("select distinct status from message") == [("sending",)]
        assert units == {}

        with after(seconds=16):
            deliverer.drain()

    assert rows("select distinct status, tries from message") == [("sent", 1)]
    assert book.calls == ["/messages", "/messages/status"]
    assert len(book.accepted) == 3


def test_a_gateway_that_stays_frozen_is_left_alone_and_then_tried_with_one_message(
    database: str, deadline: float
) -> None:
    file_clean(8)
    with slow_gateway.slow_gateway("frozen") as url:
        deliverer = Deliverer(HttpGateway(url))
        for _ in range(3):
            with pytest.raises(Unavailable):
                deliverer.drain()
            rows("update message set status = 'owed', due_at = now()")

        began = time.monotonic()
        assert deliverer.drain() is False
        assert time.monotonic() - began < deadline / 2
        with after(seconds=16), pytest.raises(Unavailable):
            deliverer.drain()

    assert rows("select status, count(*) from message group by status order by status") == [("owed", 7), ("sending", 1)]
    assert (deliverer.counters["gateway_open"], deliverer.counters["gateway_failures"]) == (1, 4)
