"""The register is guarded as the history is: whatever is changed by hand in a row that says something of a case,
doctor, audit or replay finds it.
"""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlmodel import SQLModel

from models import clock
from models.database import Connection, snapshot, transaction
from tests.changing import change_of, declare
from tests.filing import (
    Worker,
    a_household,
    an_application,
    changed,
    current_stage,
    drain_all,
    examined,
    file,
    file_clean,
    outcomes_of,
    register,
    rows,
    value,
)
from tests.integration.auditing import erase, replayed
from tests.people import after, citizen, retry_parked, ring_timers
from workflows import doctor
from workflows.bodies.declaration import ApplicationBody
from workflows.doctor.findings import FIRST, Findings, Location
from workflows.history import audit, replay
from workflows.history.retention import retain
from workflows.intake.submit import Accepted, key_of
from workflows.policies import periods
from workflows.queue.timers import astray

# The rows of the first case, table by table.
MINE = {
    "cases": "id = {case}",
    "event": "case_id = {case}",
    "case_body": "case_id = {case}",
    "receipt": "case_id = {case}",
    "message": "case_id = {case}",
    "person_claim": "case_id = {case}",
    "score": "case_id = {case}",
    "household": "registered_by = {case}",
    "household_version": "case_id = {case}",
    "household_period": "household_id = {household}",
    "household_member": "household_id = {household}",
    "eligibility": "household_id = {household}",
}
# What became of a message is the deliverer's own word; `ready` goes with a timer that rang.
NOT_TOLD = {
    "message.due_at",
    "message.fence",
    "message.tries",
    "message.sent_at",
    "message.error",
    "message.status",
    "message.needs_proof",  # ends with an answer, so that the message is not repeated
    "cases.ready",
}
COLUMNS = [
    f"{name}.{column.name}"
    for name, table in SQLModel.metadata.tables.items()
    if name in MINE
    for column in table.columns
    if f"{name}.{column.name}" not in NOT_TOLD
]
OTHER = {
    "int2": "{0} + 1",
    "int4": "{0} + 1",
    "int8": "{0} + 1",
    "numeric": "{0} - 3",
    "bool": "not {0}",
    "text": "{0} || 'x'",
    "varchar": "coalesce({0}, '') || 'x'",
    "bytea": "{0} || '\\x00'",
    "timestamptz": "coalesce({0}, now()) + interval '1 hour'",
    "uuid": "uuidv7()",
    "json": "regexp_replace({0}::text, ':', ': ')::json",
    "tstzrange": "tstzrange(lower({0}) + interval '1 hour', null)",
}


@pytest.fixture
def waiting(notified: list[Accepted], worker: Worker) -> list[Accepted]:
    """Three that are registered, and one that waits for its citizen under a timer."""
    made = a_household(30, members=2)
    register([made])
    taken = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())
    assert current_stage(taken[0]) == "needs_correction"
    return notified + taken


def noticed(connection: Connection, anchors: Path) -> bool:
    """Whether any of the three finds anything."""
    counts = doctor.examine(connection)
    return (
        any(counts.values())
        or bool(audit.verify(connection, anchors).breaks)
        or bool(replay.replay(connection).differing)
    )


def noticed_by_hand(anchors: Path, *statements: str) -> bool:
    """Whether these changes are found; or the database refuses them. None of them stays."""
    with transaction() as connection:
        try:
            touched = [connection.execute(statement.encode()).rowcount for statement in statements]
            assert all(touched), statements
            return noticed(connection, anchors)
        except (psycopg.errors.IntegrityError, psycopg.errors.NotNullViolation):
            return True
        finally:
            connection.rollback()


def of(taken: Accepted) -> dict[str, int]:
    """The numbers that its rows are found by."""
    return {"case": taken.case_id, "household": value("select household_id from cases where id = %s", taken.case_id)}


NULL = ("parent_id", "parent_seq", "replaces")  # of a case that no other one opened, a version that replaces none


