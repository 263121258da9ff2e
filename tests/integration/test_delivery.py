"""The ledger and the gateway: leases, fences, unknown results, retries."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from models import clock
from models.errors import Unavailable
from notifications import deliver
from notifications.deliver import MAX_TRIES
from notifications.leases import EXPIRED, FRESH, LEASE_DURATION, LETTER, Outcome, lease, record_outcomes
from tests.filing import file_clean, rows, value
from tests.integration.auditing import erase
from tests.integration.gateways import BookGateway, a_deliverer
from tests.people import after, citizen
from workflows.intake.submit import Accepted


def statuses() -> dict[str, int]:
    """How many messages have each status."""
    return dict(rows("select status, count(*) from message group by status"))


@pytest.fixture
def owed(database: str) -> list[Accepted]:
    """Three messages that are owed."""
    return file_clean(3)


@pytest.fixture
def gateway() -> Iterator[BookGateway]:
    """A gateway in good health. Whatever a test does to it, it accepts nothing twice."""
    made = BookGateway()
    yield made
    assert len(made.accepted) == len(set(made.accepted))


def test_what_is_owed_is_sent_once_with_the_ledgers_own_number(owed: list[Accepted], gateway: BookGateway) -> None:
    deliverer = a_deliverer(gateway)

    assert deliverer.drain() is False
    assert deliverer.drain() is False

    assert sorted(gateway.accepted) == sorted(number for (number,) in rows("select id from message"))
    assert rows("select distinct status, tries, fence, sent_at is not null, error from message") == [
        ("sent", 1, 1, True, None)
    ]
    assert gateway.asked == []


def test_while_the_call_is_open_the_messages_are_under_a_lease_and_no_transaction_is(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    seen: list[object] = []
    gateway.while_sending = lambda: seen.extend(
        rows("select status, round(extract(epoch from due_at - now())) > 10 from message")
        + rows(
            "select count(*) from pg_stat_activity where datname = current_database() and starts_with(state, 'idle in "
            "transaction')"
        )
    )

    a_deliverer(gateway).drain()

    assert seen == [("sending", True)] * 3 + [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        "body = 'Call this number'",
        "recipient = '+212600000000'",
        "channel = 'letter'",
        "language = 'fr'",
        "salt = '\\x00'",
        "id = gen_random_uuid()",
    ],
)
def test_what_was_changed_by_hand_since_it_was_decided_is_not_sent_and_waits_for_an_operator(
    owed: list[Accepted], gateway: BookGateway, change: str
) -> None:
    changed = owed[1].case_id
    rows(f"update message set {change} where case_id = %s", changed)

    a_deliverer(gateway).drain()
    a_deliverer(gateway, LETTER).drain()

    assert len(gateway.accepted) == 2
    assert rows("select case_id, error from message where status <> 'sent'") == [(changed, deliver.CHANGED)]
    assert statuses() == {"sent": 2, "stuck": 1}


def test_what_is_under_a_lease_nobody_else_takes(owed: list[Accepted], gateway: BookGateway) -> None:
    other = BookGateway()
    gateway.while_sending = a_deliverer(other).drain

    a_deliverer(gateway).drain()

    assert (len(gateway.accepted), other.accepted, other.asked) == (3, [], [])


def test_a_gateway_that_is_away_leaves_the_messages_and_they_are_asked_about_before_anything_is_sent(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    # Given a gateway that was not reached
    gateway.away_before = True
    with pytest.raises(Unavailable):
        a_deliverer(gateway).drain()
    assert statuses() == {"sending": 3}

    # When the lease is over and it is back
    gateway.away_before = False
    with after(seconds=LEASE_DURATION.total_seconds() - 1):
        a_deliverer(gateway).drain()
        assert gateway.accepted == gateway.asked == []
    for seconds in (1, 17):
        with after(seconds=LEASE_DURATION.total_seconds() + seconds):
            a_deliverer(gateway).drain()

    # Then it was asked first, and a moment later sent
    assert len(set(gateway.asked)) == len(gateway.accepted) == 3
    assert statuses() == {"sent": 3}


def test_a_result_that_nobody_knows_is_asked_for_and_nothing_is_sent_twice(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    """The gateway accepted, the answer was lost, the worker died: the worst moment."""
    gateway.away_after = True
    with pytest.raises(Unavailable):
        a_deliverer(gateway).drain()
    assert (len(gateway.accepted), statuses()) == (3, {"sending": 3})

    gateway.away_after = False
    with after(seconds=LEASE_DURATION.total_seconds() + 1):
        a_deliverer(gateway).drain()

    assert (len(gateway.accepted), len(gateway.asked)) == (3, 3)
    assert statuses() == {"sent": 3}


def test_where_the_gateway_cannot_be_asked_an_unknown_result_waits_for_an_operator(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    gateway.can_be_asked, gateway.away_after = False, True
    with pytest.raises(Unavailable):
        a_deliverer(gateway).drain()

    gateway.away_after = False
    with after(seconds=LEASE_DURATION.total_seconds() + 1):
        a_deliverer(gateway).drain()

    assert len(gateway.accepted) == 3
    assert statuses() == {"stuck": 3}
    assert "cannot be asked" in value("select min(error) from message")


def test_a_late_answer_under_an_older_lease_is_void(owed: list[Accepted], gateway: BookGateway) -> None:
    """A deliverer that slept through its lease wakes up when somebody else has already dealt with its messages."""
    # Given a first deliverer whose call lasts longer than its lease, and whose gateway says no in the end
    slow, quick = BookGateway(), gateway

    def meanwhile() -> None:
        for seconds in (1, 17):
            with after(seconds=LEASE_DURATION.total_seconds() + seconds):
                a_deliverer(quick).drain()

    slow.while_sending, slow.silent = meanwhile, True

    # When it answers
    a_deliverer(slow).send_owed()

    # Then what the second one wrote down stands
    assert len(quick.accepted) == 3
    assert rows("select distinct status, fence from message") == [("sent", 3)]
    assert value("select count(error) from message") == 0


def test_a_late_answer_is_void_even_while_the_newer_lease_still_runs(owed: list[Accepted]) -> None:
    # Given messages under a first lease that has ended, and under a second one that runs
    older = lease(FRESH, 100)
    with after(seconds=LEASE_DURATION.total_seconds() + 1):
        newer = lease(EXPIRED, 100)
    assert [(each.id, each.fence) for each in newer] == [(each.id, 2) for each in older]

    # When the holder of the first one answers, nothing happens; when that of the second one does, it counts
    record_outcomes([Outcome(message, "failed", "too late") for message in older])
    assert rows("select distinct status, error from message") == [("sending", None)]
    record_outcomes([Outcome(message, "sent", None) for message in newer])
    assert rows("select distinct status, error from message") == [("sent", None)]


def test_a_refused_message_is_tried_again_after_a_wait_that_grows(owed: list[Accepted], gateway: BookGateway) -> None:
    gateway.refuses = "temporary failure"
    deliverer = a_deliverer(gateway)
    waits = []
    moment = clock.now()
    for _ in range(10):
        with clock.at(moment):
            deliverer.drain()
            assert statuses() == {"owed": 3}
            ((wait,),) = rows("select distinct due_at - %s from message", moment)
            waits.append(wait)
            moment += wait

    assert waits[:4] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8), timedelta(seconds=16)]
    assert waits[-1] == timedelta(seconds=300)
    assert rows("select distinct tries, error from message") == [(10, "temporary failure")]


def test_once_the_gateway_accepts_it_the_message_is_sent_and_its_error_forgotten(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    gateway.refuses = "temporary failure"
    a_deliverer(gateway).drain()

    gateway.refuses = ""
    a_deliverer(gateway).drain()
    assert gateway.accepted == []
    with after(seconds=2.5):
        a_deliverer(gateway).drain()

    assert rows("select distinct status, tries, error from message") == [("sent", 2, None)]


def test_after_the_last_try_it_has_failed(owed: list[Accepted], gateway: BookGateway) -> None:
    gateway.refuses = "no such number"
    rows("update message set tries = %s", MAX_TRIES - 2)

    a_deliverer(gateway).drain()
    assert statuses() == {"owed": 3}
    with after(seconds=301):
        a_deliverer(gateway).drain()

    assert rows("select distinct status, tries, error from message") == [("failed", MAX_TRIES, "no such number")]
    with after(days=1):
        a_deliverer(gateway).drain()
    assert statuses() == {"failed": 3}


def test_a_message_of_which_the_gateway_says_nothing_is_asked_about_before_anything_is_sent_again(
    owed: list[Accepted],
) -> None:
    silent = BookGateway(silent=True)

    a_deliverer(silent).drain()
    assert statuses() == {"sending": 3}
    with after(seconds=16):
        a_deliverer(silent).drain()

    assert statuses() == {"sent": 3}
    assert len(silent.accepted) == 3


def test_a_deliverer_that_was_held_up_after_its_lease_does_not_call(
    owed: list[Accepted], gateway: BookGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "SEND_WITHIN_SECONDS", -1.0)

    a_deliverer(gateway).drain()
    assert (statuses(), gateway.accepted) == ({"owed": 3}, [])
    monkeypatch.undo()
    for seconds in (16, 32):
        with after(seconds=seconds):
            a_deliverer(gateway).drain()

    assert (statuses(), len(gateway.accepted)) == ({"sent": 3}, 3)


def test_a_message_that_the_gateway_chokes_on_holds_up_no_neighbour_for_long_and_fails_in_the_end(
    database: str,
) -> None:
    file_clean(20)
    poison = value("select id from message offset 13 limit 1")
    choking = BookGateway(chokes_on=poison)
    moment = clock.now()
    for _ in range(200):
        with clock.at(moment):
            try:
                a_deliverer(choking).drain()
            except Unavailable:
                pass
        if statuses() == {"failed": 1, "sent": 19}:
            break
        if moment - clock.now() < timedelta(minutes=5):
            moment += timedelta(seconds=16)
        else:
            assert statuses()["sent"] == 19  # within five minutes all the others
            moment += timedelta(seconds=301)

    assert rows("select id, tries, error from message where status = 'failed'") == [(poison, MAX_TRIES, "no answer")]
    assert len(choking.accepted) == len(set(choking.accepted)) == 19


def test_after_a_long_silence_of_the_gateway_what_was_tried_in_vain_is_sent_in_few_calls(database: str) -> None:
    file_clean(300)
    rows("update message set tries = 5")
    gateway = BookGateway()
    calls: list[int] = []
    gateway.while_sending = lambda: calls.append(len(gateway.accepted) - sum(calls))

    a_deliverer(gateway).drain(60)

    assert rows("select distinct status from message where channel = 'sms'") == [("sent",)]
    assert calls[:7] == [1, 2, 4, 8, 16, 32, 64]
    assert len(calls) == 9


def test_a_deliverer_takes_the_messages_of_its_channel_alone(database: str, gateway: BookGateway) -> None:
    file_clean(40)
    a_deliverer(gateway, LETTER).drain()
    assert 0 < len(gateway.accepted) < 20
    assert rows("select distinct channel, status from message order by 1") == [("letter", "sent"), ("sms", "owed")]


def test_once_the_gateway_answers_again_each_call_holds_twice_as_many_as_the_one_before(database: str) -> None:
    file_clean(20)
    gateway = BookGateway()
    calls: list[int] = []
    gateway.while_sending = lambda: calls.append(len(gateway.accepted) - sum(calls))
    deliverer = a_deliverer(gateway)

    deliverer.breaker.record_failure("no answer came")
    deliverer.drain(60)

    assert calls == [1, 2, 4, 8, 5]


def test_a_gateway_that_accepts_long_after_the_call_was_given_up_gets_nothing_twice(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    # Given a gateway that was still at it when it was first asked
    gateway.away_before = True
    with pytest.raises(Unavailable):
        a_deliverer(gateway).drain()
    gateway.away_before = False
    with after(seconds=LEASE_DURATION.total_seconds() + 1):
        a_deliverer(gateway).drain()
    assert rows("select distinct status, error from message") == [("owed", "no answer")]

    # When it has accepted them in the end
    gateway.accepted += [number for (number,) in rows("select id from message")]
    with after(seconds=LEASE_DURATION.total_seconds() * 2 + 2):
        a_deliverer(gateway).drain()

    # Then it is asked once more before anything is sent
    assert statuses() == {"sent": 3}
    assert len(gateway.accepted) == 3


def test_a_deliverer_whose_own_clock_is_ahead_takes_no_lease_for_over(
    owed: list[Accepted], gateway: BookGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = clock.now

    def of_a_fast_clock() -> None:
        with monkeypatch.context() as fast:
            fast.setattr(clock, "now", lambda: true() + timedelta(seconds=40))
            a_deliverer(gateway).drain()

    gateway.while_sending = of_a_fast_clock

    a_deliverer(gateway).drain()

    assert (len(gateway.accepted), gateway.asked) == (3, [])


def test_more_messages_than_a_batch_are_all_sent(
    owed: list[Accepted], gateway: BookGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BATCH", 2)

    a_deliverer(gateway).drain()

    assert len(gateway.accepted) == 3


def test_two_deliverers_share_the_work_and_send_nothing_twice(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given two that each wait in their first call until the other one is in its own
    monkeypatch.setattr(deliver, "BATCH", 5)
    file_clean(40)
    meeting = [Barrier(2).wait] * 2
    gateways = [BookGateway(while_sending=lambda: meeting and meeting.pop()(60)) for _ in range(2)]

    threads = [Thread(target=a_deliverer(gateway).drain) for gateway in gateways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert rows("select distinct status from message where channel = 'sms'") == [("sent",)]
    ((all_of_them,),) = rows("select count(*) from message where channel = 'sms'")
    mine, theirs = (set(gateway.accepted) for gateway in gateways)
    assert min(len(mine), len(theirs)) >= 5
    assert (len(mine | theirs), sum(len(gateway.accepted) for gateway in gateways)) == (all_of_them, all_of_them)


def test_a_deliverer_that_is_told_to_stop_sends_nothing_more(owed: list[Accepted], gateway: BookGateway) -> None:
    deliverer = a_deliverer(gateway)
    deliverer.stopping = True

    deliverer.drain()

    assert gateway.accepted == []


def test_what_was_erased_before_it_was_sent_is_not_sent_as_an_empty_message(
    owed: list[Accepted], gateway: BookGateway
) -> None:
    # Given an application that was withdrawn and erased while its messages were owed
    citizen(owed[0], "withdrawal")
    erase(owed[0])

    # When messages are sent
    a_deliverer(gateway).drain()

    # Then nobody gets an empty one, and none waits for ever
    assert len(gateway.accepted) == 2
    assert rows("select distinct status, error from message where case_id = %s", owed[0].case_id) == [
        ("failed", "erased")
    ]


@pytest.mark.parametrize("arrived", [True, False])
def test_what_is_erased_while_it_is_under_way_is_told_as_what_it_was_and_not_sent_again(
    owed: list[Accepted], gateway: BookGateway, arrived: bool
) -> None:
    citizen(owed[0], "withdrawal")
    gateway.away_before, gateway.away_after = not arrived, arrived
    with pytest.raises(Unavailable):
        a_deliverer(gateway).drain()
    erase(owed[0])

    gateway.away_before = gateway.away_after = False
    for minutes in (1, 10, 20):
        with after(seconds=60 * minutes):
            a_deliverer(gateway).drain()

    told = rows("select distinct status, error, recipient, body from message where case_id = %s", owed[0].case_id)
    assert told == [("sent", None, None, None) if arrived else ("failed", "erased", None, None)]
    sent = rows("select id from message where case_id = %s", owed[0].case_id)
    assert [gateway.accepted.count(number) for (number,) in sent] == [int(arrived)] * len(sent)
