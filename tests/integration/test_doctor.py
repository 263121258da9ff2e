"""Doctor: all zero in health, and every check rises when its fault is planted."""

import pytest
from sqlalchemy import text

from models import clock
from models.database import close_pool, engine, transaction
from tasks.worker import durability_of_pool
from tests.conftest import forget_settings
from tests.filing import (
    Worker,
    a_household,
    borrowing,
    drain_all,
    examined,
    file,
    file_clean,
    register,
    rows,
    stages,
    value,
)
from workflows import doctor

# A document that no event of the case says, sealed by a key that nobody has.
DOCUMENT = (
    "insert into document (id, case_id, seq, moment, shows, media_type, size, pages, content, wrapped_key, key_id, "
    "digest, at, actor) values ('d', {case}, 3, 'correction', 'bill', 'image/jpeg', 1, 1, 'x', 'x', 'none of ours', "
    "'x', now(), 'declarant')"
)
# A fault for every check; {case} is a notified case.
FAULTS = {
    "orphans": "update cases set open = true where id = {case}",
    "parked_without_reason": "update cases set stage = 'parked', open = true where id = {case}",
    "failures_not_counted": "insert into case_failure values ({case}, 'registration', 'scored', 3, 1, 'x', '', now(), "
    "false, null, true)",
    "waits_stuck": "update cases set open = true, waiting = true, queue = 'fraud' where id = {case}",
    "unknown_queues": "update cases set open = true, ready = true, queue = 'none of ours' where id = {case}",
    "attempts_forgotten": "insert into attempt (worker_id, queue, case_ids, at) values (1, 'verification', '{{}}', "
    "now() - interval '1 hour')",
    "versions_off": "update cases set version = version + 1 where id = {case}",
    "messages_missing": "delete from message where case_id = {case} and template = 'registered'",
    "acts_without_audit": "update event set actor = 'officer:0123456789abcdef' where case_id = {case} and seq = 3",
    "daily_jobs_failed": "insert into daily_job (name, done_on, error) values ('anchor', now(), 'OSError in "
    "write_file')",
    "daily_jobs_ahead": "insert into daily_job (name, done_on) values ('anchor', current_date + 3)",
    "events_ahead": "update event set at = now() + interval '2 days' where case_id = {case} and seq = 6",
    "life_events_untold": "insert into person_event (at, kind, idcs, fields, actor, commitment) values (now() - "
    "interval '1 hour', 'death', '4127730916', '{{}}', 'officer:1', 'x')",
    "life_feed_halted": "insert into life_feed (source, cursor, counts, halted) values ('here', 0, '{{}}', 'gap')",
    "life_events_aside": "insert into life_event_aside (source, position, kind, at, fields, reason, since) values "
    "('here', 1, 'death', now(), '{{}}', 'unreadable', now())",
    "life_events_miscounted": "insert into life_feed (source, cursor, counts) values ('here', 2, '{{\"opened\": 1}}')",
    "timers_overdue": "update cases set stage = 'under_review', open = true, queue = 'timers', due_at = now() - "
    "interval '2 hours' where id = {case}",
    "messages_stuck": "update message set status = 'stuck' where case_id = {case}",
    "double_persons": "insert into household_member "
    "select household_id + 1, version, 90, idcs, name, relationship from household_member where household_id = "
    "{household} limit 1",
    "members_not_claimed": "delete from person_claim where case_id = {case}",
    "events_without_case": "insert into event select 999999, seq, kind, at, actor, evidence, facts, salt, commitment, "
    "hash from event where case_id = {case}",
    "receipts_without_case": "insert into receipt values ('RSU-0000-0000-0000', 999999, 'x', '')",
    "bodies_missing": "delete from case_body where case_id = {case}",
    "periods_overlapping": "alter table household_period drop constraint household_period_no_overlap; insert into "
    "household_period select household_id, number + 1, version, tstzrange(lower(valid) + interval '1 day', null), "
    "tstzrange(lower(known) + interval '1 hour', null) from household_period where household_id = {household}",
    "periods_changed": "update household_period set valid = tstzrange(lower(valid) - interval '1 hour', null) where "
    "household_id = {household}",
    "person_keys_changed": "update person set family_name_la = 'Autrement', family_name_ar = 'غيره' "
    "where id = (select min(id) from person)",
    "versions_without_period": "delete from household_period where household_id = {household}",
    "periods_without_version": "delete from household_version where household_id = {household}",
    "versions_without_household": "delete from household where id = {household}",
    "members_without_version": "delete from household_version where household_id = {household}",
    "scores_without_event": "delete from event where case_id = {case} and kind = 'ScoreComputed'",
    "cases_changed": "update cases set stage = 'withdrawn' where id = {case}",
    "events_unreadable": "update event set facts = '{{}}' where case_id = {case} and seq = 3",
    "bodies_changed": "update case_body set phone = '+212600000000' where case_id = {case}",
    "texts_changed": "insert into case_text (case_id, seq, text) values ({case}, 3, 'Never said')",
    "texts_without_case": "insert into case_text (case_id, seq, text) values (999999, 3, 'Never said')",
    "documents_missing": "update event set kind = 'DocumentAdded' where case_id = {case} and seq = 3",
    "documents_changed": f"update event set kind = 'DocumentAdded' where case_id = {{case}} and seq = 3; {DOCUMENT}",
    "documents_without_event": DOCUMENT,
    "documents_without_key": DOCUMENT,
    "receipts_changed": "delete from receipt where case_id = {case}",
    "messages_changed": "update message set body = 'Call this number' where case_id = {case}",
    "claims_changed": "update person_claim set idcs = '0000000000' where idcs = (select min(idcs) from person_claim "
    "where case_id = {case})",
    "register_changed": "update score set value = value - 3 where case_id = {case}",
    "bodies_without_case": "delete from cases where id = {case}",
    "messages_without_case": "delete from cases where id = {case}",
    "claims_without_case": "update person_claim set case_id = case_id + 999999 where case_id = {case}",
    "households_without_case": "update household set registered_by = registered_by + 999999 where id = {household}",
    "versions_without_case": "update household_version set case_id = case_id + 999999 where household_id = {household}",
    "eligibilities_without_version": "delete from household_version where household_id = {household}",
    "desk_differs": "update cases set stage = 'under_review', open = true, queue = 'timers' where id = {case}",
    "desk_without_case": "insert into desk_item (case_id, kind, queue, stage, due_at, since, priority, why, barred, "
    "region, flags, version) values (999999, 'update', 'reviews', 'lapsed', now(), now(), 3, 'ordinary', '{{}}', 6, "
    "'{{}}', 9)",
    "unlogged_tables": "create unlogged table fast (id int)",
    "durability_off": "alter database {database} set synchronous_commit = local",
    "workers_not_durable": "insert into worker (host, pid, queues, since, seen_at, counters, synchronous_commit) "
    "values ('a', 1, '{{}}', now(), now(), '{{}}', 'off')",
}


