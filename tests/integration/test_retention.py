"""What the policy's periods end for is erased, and nothing else; the history still holds together."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models import clock
from models.database import transaction
from models.errors import NotFound
from sijil.commands import history
from tests.changing import change_of, declare
from tests.filing import (
    Worker,
    a_household,
    changed,
    clean,
    current_stage,
    drain_all,
    everything,
    examined,
    file,
    register,
    rows,
    value,
)
from tests.integration.auditing import anchor, breaks, erase, replayed
from tests.people import after, citizen, ring_timers
from tests.terms import over
from workflows.history.retention import AGED, LOOSE, count_due, purge, purge_cases, retain
from workflows.intake import codes, drafts
from workflows.intake.drafts import Answers
from workflows.intake.submit import Accepted
from workflows.policies import periods
from workflows.queue.attempts import Attempts
from workflows.staff import accounts, sessions, throttle

NOTHING = {
    "event": 0,
    "message": 0,
    "case_body": 0,
    "case_text": 0,
    "document": 0,
    "receipt": 0,
    "cases": 0,
    "case_failure": 0,
    "staff_session": 0,
    "sign_in_wait": 0,
    "sign_in_flow": 0,
    "kept_form": 0,
    "application_draft": 0,
    "receipt_session": 0,
    "phone_code": 0,
    "wrong_secret": 0,
    "message_part": 0,
    "worker": 0,
    "desk_item": 0,
    "desk_lock": 0,
    "desk_search": 0,
    "desk_entry": 0,
}
WHOLE_EVENTS = "select count(*) from event where num_nonnulls(evidence, facts, salt) = 3"
BARE_EVENTS = "select count(*) from event where num_nonnulls(evidence, facts, salt) = 0"


@pytest.fixture
def notified(notified: list[Accepted]) -> list[Accepted]:
    """Three applications that came to their end, and whose messages were sent."""
    rows("update message set status = 'sent', sent_at = now(), fence = 1")
    return notified


@pytest.fixture
def gone(database: str, worker: Worker) -> list[Accepted]:
    """Three households that were registered and have left the register since, all their messages sent."""
    made = clean(3)
    register(made)
    taken = file(*[each.body for each in made])
    drain_all(worker())
    for each, receipt in zip(made, taken, strict=True):
        declare(receipt, change_of(each.body, "removal", "request"))
    drain_all(worker())
    with after(over("removal")):
        ring_timers()
        drain_all(worker())
    rows("update message set status = 'sent', sent_at = now(), fence = 1")
    return taken


def after_the_period_of(table: str, days: int = 1) -> datetime:
    """So many days after a table's period is over for what ended now."""
    return clock.now() + timedelta(days=periods()[table].days + days)


def retained_at(moment: datetime) -> dict[str, int]:
    with clock.at(moment):
        return retain()


def wrong_now() -> dict[str, int]:
    """What the doctor counts, beside what a clock that a test moves makes of every event."""
    return {name: count for name, count in examined().items() if name != "events_ahead"}


def due_at(moment: datetime) -> dict[str, int]:
    with transaction() as connection:
        return count_due(connection, moment)


def test_nothing_goes_a_day_before_its_period_is_over(notified: list[Accepted]) -> None:
    before = everything("event", "message", "case_body")

    assert due_at(after_the_period_of("message", days=-1)) == NOTHING
    assert retained_at(after_the_period_of("message", days=-1)) == NOTHING
    assert everything("event", "message", "case_body") == before


def test_recipients_and_texts_of_messages_go_first_and_the_rows_stay(notified: list[Accepted]) -> None:
    assert retained_at(after_the_period_of("message")) == NOTHING | {"message": 6}

    assert rows("select count(*), count(recipient), count(body), count(template) from message") == [(6, 0, 0, 6)]
    assert value("select count(body) from case_body") == 3
    assert retained_at(after_the_period_of("message")) == NOTHING


def test_a_message_that_is_owed_or_that_an_operator_must_look_at_stays_whole(notified: list[Accepted]) -> None:
    owed, stuck, failed = notified
    for taken, status in ((owed, "owed"), (stuck, "stuck"), (failed, "failed")):
        rows("update message set status = %s where case_id = %s", status, taken.case_id)

    assert retained_at(after_the_period_of("message"))["message"] == 2
    assert rows("select distinct case_id from message where body is null") == [(failed.case_id,)]


