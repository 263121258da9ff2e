"""A call that is refused as a whole says nothing of its messages: no try of theirs, and the gateway is left alone for
as long as it asks.
"""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from models import clock
from notifications.breaker import PAUSE
from notifications.channels.sms_http import LONGEST_WAIT, HttpGateway, retry_after
from notifications.deliver import Deliverer
from tests.filing import file_clean, rows
from tests.integration.gateways import drained
from tests.integration.http_gateway import HttpBook, Said, serving
from tests.people import after

PAGE = {"Content-Type": "text/html"}
QUOTA = Said(429, '{"error": "daily quota"}', {"Content-Type": "application/json", "Retry-After": "43200"})
WHOLE = [
    QUOTA,
    Said(503),
    Said(503, "<html>down</html>", PAGE),
    Said(502, "<html>bad gateway</html>", PAGE),
    Said(504, "{}"),
    Said(401, "{}"),
    Said(200, "<html>sign in</html>", PAGE),
    Said(404, "<html>nothing</html>", PAGE),
    Said(302, "", {"Location": "/"}),
    Said(500, "<html>oops</html>", PAGE),
]


@pytest.mark.parametrize("refusal", WHOLE, ids=lambda said: f"{said.status} {said.body[:8]!r}")
def test_hours_of_refused_calls_are_no_try_of_any_message_and_then_all_are_sent_once(
    database: str, refusal: Said
) -> None:
    file_clean(5)
    book = HttpBook(refusal)
    start = moment = clock.now()
    with serving(book.answer) as url:
        deliverer = Deliverer(HttpGateway(url))
        while moment - start < timedelta(hours=3):
            with clock.at(moment):
                drained(deliverer)
            moment += timedelta(seconds=301)
        assert rows("select distinct status in ('owed', 'sending'), tries from message") == [(True, 0)]

        book.refusal = None
        for seconds in range(0, 200, 16):
            with clock.at(start + timedelta(hours=12, seconds=60 + seconds)):
                drained(deliverer)

    assert rows("select distinct status, tries, error from message") == [("sent", 1, None)]
    assert len(book.accepted) == len(set(book.accepted)) == 5


def test_a_gateway_is_not_called_before_the_time_that_it_names(database: str) -> None:
    file_clean(5)
    book = HttpBook(QUOTA)
    with serving(book.answer) as url:
        deliverer = Deliverer(HttpGateway(url))
        assert drained(deliverer).endswith("HTTP 429.")
        for hours in (0.01, 1, 6, 11.9):
            file_clean(1, start=5 + int(hours))
            with after(seconds=3600 * hours):
                assert drained(deliverer) == ""
        assert book.calls == ["/messages"]
        assert rows("select distinct status, tries, error from message where error is not null") == [
            ("owed", 0, "HTTP 429")
        ]

        book.refusal = None
        with after(seconds=3600 * 12 + 2):
            deliverer.drain()

    assert rows("select distinct status from message") == [("sent",)]


def test_what_a_refused_call_held_waits_for_as_long_whichever_process_looks(database: str) -> None:
    file_clean(2)
    book = HttpBook(QUOTA)
    with serving(book.answer) as url:
        for hours in (0, 1, 11):
            with after(seconds=3600 * hours):
                drained(Deliverer(HttpGateway(url)))

    assert book.calls == ["/messages"]


def test_what_a_proxy_refused_although_the_gateway_took_it_is_not_sent_again(database: str) -> None:
    file_clean(3)
    book = HttpBook(Said(502, "<html>bad gateway</html>", PAGE), writes_first=True)
    with serving(book.answer) as url:
        deliverer = Deliverer(HttpGateway(url))
        drained(deliverer)
        assert rows("select distinct status, tries from message") == [("sending", 0)]
        with after(seconds=PAUSE.total_seconds() + 1):
            deliverer.drain()

    assert rows("select distinct status from message") == [("sent",)]
    assert len(book.accepted) == 3


def test_where_nobody_listens_nothing_was_sent_and_no_try_is_counted(database: str) -> None:
    file_clean(2)
    deliverer = Deliverer(HttpGateway("http://127.0.0.1:1"))

    assert "cannot be reached" in drained(deliverer)

    assert rows("select distinct status, tries, error from message") == [("owed", 0, "ConnectError")]


def test_a_call_refused_for_one_of_its_messages_lets_the_others_go(database: str) -> None:
    """As by a wall that reads along: nobody says which one it is."""
    file_clean(20)
    ((poison,),) = rows("select id::text from message order by rank offset 13 limit 1")
    book = HttpBook()

    def answer(path: str, body: dict[str, Any]) -> Said:
        if poison in [each["reference"] for each in body.get("messages", [])]:
            return Said(403, "<html>blocked</html>", PAGE)
        return book.answer(path, body)

    with serving(answer) as url:
        deliverer = Deliverer(HttpGateway(url))
        for minutes in range(12):
            with after(seconds=60 * minutes):
                drained(deliverer)

    assert rows("select id::text, tries from message where status <> 'sent'") == [(poison, 0)]
    assert len(book.accepted) == len(set(book.accepted)) == 19


def test_an_answer_of_json_that_is_no_success_counts_as_a_try(database: str) -> None:
    file_clean(1)
    with serving(lambda path, body: Said(422, "{}")) as url:
        drained(Deliverer(HttpGateway(url)))

    assert rows("select status, tries from message") == [("sending", 1)]


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("43200", timedelta(hours=12)),
        ("999999999999", LONGEST_WAIT),
        ("", None),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("9" * 5000, None),
        ("Fri, 99 Foo 2026 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("Thu, 01 Jan 2026 00:00:00 -0000", None),
    ],
)
def test_retry_after_is_read_as_seconds_within_bounds_and_nonsense_is_none(said: str, wait: timedelta | None) -> None:
    assert retry_after(httpx.Response(429, headers={"Retry-After": said})) == wait


def test_retry_after_is_read_as_a_date() -> None:
    with clock.at(clock.now().replace(microsecond=0)):
        date = format_datetime(clock.now() + timedelta(minutes=10), usegmt=True)
        assert retry_after(httpx.Response(503, headers={"Retry-After": date})) == timedelta(minutes=10)


def test_a_gateway_that_cannot_be_asked_and_refused_a_call_leaves_nothing_stuck(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpGateway, "can_be_asked", False)
    file_clean(2)
    book = HttpBook(Said(503))
    with serving(book.answer) as url:
        deliverer = Deliverer(HttpGateway(url))
        drained(deliverer)
        assert rows("select distinct status from message") == [("owed",)]
        book.refusal = None
        with after(seconds=PAUSE.total_seconds() + 1):
            deliverer.drain()

    assert rows("select distinct status from message") == [("sent",)]
