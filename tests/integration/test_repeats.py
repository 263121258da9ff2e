"""Messages on which a term hangs: unless their delivery is proved, a second text message follows, then a letter."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from models import clock
from models.database import transact, transaction
from models.settings import settings
from notifications.channels.printer import PrinterGateway
from notifications.leases import LETTER
from notifications.notices import notices
from notifications.reports import DELIVERED, UNDELIVERED, Report, keep_reports
from notifications.wording import written
from tasks.repeater import Repeater
from tests.appealing import an_appeal
from tests.changing import change_of, declare
from tests.filing import changed, current_stage, events_of, facts_of, file_clean, register_says, rows, value
from tests.integration.auditing import erase, wrong
from tests.integration.gateways import BookGateway, a_deliverer
from tests.integration.test_letters import batch, lines_of
from tests.people import after, citizen, ring_timers
from tests.portal.standing import work_off
from tests.terms import days_of, over
from workflows.engine.repeats import repeat, waiting
from workflows.intake.submit import Accepted

BOOK = "book"
THREE_DAYS = timedelta(days=3)
MESSAGES = "select template, channel, status, needs_proof from message where case_id = %s and seq > 1 order by seq"


@pytest.fixture
def gateway() -> BookGateway:
    """One that reports on each message."""
    return BookGateway(parts=1)


@pytest.fixture
def told(notified: list[Accepted], gateway: BookGateway) -> Accepted:
    """A household that was sent the message that it is registered."""
    a_deliverer(gateway).drain()
    return notified[0]


def sweep() -> int:
    return Repeater().sweep()


def report(case: Accepted, state: str, seq: int | None = None) -> None:
    """The gateway reports on the last message of a case, or that of an event."""
    last = (
        "select id from message where case_id = %s and seq = coalesce(%s, (select max(seq) from message where "
        "case_id = %s))"
    )
    keep_reports(BOOK, [Report(f"{value(last, case.case_id, seq, case.case_id)}/0", state)])


def repeats_of(case: Accepted) -> list[tuple[object, ...]]:
    """Each repetition of a message: of which event, by which channel, whether a term began anew, and why."""
    return rows(
        "select (facts ->> 'of')::int, facts ->> 'channel', (facts ->> 'renews')::bool, evidence ->> 'state' "
        "from event where case_id = %s and kind = 'MessageRepeated' order by seq",
        case.case_id,
    )


def test_a_message_that_was_delivered_is_not_repeated(told: Accepted) -> None:
    report(told, DELIVERED)
    with after(days=30):
        sweep()
    assert repeats_of(told) == []
    assert wrong() == ({}, [])


def test_before_72_hours_nothing_is_repeated(told: Accepted) -> None:
    with after(days_of("delivery") - 0.01):
        assert sweep() == 0


def test_silence_brings_a_second_text_message_and_then_a_letter(told: Accepted, gateway: BookGateway) -> None:
    for days in (over("delivery"), over("delivery", 2)):
        with after(days=days):
            assert sweep() == 3
            assert sweep() == 0
            a_deliverer(gateway).drain()
    assert repeats_of(told) == [(6, "sms", None, "silent"), (6, "letter", None, "silent")]
    assert rows(MESSAGES, told.case_id) == [
        ("registered", "sms", "sent", False),
        ("registered", "sms", "sent", False),
        ("registered", "letter", "owed", False),
    ]
    with after(days=60):
        assert sweep() == 0
    assert current_stage(told) == "notified"
    assert wrong() == ({}, [])


def test_the_letter_says_what_the_message_said_and_from_when_its_term_counts(
    told: Accepted, gateway: BookGateway
) -> None:
    for days in (over("delivery"), over("delivery", 2)):
        with after(days=days):
            sweep()
            a_deliverer(gateway).drain()
    sent = "select body from message where case_id = %s and seq > 1 order by seq"
    first, _, letter = [body for (body,) in rows(sent, told.case_id)]
    assert first in letter
    assert "60" in letter
    assert told.secret not in letter
    assert rows("select recipient from message where channel = 'letter'") == [(None,)] * 3


@pytest.mark.parametrize(
    "fail",
    [
        lambda case: report(case, UNDELIVERED),
        lambda case: rows("update message set status = 'failed', sent_at = null where case_id = %s", case.case_id),
    ],
    ids=["undelivered", "failed"],
)
def test_what_is_known_not_to_have_arrived_is_repeated_at_once(
    told: Accepted, fail: Callable[[Accepted], object]
) -> None:
    fail(told)
    assert sweep() == 1
    assert [each[1] for each in repeats_of(told)] == ["sms"]


def test_a_late_report_ends_the_chain(told: Accepted, gateway: BookGateway) -> None:
    with after(over("delivery")):
        sweep()
        a_deliverer(gateway).drain()
        report(told, DELIVERED, seq=6)
    with after(days=7):
        sweep()
    assert [each[1] for each in repeats_of(told)] == ["sms"]
    assert waiting_ids(days=60) == set(), "nothing is looked at again"


def waiting_ids(days: float) -> set[int]:
    with after(days=days), transaction() as connection:
        return set(waiting(connection, clock.now()))


def test_of_two_at_once_one_repeats_a_message(told: Accepted) -> None:
    with after(over("delivery")) as now:
        due = waiting_ids(days=0)
        with transaction() as connection:
            assert repeat(connection, list(due), now, notices) == 3
            other: list[int] = []
            meanwhile = Thread(
                target=lambda: other.append(transact(lambda second: repeat(second, list(due), now, notices)))
            )
            meanwhile.start()
            meanwhile.join(10)
        assert other == [0]
        assert transact(lambda third: repeat(third, list(due), now, notices)) == 0
    assert len(repeats_of(told)) == 1


def test_a_repetition_that_is_cut_off_leaves_nothing_and_comes_again(told: Accepted) -> None:
    with after(over("delivery")) as now:
        with pytest.raises(ZeroDivisionError), transaction() as connection:  # noqa: PT012 - it is cut off after the work
            repeat(connection, list(waiting_ids(days=0)), now, notices)
            1 / 0  # noqa: B018
        assert repeats_of(told) == []
        assert sweep() == 3


def test_a_case_that_fails_holds_up_no_other(told: Accepted, notified: list[Accepted]) -> None:
    rows("update case_body set body = '{}' where case_id = %s", told.case_id)
    repeater = Repeater()
    with after(over("delivery")):
        assert repeater.sweep() == 2
        assert repeater.sweep() == 0
    assert set(repeater.left_alone) == {told.case_id}
    assert len(repeats_of(notified[1])) == 1


def test_what_a_household_contested_is_not_repeated(refusal: Accepted, gateway: BookGateway) -> None:
    a_deliverer(gateway).drain()
    with after(days=1):
        an_appeal(refusal)
    with after(over("delivery")):
        sweep()
    assert repeats_of(refusal) == []


def test_an_erased_household_is_told_nothing_more(told: Accepted) -> None:
    erase(told)
    with after(over("delivery")):
        sweep()
    assert repeats_of(told) == []


@pytest.fixture
def asked(database: str, work: Callable[[], None], gateway: BookGateway) -> Accepted:
    """An application of which a correction is asked for."""
    (made,) = file_clean(1)
    register_says("birth_date = '1950-01-01'")
    work()
    a_deliverer(gateway).drain()
    assert current_stage(made) == "needs_correction"
    return made


def test_with_each_repetition_the_term_of_an_answer_begins_anew(asked: Accepted, gateway: BookGateway) -> None:
    with after(over("delivery")) as now:
        sweep()
        a_deliverer(gateway).drain()
        assert repeats_of(asked) == [(2, "sms", True, "silent")]
        assert rows("select deadline, stage_since from cases where id = %s", asked.case_id) == [
            (now + timedelta(days_of("correction")), now)
        ]
        assert rows("select due_at, version from desk_item where case_id = %s", asked.case_id) == [
            (now + timedelta(days_of("correction")), 3)
        ]
    assert current_stage(asked) == "needs_correction"
    assert wrong() == ({}, [])


def test_a_letters_term_of_an_answer_counts_from_when_the_post_has_brought_it(
    asked: Accepted, gateway: BookGateway, work: Callable[[], None]
) -> None:
    with after(over("delivery")):
        sweep()
        a_deliverer(gateway).drain()
    with after(over("delivery", 2)) as now:
        sweep()
        begun = now + timedelta(days_of("post"))
        assert rows("select deadline, stage_since from cases where id = %s", asked.case_id) == [
            (begun + timedelta(days_of("correction")), begun)
        ]
        body = value("select body from message where channel = 'letter'")
        assert written(begun) in body
        assert written(now) not in body
        assert wrong() == ({}, [])
    with after(days=22):  # on the old count, a reminder would be due
        work()
        assert "CorrectionReminded" not in events_of(asked)
    with after(days=24):
        work()
        assert "CorrectionReminded" in events_of(asked)
    with after(days=45):
        work()
        assert current_stage(asked) == "needs_correction"


def test_whoever_answers_before_the_letter_counts_as_brought_waits_for_nothing(
    asked: Accepted, gateway: BookGateway, work: Callable[[], None]
) -> None:
    for days in (over("delivery"), over("delivery", 2)):
        with after(days=days):
            sweep()
            a_deliverer(gateway).drain()
    with after(days=8) as now:
        body = value("select body from case_body where case_id = %s", asked.case_id)
        citizen(asked, "correction", changed(body, bills={"telecom": "501"}))
        assert rows("select stage_since <= %s from cases where id = %s", now, asked.case_id) == [(True,)]
        work()
        assert wrong() == ({}, [])


def test_who_answered_is_not_told_again(asked: Accepted, work: Callable[[], None]) -> None:
    body = value("select body from case_body where case_id = %s", asked.case_id)
    citizen(asked, "correction", changed(body, bills={"telecom": "501"}))
    repeater = Repeater()
    with after(over("delivery")):
        assert repeater.sweep() == 0
    assert (repeats_of(asked), repeater.left_alone) == ([], {})
    assert waiting_ids(days=60) == set()


def test_where_no_report_can_come_nothing_is_repeated(told: Accepted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "gateway_secret", None)
    with after(over("delivery")):
        assert sweep() == 0


def test_where_the_settings_say_so_nothing_is_repeated(told: Accepted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "repeat_messages", False)
    with after(over("delivery")):
        assert sweep() == 0


# The term to appeal -------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "late"), [(days_of("lodging") - 1, False), (days_of("lodging") + 1, True)])
def test_the_term_to_appeal_counts_from_the_proved_delivery(
    refusal: Accepted, work: Callable[[], None], gateway: BookGateway, days: int, late: bool
) -> None:
    a_deliverer(gateway).drain()
    with after(days=20) as proved:
        report(refusal, DELIVERED)
    with after(days=20 + days):
        appeal = an_appeal(refusal)
        work()
        queued = facts_of(appeal, "AppealQueued")
        assert queued["late"] is late
        assert queued["counted_from"] == proved.isoformat().replace("+00:00", "Z")
        assert wrong() == ({}, [])


def test_while_nothing_is_proved_an_appeal_is_in_time(refusal: Accepted, work: Callable[[], None]) -> None:
    with after(days=400):
        appeal = an_appeal(refusal)
        work()
        queued = facts_of(appeal, "AppealQueued")
        assert (queued["late"], queued.get("counted_from")) == (False, None)
        assert wrong() == ({}, [])


def test_the_delivery_of_a_repeated_message_proves_it_too(
    refusal: Accepted, work: Callable[[], None], gateway: BookGateway
) -> None:
    a_deliverer(gateway).drain()
    with after(over("delivery")):
        sweep()
        a_deliverer(gateway).drain()
    with after(days=4) as proved:
        report(refusal, DELIVERED)
    with after(days=5):
        appeal = an_appeal(refusal)
        work()
    assert facts_of(appeal, "AppealQueued")["counted_from"] == proved.isoformat().replace("+00:00", "Z")


def changing_phone(told: Accepted, gateway: BookGateway, officer: str = "") -> Accepted:
    """A change of this household's phone and of where it lives, of which both numbers are told."""
    body = value("select body from case_body where case_id = %s", told.case_id)
    elsewhere = changed(body, phone="+212661000001", commune="Elsewhere")
    by = {"officer": officer} if officer else {"secret": told.secret}
    update = declare(told, change_of(elsewhere, "moved"), **by)
    work_off()
    assert current_stage(update) == "changing_phone"
    a_deliverer(gateway).drain()
    return update