def planted(*statements: str) -> dict[str, int]:
    """What it counts within a transaction that plants a fault; nothing of it stays."""
    with transaction() as connection:
        for statement in statements:
            connection.execute(statement)
        counts = doctor.examine(connection)
        connection.rollback()
    return {name: count for name, count in counts.items() if count}


def test_an_empty_register_is_healthy(database: str) -> None:
    assert examined() == {}


def test_a_register_at_work_is_healthy_at_every_moment(database: str, worker: Worker) -> None:
    """Due, handed over, waiting for a citizen, a caseworker or a back-off, and ended."""
    mine, theirs = a_household(20, members=3), a_household(21, members=3)
    register([mine, theirs])
    file(mine.body, borrowing(theirs.body, mine.body), a_household(22).body)
    file_clean(3)
    assert examined() == {}
    worker({"verification", "scoring"}).drain("verification", 60)
    assert examined() == {}
    drain_all(worker())

    assert stages() == {"notified": 4, "needs_correction": 1, "under_review": 1}
    assert examined() == {}


def test_every_check_has_a_fault_that_is_tried_here() -> None:
    """But for those of cases that open others, which test_kinds_of_cases.py tries."""
    assert set(FAULTS) | {"children_missing", "children_doubled"} == set(doctor.NAMES)


@pytest.mark.parametrize("check", FAULTS)
def test_each_check_rises_when_its_fault_is_planted(database: str, worker: Worker, check: str) -> None:
    # Given a healthy register
    taken, _ = file_clean(2)
    drain_all(worker())
    assert examined() == {}
    ((household,),) = rows("select household_id from cases where id = %s", taken.case_id)

    # When the fault is there, its check counts it; and once it is gone, all is well
    assert (
        planted(
            *FAULTS[check]
            .format(case=taken.case_id, household=household, database=value("select current_database()"))
            .split("; ")
        )[check]
        >= 1
    )
    assert examined() == {}


def test_what_is_quarantined_or_in_work_is_no_orphan(database: str) -> None:
    (taken,) = file_clean(1)
    rows("update cases set ready = false")
    assert examined() == {"orphans": 1}

    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [taken.case_id])
    assert examined() == {}


# Durability -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["database {database}", "role current_user", "role current_user in database {database}", "role all"]
)
@pytest.mark.parametrize("weak", ["off", "remote_write"])
def test_whoever_made_commits_asynchronous_is_seen_though_our_own_sessions_are_not(
    database: str, target: str, weak: str
) -> None:
    named = target.format(database=value("select current_database()"))

    assert planted(f"alter {named} set synchronous_commit = {weak}") == {"durability_off": 1}
    assert planted(f"alter {named} set synchronous_commit = remote_apply") == {}


def test_an_address_that_makes_commits_asynchronous_is_seen(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", f"{database}&options=-csynchronous_commit%3Doff")
    forget_settings()

    assert examined() == {"durability_off": 1}


def test_workers_say_themselves_how_their_sessions_commit(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody changes the program so that they do not wait for the disk: the sessions say it, not the
    settings.
    """
    book = worker().runner.attempts

    def beat() -> None:
        book.heartbeat(clock.now(), {}, durability_of_pool())

    beat()
    assert (examined(), rows("select synchronous_commit from worker")) == ({}, [("on",)])

    # When the pool's sessions, or the one of the attempts, commit without waiting
    with engine().connect() as connection:
        connection.execute(text("set synchronous_commit = off"))
        connection.commit()
    beat()
    assert examined() == {"workers_not_durable": 1}

    close_pool()
    beat()
    assert examined() == {}
    book.execute("set synchronous_commit = local", [])
    beat()
    assert examined() == {"workers_not_durable": 1}