def test_without_their_declarations_decisions_count_as_erased_and_the_rest_as_before(
    gone: list[Accepted], tmp_path: Path
) -> None:
    decided = replayed().decisions
    household = "household_id = (select household_id from cases where id = %s)"
    rows(f"update cases set stage_since = stage_since + interval '30 days' where {household}", gone[2].case_id)

    assert retained_at(after_the_period_of("case_body", 9))["case_body"] == 4

    found = replayed()
    assert (found.decisions, found.erased, found.mismatches) == (decided // 3, decided // 3 * 2, [])
    assert value("select count(phone) from case_body") <= 2
    assert value(WHOLE_EVENTS) == 3 * (6 + 4)
    with clock.at(after_the_period_of("case_body", 9)):
        assert wrong_now() == {"cases_changed": 2}  # the moment that was moved above
    assert breaks(tmp_path) == []


def test_without_their_facts_events_still_verify_against_chain_and_anchor(gone: list[Accepted], tmp_path: Path) -> None:
    decided, later = replayed().decisions, after_the_period_of("event", 9)
    anchor(tmp_path)
    hashes = rows("select case_id, seq, commitment, hash from event order by 1, 2")

    assert retained_at(later) == NOTHING | {
        "event": 30,
        "message": 15,
        "case_body": 6,
        "desk_search": 6,
        "receipt": 6,
        "cases": 6,
    }

    assert value(BARE_EVENTS) == 30
    assert rows("select case_id, seq, commitment, hash from event order by 1, 2") == hashes
    assert breaks(tmp_path, later) == []
    assert (replayed().decisions, replayed().erased) == (0, decided)
    with clock.at(later):
        assert wrong_now() == {}
    assert retained_at(later) == NOTHING


@pytest.mark.parametrize("period", ["case_body", "event"])
def test_what_a_registered_household_declared_last_stays_so_that_it_can_still_change(
    database: str, worker: Worker, period: str
) -> None:
    made = a_household()
    register([made])
    (receipt,) = file(made.body)
    drain_all(worker())
    last = declare(receipt, change_of(changed(made.body, commune="Taza"), "moved"))
    drain_all(worker())

    with clock.at(after_the_period_of(period)):
        assert retain()["case_body"] == 1  # that of the first version
        assert retain()["case_body"] == 0
        update = declare(last, change_of(changed(made.body, commune="Guercif"), "moved", based_on=2))
        drain_all(worker())
        assert current_stage(update) == "notified"
        assert wrong_now() == {}
        assert not replayed().mismatches


def test_replay_counts_a_case_as_erased_where_only_some_of_its_events_have_lost_their_facts(
    notified: list[Accepted],
) -> None:
    decided = replayed().decisions
    rows(
        "update event set evidence = null, facts = null, salt = null where case_id = %s and seq <= 3",
        notified[0].case_id,
    )

    found = replayed()

    assert (found.decisions, found.erased, found.mismatches) == (decided - decided // 3, decided // 3, [])


def test_an_open_case_keeps_everything_however_old_it_is(database: str, worker: Worker) -> None:
    made = a_household()
    register([made])
    (taken,) = file(changed(made.body, 0, birth_date="1931-01-01"))
    drain_all(worker())
    assert current_stage(taken) == "needs_correction"
    before = everything("event", "case_body", "message")

    assert due_at(after_the_period_of("event")) == retained_at(after_the_period_of("event")) == NOTHING
    assert everything("event", "case_body", "message") == before

    # Nor does it lose anything where it had ended when the round began, and was reopened meanwhile
    with transaction() as connection:
        assert not any(purge_cases(connection, [taken.case_id], after_the_period_of("event")).values())


def test_a_case_that_is_in_somebodys_hands_waits_for_the_next_time(notified: list[Accepted]) -> None:
    with transaction() as connection:
        connection.execute("select from cases where id = %s for update", [notified[0].case_id])
        assert retained_at(after_the_period_of("message"))["message"] == 4

    assert retained_at(after_the_period_of("message"))["message"] == 2


def test_one_round_looks_at_so_many_cases_and_the_next_goes_on_from_there(notified: list[Accepted]) -> None:
    moment = after_the_period_of("message")

    with transaction() as connection:
        first = purge(connection, moment, limit=2)
        assert (first.erased["message"], first.last) == (4, notified[1].case_id)
        assert value("select count(*) from message where body is null") == 0  # the caller commits

    with transaction() as connection:
        second = purge(connection, moment, after=notified[1].case_id, limit=2)
        assert (second.erased["message"], second.last) == (2, notified[2].case_id)
        assert purge(connection, moment, after=notified[2].case_id, limit=2).last is None


def test_a_job_that_is_told_to_stop_stops_before_its_next_round(notified: list[Accepted]) -> None:
    with clock.at(after_the_period_of("message")):
        assert retain(lambda: True) == NOTHING


def test_errors_of_cases_that_have_moved_on_go_and_those_of_parked_ones_stay(notified: list[Accepted]) -> None:
    note = """
        insert into case_failure select id, kind, stage, version - 1, 1, 'Broken', '', now(), false from cases
        where id = %s
    """
    for taken in notified:
        rows(note, taken.case_id)
    rows("update cases set stage = 'parked', open = true where id = %s", notified[0].case_id)
    rows("update case_failure set parked = true where case_id = %s", notified[0].case_id)

    assert retained_at(after_the_period_of("case_failure", days=-1))["case_failure"] == 0
    assert due_at(after_the_period_of("case_failure"))["case_failure"] == 2
    assert retained_at(after_the_period_of("case_failure"))["case_failure"] == 2
    assert rows("select case_id from case_failure") == [(notified[0].case_id,)]


def test_workers_that_are_gone_go_and_one_that_lives_or_left_a_batch_stays(database: str) -> None:
    sign_on = (
        "insert into worker (host, pid, queues, since, seen_at, counters) values ('gone', 1, '{}', now(), now(), "
        "'{}') returning id"
    )
    gone, dead = value(sign_on), value(sign_on)
    rows("insert into attempt (worker_id, queue, case_ids, at) values (%s, 'scoring', '{1}', now())", dead)
    alive = Attempts("here", 2, {"scoring"}, clock.now())
    number = alive.sign_on_once()

    assert due_at(after_the_period_of("worker"))["worker"] == 1
    assert retained_at(after_the_period_of("worker"))["worker"] == 1
    assert {each for (each,) in rows("select id from worker")} == {dead, number}
    assert gone not in {dead, number}
    alive.sign_off()


def test_what_is_left_of_sign_ins_goes_once_it_is_of_no_more_use(database: str) -> None:
    now, name = clock.now(), "Amina Alaoui"
    with transaction() as connection:
        account, _ = accounts.add(connection, name, [], now)
        sessions.begin(connection, account.id, now)
        throttle.count_try(connection, throttle.counters(name, "a shell"), now)
        rows_of_form = [account.id, "/console", now]
        connection.execute(
            "insert into kept_form (account_id, address, fields, kept_at) values (%s, %s, '[]', %s)", rows_of_form
        )
        connection.execute("insert into sign_in_flow values ('s', 'b', 'v', 'n', '/console', %s)", [now])
        codes.ask(connection, codes.Wanted(None, None, "ar", "192.0.2.1"), now)

    for gone in ({"sign_in_wait": 2, "sign_in_flow": 1, "kept_form": 1, "phone_code": 1}, {"staff_session": 1}):
        (days,) = {periods()[table].days for table in gone}
        assert retained_at(now + timedelta(days=days)) == NOTHING
        later = now + timedelta(days=days, seconds=1)
        assert due_at(later) == NOTHING | gone
        assert retained_at(later) == NOTHING | gone
        assert retained_at(later) == NOTHING


def test_what_a_citizen_lost_to_its_period_can_still_be_erased_by_law(gone: list[Accepted], tmp_path: Path) -> None:
    retained_at(after_the_period_of("case_body", 9))

    assert erase(gone[0]) == 6

    assert value("select count(*) from event where case_id = %s and facts is not null", gone[0].case_id) == 0
    assert (
        value(
            "select count(*) from household_member m join household_version v using (household_id, version) "
            "where v.case_id = %s and m.name is not null",
            gone[0].case_id,
        )
        == 0
    )
    assert breaks(tmp_path) == []
    with clock.at(after_the_period_of("case_body", 9)):
        assert wrong_now() == {}
    assert not replayed().mismatches


def test_a_lapsed_application_whose_declaration_is_gone_cannot_be_taken_up_again(database: str, worker: Worker) -> None:
    made = a_household()
    register([made])
    (taken,) = file(changed(made.body, 0, birth_date="1931-01-01"))
    drain_all(worker())
    rows("update cases set stage = 'lapsed', open = false, due_at = null where id = %s", taken.case_id)
    retained_at(after_the_period_of("case_body"))

    with pytest.raises(NotFound):
        citizen(taken, "reopening")
    assert current_stage(taken) == "lapsed"


def test_the_command_counts_with_dry_run_and_erases_without(gone: list[Accepted], broker: str) -> None:
    run = CliRunner()
    with clock.at(after_the_period_of("case_body", 9)):
        counted = run.invoke(history.app, ["retention", "--dry-run", "--json"])
        assert value("select count(body) from case_body") == 6
        erased = run.invoke(history.app, ["retention", "--yes", "--json"])

    assert counted.exit_code == erased.exit_code == 0
    assert (
        '{"dry_run": true, "event": 0, "message": 15, "case_body": 6, "desk_search": 6, "desk_entry": 0, '
        '"case_text": 0, "document": 0, "receipt": 6, "cases": 6, "case_failure": 0, "staff_session": 0, '
        '"sign_in_wait": 0, "sign_in_flow": 0, "kept_form": 0, "desk_item": 0, "desk_lock": 0, "application_draft": 0, '
        '"receipt_session": 0, "phone_code": 0, "wrong_secret": 0, "message_part": 0, "worker": 0}' in counted.output
    )
    assert "message: 15 erased" in erased.output
    assert value("select count(body) from case_body") == 0


def test_every_period_of_the_policy_is_run_by_the_job(database: str) -> None:
    assert {each.period for each in AGED} | {*LOOSE, "worker"} == set(periods())
    assert retain() == due_at(clock.now()) == NOTHING


def test_an_application_that_nobody_goes_on_with_goes_after_thirty_days(database: str) -> None:
    now = clock.now()
    with transaction() as connection:
        reference = drafts.begin(connection, now, "192.0.2.1")
    later = now + timedelta(days=29)
    assert retained_at(later) == NOTHING
    with transaction() as connection:
        drafts.save(connection, reference, Answers({"commune": "Agdal"}), later)
    assert retained_at(later + timedelta(days=30)) == NOTHING
    assert retained_at(later + timedelta(days=30, seconds=1)) == NOTHING | {"application_draft": 1}
