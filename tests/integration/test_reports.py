"""Delivery reports: late, doubled, in any order and before our own answer is recorded, they come to the same."""

from datetime import timedelta
from itertools import permutations
from threading import Thread

import pytest

from models import clock
from models.database import transaction
from notifications.leases import FRESH, Outcome, lease, record_outcomes
from notifications.reports import DELIVERED, UNDELIVERED, WAITING, Report, join_parts, keep_reports, write_reports
from tests.filing import file_clean, rows
from tests.integration.gateways import BookGateway, a_deliverer

BOOK = "book"


@pytest.fixture
def gateway(database: str) -> BookGateway:
    """One that reports on two parts of each message."""
    file_clean(1)
    return BookGateway(parts=2)


def told() -> list[tuple[object, ...]]:
    return rows("select delivery from message")


def numbers() -> list[str]:
    return [number for (number,) in rows("select number from message_part order by 1")]


def test_a_message_is_delivered_once_each_part_is(gateway: BookGateway) -> None:
    a_deliverer(gateway).drain()
    first, second = numbers()
    assert told() == [(None,)]
    keep_reports(BOOK, [Report(first, DELIVERED)])
    assert told() == [(None,)]
    keep_reports(BOOK, [Report(second, WAITING)])
    assert told() == [(None,)]
    keep_reports(BOOK, [Report(second, DELIVERED)])
    assert told() == [("delivered",)]


def test_the_moment_is_the_one_at_which_the_last_part_was_reported_and_stays(gateway: BookGateway) -> None:
    a_deliverer(gateway).drain()
    first, second = numbers()
    moment = clock.now() + timedelta(hours=1)
    for late, number in enumerate((first, second, second, first)):
        with clock.at(moment + timedelta(hours=late)):
            keep_reports(BOOK, [Report(number, DELIVERED)])
    assert rows("select delivery_at from message") == [(moment + timedelta(hours=1),)]


@pytest.mark.parametrize("order", list(permutations((WAITING, UNDELIVERED, DELIVERED))))
def test_a_final_state_never_goes_back_whatever_the_order(gateway: BookGateway, order: tuple[str, ...]) -> None:
    a_deliverer(gateway).drain()
    for state in order:
        for _ in range(2):
            keep_reports(BOOK, [Report(number, state) for number in numbers()])
    assert told() == [("delivered",)]


def test_a_part_that_did_not_arrive_tells_that_the_message_did_not(gateway: BookGateway) -> None:
    a_deliverer(gateway).drain()
    first, second = numbers()
    keep_reports(BOOK, [Report(first, DELIVERED), Report(second, UNDELIVERED), Report(second, WAITING)])
    assert told() == [("undelivered",)]


@pytest.mark.parametrize(("state", "comes_to"), [(DELIVERED, "delivered"), (UNDELIVERED, "undelivered")])
def test_a_report_that_comes_before_our_own_answer_is_recorded_is_kept(
    gateway: BookGateway, state: str, comes_to: str
) -> None:
    (message,) = rows("select id from message")
    early = [Report(number, state) for number in gateway.numbers_of(message[0])]
    gateway.while_sending = lambda: keep_reports(BOOK, early)
    a_deliverer(gateway).drain()
    assert rows("select status, delivery from message") == [("sent", comes_to)]


def test_a_report_under_another_gateways_name_says_nothing(gateway: BookGateway) -> None:
    a_deliverer(gateway).drain()
    keep_reports("another", [Report(number, DELIVERED) for number in numbers()])
    assert told() == [(None,)]


def test_parts_of_two_sendings_are_not_joined(gateway: BookGateway) -> None:
    (first,) = lease(FRESH, 1)
    record_outcomes([Outcome(first, "owed", None, numbers=("a", "b"))], BOOK)
    (second,) = lease(FRESH, 1)
    record_outcomes([Outcome(second, "sent", None, numbers=("c", "d"))], BOOK)
    keep_reports(BOOK, [Report("a", DELIVERED), Report("d", DELIVERED)])
    assert told() == [(None,)]
    keep_reports(BOOK, [Report("b", DELIVERED)])
    assert told() == [("delivered",)]


def test_a_number_that_is_given_anew_is_the_later_messages(gateway: BookGateway) -> None:
    (first,) = lease(FRESH, 1)
    record_outcomes([Outcome(first, "owed", None, numbers=("a",))], BOOK)
    keep_reports(BOOK, [Report("a", UNDELIVERED)])
    (second,) = lease(FRESH, 1)
    record_outcomes([Outcome(second, "sent", None, numbers=("a",))], BOOK)
    assert rows("select state, fence from message_part") == [("waiting", 2)]


def test_two_reports_at_once_on_both_parts_join_them(gateway: BookGateway) -> None:
    a_deliverer(gateway).drain()
    first, second = numbers()
    other = Thread(target=keep_reports, args=(BOOK, [Report(second, DELIVERED)]))
    with transaction() as connection:
        write_reports(connection, BOOK, {first: DELIVERED})
        other.start()
        other.join(0.5)  # it waits for our lock on the message
        assert other.is_alive()
    other.join(10)
    assert told() == [("delivered",)]


def test_reports_and_answers_at_once_end_without_a_deadlock(database: str) -> None:
    file_clean(40)
    gateways = [BookGateway(parts=2) for _ in range(2)]
    reporters: list[Thread] = []
    for each in gateways:

        def report(book: BookGateway = each) -> None:
            told = [Report(number, DELIVERED) for id in book.accepted for number in book.numbers_of(id)]
            reporters.append(Thread(target=keep_reports, args=(BOOK, told[::-1])))
            reporters[-1].start()

        each.while_sending = report
    threads = [Thread(target=a_deliverer(each).drain) for each in gateways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for thread in reporters:
        thread.join(30)
    assert rows("select distinct status, delivery from message where channel = 'sms'") == [("sent", "delivered")]


def test_nothing_is_joined_where_nothing_was_reported(database: str) -> None:
    with transaction() as connection:
        join_parts(connection, set())
    keep_reports(BOOK, [])
    assert rows("select count(*) from message_part") == [(0,)]