def test_another_phone_waits_until_the_known_number_was_told_or_written_to(
    told: Accepted, gateway: BookGateway, tmp_path: Path
) -> None:
    update = changing_phone(told, gateway)
    for days in (over("delivery"), over("delivery", 2)):
        with after(days=days):
            ring_timers()
            work_off()
            sweep()
            a_deliverer(gateway).drain()
    assert [each[1:3] for each in repeats_of(update)] == [("sms", True), ("letter", True)]
    known = value(
        "select recipient from message where template = 'registered' and case_id = %s order by seq limit 1",
        told.case_id,
    )
    asked = "select recipient, channel from message where case_id = %s and template = 'new_phone_besides' order by seq"
    assert rows(asked, update.case_id) == [(known, "sms"), (known, "sms"), (None, "letter")]
    with after(over("delivery", 2)):
        a_deliverer(PrinterGateway(), LETTER).drain()
        printed = batch(tmp_path)
        assert printed
        communes = {each["reference"]: each["commune"] for each in lines_of(printed.path)}
        assert communes[update.reference] not in ("", "Elsewhere"), "where the household is registered"
    with after(days=19):
        ring_timers()
        work_off()
        assert current_stage(update) == "changing_phone"
    with after(days=21):
        ring_timers()
        work_off()
        assert current_stage(update) == "notified"


def test_nobody_waits_for_proof_of_a_phone_that_was_declared_at_a_desk(told: Accepted, gateway: BookGateway) -> None:
    update = changing_phone(told, gateway, officer="amina")
    with after(over("delivery")):
        sweep()
    assert repeats_of(update) == []
    with after(over("new_phone")):
        ring_timers()
        work_off()
        assert current_stage(update) == "notified"