def test_a_change_of_any_column_by_hand_is_found(notified: list[Accepted], anchors: Path) -> None:
    assert not noticed_by_hand(anchors)
    types = {
        f"{table}.{column}": kind
        for table, column, kind in rows("select table_name, column_name, udt_name from information_schema.columns")
    }
    mine = of(notified[0])
    for name in COLUMNS:
        table, column = name.split(".")
        other = OTHER[types[name]].format(f"coalesce({column}, 1)" if column in NULL else column)
        change = f"update {table} set {column} = {other} where {MINE[table].format(**mine)}"
        assert noticed_by_hand(anchors, change), change


@pytest.mark.parametrize("table", MINE)
def test_rows_that_are_deleted_by_hand_are_found(notified: list[Accepted], anchors: Path, table: str) -> None:
    assert noticed_by_hand(anchors, f"delete from {table} where {MINE[table].format(**of(notified[0]))}")


ADDED = {
    "case_body": ("number", "number + 1"),
    "receipt": ("reference", "'RSU-0000-0000-0000', idempotency_key || 'x'"),
    "message": ("template", "'refused'"),
    "person_claim": ("idcs", "'0000000000'"),
    "score": ("seq", "seq + 1"),
    "household": ("id", "id + 1000"),
    "eligibility": ("programme", "'another'"),
    "household_member": ("position", "position + 50"),
    "household_version": ("version", "version + 1"),
    "household_period": ("number", "number + 1, tstzrange(lower(known) - interval '1 day', lower(known))"),
}


ALSO = {"receipt": ["idempotency_key"], "household_period": ["known"]}  # what else must differ


@pytest.mark.parametrize("table", ADDED)
def test_a_row_that_is_added_by_hand_is_found(notified: list[Accepted], anchors: Path, table: str) -> None:
    added, other = ADDED[table]
    given = [added, *ALSO.get(table, [])]
    kept = [column.name for column in SQLModel.metadata.tables[table].columns if column.name not in given]
    insert = f"insert into {table} ({', '.join([*given, *kept])}) select {', '.join([other, *kept])} from {table}"
    assert noticed_by_hand(anchors, f"{insert} where {MINE[table].format(**of(notified[0]))} limit 1")


@pytest.mark.parametrize(
    "change",
    [
        "stage = 'under_review'",
        "deadline = deadline + interval '1 day'",
        "deadline = null",
        "due_at = due_at + interval '1 day'",
        "queue = 'scoring'",
        "due_at = null, ready = true",
        "due_at = null, ready = true, rank = now()",
        "stage = 'lapsed', open = false, due_at = null",
        "lane = 3",
        "stage_since = stage_since - interval '20 days'",
        "rank = rank - interval '1 day'",
    ],
)
def test_a_case_that_waits_is_moved_by_nobodys_hand(waiting: list[Accepted], anchors: Path, change: str) -> None:
    assert noticed_by_hand(anchors, f"update cases set {change} where id = {waiting[-1].case_id}")


@pytest.mark.parametrize("status", ["'sent'", "'sending'", "'sent', tries = 1, sent_at = null"])
def test_a_message_that_no_deliverer_had_in_hand_is_not_said_to_be_sent(
    notified: list[Accepted], anchors: Path, status: str
) -> None:
    assert noticed_by_hand(anchors, f"update message set status = {status} where case_id = {notified[0].case_id}")


def test_the_register_of_every_kind_of_decision_is_as_its_events_say(eventful: None) -> None:
    assert examined().keys() <= {"events_ahead"}  # its time is months from now


def test_timers_that_the_sweep_set_anew_are_no_change_by_hand(waiting: list[Accepted], worker: Worker) -> None:
    beyond = astray().days + 8  # the first reminder was due after a week
    for days in (beyond, beyond + 7.1, beyond + 21.1):
        with after(days=days):
            ring_timers()
            assert examined().keys() <= {"events_ahead"}
            drain_all(worker())
            assert examined().keys() <= {"events_ahead"}
    assert value("select count(*) from event where kind = 'CorrectionReminded'") == 2


def test_a_case_that_was_parked_and_sent_on_is_as_its_events_say(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)
    rows("insert into case_failure select id, kind, stage, version, 3, 'x', '', now(), false from cases")
    rows("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
    rows("create trigger refuse before insert on score for each row execute function refuse()")
    rows("update case_failure set stage = 'verified', version = 2")
    drain_all(worker())
    assert (current_stage(taken), examined()) == ("parked", {})

    rows("drop trigger refuse on score")
    retry_parked(taken.case_id)
    assert examined() == {}
    drain_all(worker())
    assert (current_stage(taken), examined()) == ("notified", {})


def test_the_key_of_one_who_withdrew_and_filed_the_same_again_is_no_change_by_hand(notified: list[Accepted]) -> None:
    made = a_household(40)
    register([made])
    sent = an_application(made.body, key=key_of(ApplicationBody.model_validate(made.body | {"application": None})))
    (first,) = outcomes_of([sent])
    assert isinstance(first, Accepted)
    citizen(first, "withdrawal")
    (again,) = outcomes_of([sent])

    assert isinstance(again, Accepted)
    assert (again.case_id != first.case_id, examined()) == (True, {})


def test_what_goes_by_law_or_by_age_is_no_change_by_hand(notified: list[Accepted]) -> None:
    rows("update message set status = 'sent', sent_at = now(), fence = 1, tries = 1")
    erase(notified[0])
    assert examined() == {}
    for days in sorted({period.days for period in periods().values()}):
        with clock.at(clock.now() + timedelta(days=days + 1)):
            retain()
            assert examined() == {}
            assert replayed().differing == 0


@pytest.mark.parametrize(
    "change",
    [
        "update score set value = value - 3",
        "update eligibility set eligible = not eligible",
        "delete from score",
        "delete from household",
        "update cases set stage = 'withdrawn'",
        "update household_version set case_id = case_id + 1",
        "update receipt set reference = reference || 'x'",
    ],
)
def test_a_change_by_hand_is_found_when_the_declarations_period_is_over_too(
    notified: list[Accepted], worker: Worker, anchors: Path, change: str
) -> None:
    for each in notified:  # what a household declared last has no period
        body = value("select body from case_body where case_id = %s", each.case_id)
        declare(each, change_of(changed(body, commune="Azilal"), "moved"))
    drain_all(worker())
    with clock.at(clock.now() + timedelta(days=periods()["case_body"].days + 1)):
        retain()
        assert value("select count(*) from case_body where body is null") == 3
        assert not noticed_by_hand(anchors)
        assert noticed_by_hand(anchors, change)


EMPTIED = {
    "case_body": "body = null, phone = null, salt = null",
    "message": "recipient = null, body = null, salt = null",
    "receipt": "idempotency_key = 'erased:' || reference, body_hash = ''",
    "household_member": "name = null",
    "cases": "applicant_idcs = null",
}


@pytest.mark.parametrize("table", EMPTIED)
def test_what_is_emptied_by_hand_did_not_go_by_law(notified: list[Accepted], anchors: Path, table: str) -> None:
    assert noticed_by_hand(anchors, f"update {table} set {EMPTIED[table]}")


def test_places_are_told_of_the_first_findings_alone_with_table_case_and_column_and_not_what_stands_there(
    notified: list[Accepted],
) -> None:
    rows("update household_member set name = 'Somebody Else'")
    rows("insert into person_claim select lpad(n::text, 10, '0'), 1, 999999 from generate_series(1, 1000) as n")

    found = Findings()
    doctor.examine_by_ranges(snapshot, found)

    first = value("select min(id) from cases")
    assert found.counts["claims_without_case"] >= 1000
    assert len(found.places["claims_without_case"]) == FIRST
    assert found.places["register_changed"][0] == Location("household_member", "case", first, "name")
    assert str(found.places["register_changed"][0]) == f"case {first}, household_member.name"
